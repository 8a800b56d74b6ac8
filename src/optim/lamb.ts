import { adamTick, lamb_f32, lambRatio_f32 } from "../program/kernels.gen.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Ptr } from "../wasm/heap.ts";
import type { ParamGroup, Rule } from "./group.ts";
import { Optimizer, type Params } from "./optimizer.ts";
import { checkBetas, checkNumber, withDefaults } from "./options.ts";

export interface LAMBOptions {
  /** Learning rate: about the share of a weight's size that a step may change. Default 1e-3. */
  lr?: number;
  /** Decay of the averages of the gradient and of its square. Default [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** Added to the root of the average square. Default 1e-6. */
  eps?: number;
  /** Share of the weight in the direction of the step. Default 0.01. */
  weightDecay?: number;
  /** Climb instead of descend. Default false. */
  maximize?: boolean;
}

type Settings = Required<LAMBOptions>;

const DEFAULTS: Settings = { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-6, weightDecay: 0.01, maximize: false };

const RULE: Rule<Settings> = {
  name: "LAMB",
  check(o) {
    checkBetas("LAMB", o.betas);
    checkNumber("LAMB: eps", o.eps);
    checkNumber("LAMB: weightDecay", o.weightDecay);
  },
  columns: (o) => o.betas,
  momentum: "betas",
  state: () => ({ exp_avg: 0, exp_avg_sq: 0 }),
};

/**
 * LAMB, for large batches (Y. You and others, "Large batch optimization for deep learning: training BERT in 76 minutes", 2020): Adam's step u with
 * decoupled decay, u = m̂ / (√v̂ + eps) + λ·p, scaled to each parameter's size: p −= lr·‖p‖ / ‖u‖·u. Where either norm is 0, as for a
 * fresh bias, the ratio is 1.
 * @throws {ValueError} an option is out of its range or unknown.
 * @example
 * const optimizer = new optim.LAMB(model.parameters(), { lr: 2e-3 });
 */
export class LAMB extends Optimizer<Settings> {
  constructor(params: Params<LAMBOptions>, options: LAMBOptions = {}) {
    super(RULE, params as Params<Settings>, withDefaults("LAMB", DEFAULTS, options));
  }

  protected override update(p: Tensor, grad: Tensor, row: Ptr, group: ParamGroup<Settings>, i: number): void {
    const { eps, weightDecay, maximize } = group.given;
    const m = group.stateAt(0, i);
    const v = group.stateAt(1, i);
    adamTick(row);
    lambRatio_f32(p.ptr, grad.ptr, m, v, row, eps, weightDecay, Number(maximize), p.size);
    lamb_f32(p.ptr, m, v, row, eps, weightDecay, p.size);
  }
}
