import { adam_f32, adamTick } from "../program/kernels.gen.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Ptr } from "../wasm/heap.ts";
import type { ParamGroup, Rule } from "./group.ts";
import { Optimizer, type Params } from "./optimizer.ts";
import { checkBetas, checkNumber, withDefaults } from "./options.ts";

export interface AdamOptions {
  /** Learning rate. Default 1e-3. */
  lr?: number;
  /** Decay of the averages of the gradient and its square. Default [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** Added to the denominator. Default 1e-8. */
  eps?: number;
  /** Adam: L2 penalty, added to the gradient, default 0. AdamW: share of the weight taken off at each step, default 0.01. */
  weightDecay?: number;
  /** Use the largest average of squares so far (S. Reddi and others, 2018). Default false. */
  amsgrad?: boolean;
  /** Climb instead of descend. Default false. */
  maximize?: boolean;
}

type Settings = Required<AdamOptions>;

const DEFAULTS: Settings = {
  lr: 1e-3,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weightDecay: 0,
  amsgrad: false,
  maximize: false,
};

const ruleOf = (name: string): Rule<Settings> => ({
  name,
  check(o) {
    checkBetas(name, o.betas);
    checkNumber(`${name}: eps`, o.eps);
    checkNumber(`${name}: weightDecay`, o.weightDecay);
  },
  columns: (o) => o.betas,
  momentum: "betas",
  state: (o) => ({ exp_avg: 0, exp_avg_sq: 0, max_exp_avg_sq: o.amsgrad ? 0 : undefined }),
});

abstract class AdamBase extends Optimizer<Settings> {
  protected abstract readonly decoupled: boolean;

  protected override update(p: Tensor, grad: Tensor, row: Ptr, group: ParamGroup<Settings>, i: number): void {
    const o = group.given;
    adamTick(row);
    // prettier-ignore
    adam_f32(
      p.ptr, grad.ptr, group.stateAt(0, i), group.stateAt(1, i), group.stateAt(2, i), row,
      o.eps, o.weightDecay, Number(this.decoupled), Number(o.maximize), p.size,
    );
  }
}

/**
 * Adam (D. Kingma and J. Ba, 2015) by PyTorch's formulas.
 * @throws {ValueError} an option is out of its range or unknown.
 * @example
 * const optimizer = new optim.Adam(model.parameters(), { lr: 3e-4 });
 */
export class Adam extends AdamBase {
  protected override readonly decoupled = false;

  constructor(params: Params<AdamOptions>, options: AdamOptions = {}) {
    super(ruleOf("Adam"), params as Params<Settings>, withDefaults("Adam", DEFAULTS, options));
  }
}

/**
 * Adam with weight decay apart from the gradient (I. Loshchilov and F. Hutter, 2019) by PyTorch's formulas.
 * @throws {ValueError} an option is out of its range or unknown.
 * @example
 * const optimizer = new optim.AdamW(
 *   [{ params: weights }, { params: biases, weightDecay: 0 }],
 *   { lr: 3e-4, weightDecay: 0.1 },
 * );
 */
export class AdamW extends AdamBase {
  protected override readonly decoupled = true;

  constructor(params: Params<AdamOptions>, options: AdamOptions = {}) {
    const defaults = { ...DEFAULTS, weightDecay: 0.01 };
    super(ruleOf("AdamW"), params as Params<Settings>, withDefaults("AdamW", defaults, options));
  }
}
