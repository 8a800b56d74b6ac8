import { adagrad_f32, sgdTick } from "../program/kernels.gen.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Ptr } from "../wasm/heap.ts";
import type { ParamGroup, Rule } from "./group.ts";
import { Optimizer, type Params } from "./optimizer.ts";
import { checkNumber, withDefaults } from "./options.ts";

export interface AdagradOptions {
  /** Learning rate. Default 0.01. */
  lr?: number;
  /** The learning rate of step t is lr / (1 + (t − 1)·lrDecay). Default 0. */
  lrDecay?: number;
  /** L2 penalty, added to the gradient. Default 0. */
  weightDecay?: number;
  /** What the sums of squares begin at. Default 0. */
  initialAccumulatorValue?: number;
  /** Added to the denominator. Default 1e-10. */
  eps?: number;
  /** Climb instead of descend. Default false. */
  maximize?: boolean;
}

type Settings = Required<AdagradOptions>;

const DEFAULTS: Settings = {
  lr: 0.01,
  lrDecay: 0,
  weightDecay: 0,
  initialAccumulatorValue: 0,
  eps: 1e-10,
  maximize: false,
};

const RULE: Rule<Settings> = {
  name: "Adagrad",
  check(o) {
    checkNumber("Adagrad: lrDecay", o.lrDecay);
    checkNumber("Adagrad: weightDecay", o.weightDecay);
    checkNumber("Adagrad: initialAccumulatorValue", o.initialAccumulatorValue);
    checkNumber("Adagrad: eps", o.eps);
  },
  columns: (o) => [0, o.lrDecay],
  momentum: null,
  state: (o) => ({ sum: o.initialAccumulatorValue }),
};

/**
 * Adagrad (J. Duchi, E. Hazan and Y. Singer, 2011) by PyTorch's formulas: s += g², p −= lr·g / (√s + eps).
 * @throws {ValueError} an option is out of its range or unknown.
 * @example
 * const optimizer = new optim.Adagrad(model.parameters(), { lr: 0.05 });
 */
export class Adagrad extends Optimizer<Settings> {
  constructor(params: Params<AdagradOptions>, options: AdagradOptions = {}) {
    super(RULE, params as Params<Settings>, withDefaults("Adagrad", DEFAULTS, options));
  }

  protected override update(p: Tensor, grad: Tensor, row: Ptr, group: ParamGroup<Settings>, i: number): void {
    const o = group.given;
    sgdTick(row);
    const sum = group.stateAt(0, i);
    adagrad_f32(p.ptr, grad.ptr, sum, row, o.eps, o.weightDecay, Number(o.maximize), p.size);
  }
}
