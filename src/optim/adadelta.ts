import { adadelta_f32, sgdTick } from "../program/kernels.gen.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Ptr } from "../wasm/heap.ts";
import type { ParamGroup, Rule } from "./group.ts";
import { Optimizer, type Params } from "./optimizer.ts";
import { checkNumber, withDefaults } from "./options.ts";

export interface AdadeltaOptions {
  /** Learning rate. Default 1. */
  lr?: number;
  /** Decay of both averages. Default 0.9. */
  rho?: number;
  /** Added under both roots. Default 1e-6. */
  eps?: number;
  /** L2 penalty, added to the gradient. Default 0. */
  weightDecay?: number;
  /** Climb instead of descend. Default false. */
  maximize?: boolean;
}

type Settings = Required<AdadeltaOptions>;

const DEFAULTS: Settings = { lr: 1, rho: 0.9, eps: 1e-6, weightDecay: 0, maximize: false };

const RULE: Rule<Settings> = {
  name: "Adadelta",
  check(o) {
    checkNumber("Adadelta: rho", o.rho, 0, 1);
    checkNumber("Adadelta: eps", o.eps);
    checkNumber("Adadelta: weightDecay", o.weightDecay);
  },
  columns: (o) => [0, o.rho],
  momentum: null,
  state: () => ({ square_avg: 0, acc_delta: 0 }),
};

/**
 * Adadelta (M. Zeiler, 2012) by PyTorch's formulas: s = ρ·s + (1 − ρ)·g², d = √(a + eps) / √(s + eps)·g,
 * a = ρ·a + (1 − ρ)·d², p −= lr·d.
 * @throws {ValueError} an option is out of its range or unknown.
 * @example
 * const optimizer = new optim.Adadelta(model.parameters());
 */
export class Adadelta extends Optimizer<Settings> {
  constructor(params: Params<AdadeltaOptions>, options: AdadeltaOptions = {}) {
    super(RULE, params as Params<Settings>, withDefaults("Adadelta", DEFAULTS, options));
  }

  protected override update(p: Tensor, grad: Tensor, row: Ptr, group: ParamGroup<Settings>, i: number): void {
    const o = group.given;
    sgdTick(row);
    const square = group.stateAt(0, i);
    const acc = group.stateAt(1, i);
    adadelta_f32(p.ptr, grad.ptr, square, acc, row, o.eps, o.weightDecay, Number(o.maximize), p.size);
  }
}
