import { lion_f32, sgdTick } from "../program/kernels.gen.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Ptr } from "../wasm/heap.ts";
import type { ParamGroup, Rule } from "./group.ts";
import { Optimizer, type Params } from "./optimizer.ts";
import { checkBetas, checkNumber, withDefaults } from "./options.ts";

export interface LionOptions {
  /** Learning rate. Default 1e-4. */
  lr?: number;
  /** Shares of the old average: in the step, and in what is kept. Default [0.9, 0.99]. */
  betas?: readonly [number, number];
  /** Share of the weight taken off at each step, times lr. Default 0. */
  weightDecay?: number;
  /** Climb instead of descend. Default false. */
  maximize?: boolean;
}

type Settings = Required<LionOptions>;

const DEFAULTS: Settings = { lr: 1e-4, betas: [0.9, 0.99], weightDecay: 0, maximize: false };

const RULE: Rule<Settings> = {
  name: "Lion",
  check(o) {
    checkBetas("Lion", o.betas);
    checkNumber("Lion: weightDecay", o.weightDecay);
  },
  columns: (o) => o.betas,
  momentum: "betas",
  state: () => ({ exp_avg: 0 }),
};

/**
 * Lion (X. Chen and others, "Symbolic discovery of optimization algorithms", 2023): p −= lr·(sign(β₁·m + (1 − β₁)·g) + λ·p),
 * m = β₂·m + (1 − β₂)·g. It wants a third to a tenth of Adam's learning rate, and a decay as much larger.
 * @throws {ValueError} an option is out of its range or unknown.
 * @example
 * const optimizer = new optim.Lion(model.parameters(), { lr: 1e-4, weightDecay: 0.1 });
 */
export class Lion extends Optimizer<Settings> {
  constructor(params: Params<LionOptions>, options: LionOptions = {}) {
    super(RULE, params as Params<Settings>, withDefaults("Lion", DEFAULTS, options));
  }

  protected override update(p: Tensor, grad: Tensor, row: Ptr, group: ParamGroup<Settings>, i: number): void {
    const o = group.given;
    sgdTick(row);
    lion_f32(p.ptr, grad.ptr, group.stateAt(0, i), row, o.weightDecay, Number(o.maximize), p.size);
  }
}
