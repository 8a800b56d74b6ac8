import { adamTick, radam_f32 } from "../program/kernels.gen.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Ptr } from "../wasm/heap.ts";
import type { ParamGroup, Rule } from "./group.ts";
import { Optimizer, type Params } from "./optimizer.ts";
import { checkBetas, checkNumber, withDefaults } from "./options.ts";

export interface RAdamOptions {
  /** Learning rate. Default 1e-3. */
  lr?: number;
  /** Decay of the averages of the gradient and its square. Default [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** Added to the denominator. Default 1e-8. */
  eps?: number;
  /** L2 penalty, added to the gradient, or with decoupledWeightDecay the share of the weight taken off. Default 0. */
  weightDecay?: number;
  /** Take the decay off the weights and not through the gradient, as AdamW does. Default false. */
  decoupledWeightDecay?: boolean;
  /** Climb instead of descend. Default false. */
  maximize?: boolean;
}

type Settings = Required<RAdamOptions>;

const DEFAULTS: Settings = {
  lr: 1e-3,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weightDecay: 0,
  decoupledWeightDecay: false,
  maximize: false,
};

const RULE: Rule<Settings> = {
  name: "RAdam",
  check(o) {
    checkBetas("RAdam", o.betas);
    checkNumber("RAdam: eps", o.eps);
    checkNumber("RAdam: weightDecay", o.weightDecay);
  },
  columns: (o) => o.betas,
  momentum: "betas",
  state: () => ({ exp_avg: 0, exp_avg_sq: 0 }),
};

/**
 * RAdam (L. Liu and others, 2020) by PyTorch's formulas: Adam that goes by the mean gradient alone for its first steps and whose
 * step is rectified afterwards, so that it needs no warm-up.
 * @throws {ValueError} an option is out of its range or unknown.
 * @example
 * const optimizer = new optim.RAdam(model.parameters());
 */
export class RAdam extends Optimizer<Settings> {
  constructor(params: Params<RAdamOptions>, options: RAdamOptions = {}) {
    super(RULE, params as Params<Settings>, withDefaults("RAdam", DEFAULTS, options));
  }

  protected override update(p: Tensor, grad: Tensor, row: Ptr, group: ParamGroup<Settings>, i: number): void {
    const o = group.given;
    adamTick(row);
    // prettier-ignore
    radam_f32(
      p.ptr, grad.ptr, group.stateAt(0, i), group.stateAt(1, i), row,
      o.eps, o.weightDecay, Number(o.decoupledWeightDecay), Number(o.maximize), p.size,
    );
  }
}
