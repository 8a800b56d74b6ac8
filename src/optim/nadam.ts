import { nadam_f32, nadamTick } from "../program/kernels.gen.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Ptr } from "../wasm/heap.ts";
import type { ParamGroup, Rule } from "./group.ts";
import { Optimizer, type Params } from "./optimizer.ts";
import { checkBetas, checkNumber, withDefaults } from "./options.ts";

export interface NAdamOptions {
  /** Learning rate. Default 2e-3. */
  lr?: number;
  /** Decay of the averages of the gradient and its square. Default [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** Added to the denominator. Default 1e-8. */
  eps?: number;
  /** L2 penalty, added to the gradient, or with decoupledWeightDecay the share of the weight taken off. Default 0. */
  weightDecay?: number;
  /** Take the decay off the weights and not through the gradient, as AdamW does. Default false. */
  decoupledWeightDecay?: boolean;
  /** How fast the momentum warms up to β₁. Default 4e-3. */
  momentumDecay?: number;
  /** Climb instead of descend. Default false. */
  maximize?: boolean;
}

type Settings = Required<NAdamOptions>;

const DEFAULTS: Settings = {
  lr: 2e-3,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weightDecay: 0,
  decoupledWeightDecay: false,
  momentumDecay: 4e-3,
  maximize: false,
};

const RULE: Rule<Settings> = {
  name: "NAdam",
  check(o) {
    checkBetas("NAdam", o.betas);
    checkNumber("NAdam: eps", o.eps);
    checkNumber("NAdam: weightDecay", o.weightDecay);
    checkNumber("NAdam: momentumDecay", o.momentumDecay);
  },
  columns: (o) => [...o.betas, o.momentumDecay],
  momentum: "betas",
  state: () => ({ exp_avg: 0, exp_avg_sq: 0 }),
  numbers: { mu_product: 2 },
};

/**
 * NAdam, Adam with Nesterov's look ahead (T. Dozat, 2016), by PyTorch's formulas; its momentum in step t is
 * β₁·(1 − 0.96^(t·momentumDecay) / 2). The correction of the mean's share is PyTorch 1's, which counts the step's momentum twice; the
 * paper's differs by less than 1 % of a step at first and by nothing later.
 * @throws {ValueError} an option is out of its range or unknown.
 * @example
 * const optimizer = new optim.NAdam(model.parameters(), { lr: 1e-3 });
 */
export class NAdam extends Optimizer<Settings> {
  constructor(params: Params<NAdamOptions>, options: NAdamOptions = {}) {
    super(RULE, params as Params<Settings>, withDefaults("NAdam", DEFAULTS, options));
  }

  protected override update(p: Tensor, grad: Tensor, row: Ptr, group: ParamGroup<Settings>, i: number): void {
    const o = group.given;
    nadamTick(row);
    // prettier-ignore
    nadam_f32(
      p.ptr, grad.ptr, group.stateAt(0, i), group.stateAt(1, i), row,
      o.eps, o.weightDecay, Number(o.decoupledWeightDecay), Number(o.maximize), p.size,
    );
  }
}
