import { adamax_f32, adamTick } from "../program/kernels.gen.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Ptr } from "../wasm/heap.ts";
import type { ParamGroup, Rule } from "./group.ts";
import { Optimizer, type Params } from "./optimizer.ts";
import { checkBetas, checkNumber, withDefaults } from "./options.ts";

export interface AdamaxOptions {
  /** Learning rate. Default 2e-3. */
  lr?: number;
  /** Decay of the averages of the gradient and of its largest size. Default [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** Added to the size of the gradient. Default 1e-8. */
  eps?: number;
  /** L2 penalty, added to the gradient. Default 0. */
  weightDecay?: number;
  /** Climb instead of descend. Default false. */
  maximize?: boolean;
}

type Settings = Required<AdamaxOptions>;

const DEFAULTS: Settings = { lr: 2e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, maximize: false };

const RULE: Rule<Settings> = {
  name: "Adamax",
  check(o) {
    checkBetas("Adamax", o.betas);
    checkNumber("Adamax: eps", o.eps);
    checkNumber("Adamax: weightDecay", o.weightDecay);
  },
  columns: (o) => o.betas,
  momentum: "betas",
  state: () => ({ exp_avg: 0, exp_inf: 0 }),
};

/**
 * Adamax, Adam by the largest gradient instead of the average square (D. Kingma and J. Ba, 2015), by PyTorch's formulas:
 * u = max(β₂·u, |g| + eps), p −= lr / (1 − β₁ᵗ)·m / u.
 * @throws {ValueError} an option is out of its range or unknown.
 * @example
 * const optimizer = new optim.Adamax(model.parameters());
 */
export class Adamax extends Optimizer<Settings> {
  constructor(params: Params<AdamaxOptions>, options: AdamaxOptions = {}) {
    super(RULE, params as Params<Settings>, withDefaults("Adamax", DEFAULTS, options));
  }

  protected override update(p: Tensor, grad: Tensor, row: Ptr, group: ParamGroup<Settings>, i: number): void {
    const o = group.given;
    adamTick(row);
    const m = group.stateAt(0, i);
    const u = group.stateAt(1, i);
    adamax_f32(p.ptr, grad.ptr, m, u, row, o.eps, o.weightDecay, Number(o.maximize), p.size);
  }
}
