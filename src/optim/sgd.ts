import { ValueError } from "../errors.ts";
import { sgd_f32, sgdTick } from "../program/kernels.gen.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Ptr } from "../wasm/heap.ts";
import type { ParamGroup, Rule } from "./group.ts";
import { Optimizer, type Params } from "./optimizer.ts";
import { checkNumber, withDefaults } from "./options.ts";

export interface SGDOptions {
  /** Learning rate. */
  lr: number;
  /** Share of the last step's direction that carries on. Default 0. */
  momentum?: number;
  /** Share of the gradient that momentum leaves out. Default 0. */
  dampening?: number;
  /** L2 penalty, added to the gradient. Default 0. */
  weightDecay?: number;
  /** Look ahead by the momentum. Default false. */
  nesterov?: boolean;
  /** Climb instead of descend. Default false. */
  maximize?: boolean;
}

type Settings = Required<SGDOptions>;

const DEFAULTS: Settings = {
  lr: NaN,
  momentum: 0,
  dampening: 0,
  weightDecay: 0,
  nesterov: false,
  maximize: false,
};

const RULE: Rule<Settings> = {
  name: "SGD",
  check(o) {
    checkNumber("SGD: momentum", o.momentum, 0, 1);
    checkNumber("SGD: dampening", o.dampening);
    checkNumber("SGD: weightDecay", o.weightDecay);
    if (o.nesterov && (o.momentum === 0 || o.dampening !== 0)) {
      throw new ValueError("SGD: nesterov needs a momentum above 0 and no dampening");
    }
  },
  columns: (o) => [o.momentum],
  momentum: "momentum",
  state: (o) => ({ momentum_buffer: o.momentum > 0 ? 0 : undefined }),
};

/**
 * Stochastic gradient descent with PyTorch's rule: v = μ·v + (1 − τ)·g, p −= lr·v (nesterov: g + μ·v).
 * @throws {ValueError} an option is out of its range or unknown.
 * @example
 * const optimizer = new optim.SGD(model.parameters(), { lr: 0.1, momentum: 0.9 });
 */
export class SGD extends Optimizer<Settings> {
  constructor(params: Params<SGDOptions>, options: SGDOptions) {
    super(RULE, params as Params<Settings>, withDefaults("SGD", DEFAULTS, options));
  }

  protected override update(p: Tensor, grad: Tensor, row: Ptr, group: ParamGroup<Settings>, i: number): void {
    const o = group.given;
    sgdTick(row);
    // prettier-ignore
    sgd_f32(
      p.ptr, grad.ptr, group.stateAt(0, i), row,
      o.dampening, o.weightDecay, Number(o.nesterov), Number(o.maximize), p.size,
    );
  }
}
