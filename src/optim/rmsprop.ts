import { rmsprop_f32, sgdTick } from "../program/kernels.gen.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Ptr } from "../wasm/heap.ts";
import type { ParamGroup, Rule } from "./group.ts";
import { Optimizer, type Params } from "./optimizer.ts";
import { checkNumber, withDefaults } from "./options.ts";

export interface RMSpropOptions {
  /** Learning rate. Default 0.01. */
  lr?: number;
  /** Decay of the average of squares. Default 0.99. */
  alpha?: number;
  /** Added to the denominator. Default 1e-8. */
  eps?: number;
  /** L2 penalty, added to the gradient. Default 0. */
  weightDecay?: number;
  /** Share of the last step that carries on. Default 0. */
  momentum?: number;
  /** Divide by the deviation of the gradient instead of its size. Default false. */
  centered?: boolean;
  /** Climb instead of descend. Default false. */
  maximize?: boolean;
}

type Settings = Required<RMSpropOptions>;

const DEFAULTS: Settings = {
  lr: 0.01,
  alpha: 0.99,
  eps: 1e-8,
  weightDecay: 0,
  momentum: 0,
  centered: false,
  maximize: false,
};

const RULE: Rule<Settings> = {
  name: "RMSprop",
  check(o) {
    checkNumber("RMSprop: momentum", o.momentum, 0, 1);
    checkNumber("RMSprop: alpha", o.alpha, 0, 1);
    checkNumber("RMSprop: eps", o.eps);
    checkNumber("RMSprop: weightDecay", o.weightDecay);
  },
  columns: (o) => [o.momentum, o.alpha],
  momentum: "momentum",
  state: (o) => ({
    square_avg: 0,
    momentum_buffer: o.momentum > 0 ? 0 : undefined,
    grad_avg: o.centered ? 0 : undefined,
  }),
};

/**
 * RMSprop (G. Hinton's lecture 6e, 2012; centred: A. Graves, 2013) by PyTorch's formulas: s = α·s + (1 − α)·g²,
 * p −= lr·g / (√s + eps). Rounding may make a centred average less than 0; it counts as 0, where PyTorch gives NaN.
 * @throws {ValueError} an option is out of its range or unknown.
 * @example
 * const optimizer = new optim.RMSprop(model.parameters(), { lr: 1e-3, momentum: 0.9 });
 */
export class RMSprop extends Optimizer<Settings> {
  constructor(params: Params<RMSpropOptions>, options: RMSpropOptions = {}) {
    super(RULE, params as Params<Settings>, withDefaults("RMSprop", DEFAULTS, options));
  }

  protected override update(p: Tensor, grad: Tensor, row: Ptr, group: ParamGroup<Settings>, i: number): void {
    const o = group.given;
    sgdTick(row);
    // prettier-ignore
    rmsprop_f32(
      p.ptr, grad.ptr, group.stateAt(0, i), group.stateAt(1, i), group.stateAt(2, i), row,
      o.eps, o.weightDecay, Number(o.maximize), p.size,
    );
  }
}
