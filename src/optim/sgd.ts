import { ValueError } from "../errors.ts";
import { sgd_f32, sgdTick } from "../program/kernels.gen.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Ptr } from "../wasm/heap.ts";
import { checkNumber, Optimizer, type GroupOptions } from "./optimizer.ts";

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

/** Stochastic gradient descent with PyTorch's rule: v = μ·v + (1 − τ)·g, p −= lr·v (nesterov: g + μ·v). */
export class SGD extends Optimizer<SGDOptions> {
  private readonly velocity: (Tensor[] | null)[];

  constructor(params: Iterable<Tensor> | Iterable<GroupOptions<SGDOptions>>, options: SGDOptions) {
    super("SGD", params, options, (o) => [o.momentum ?? 0, 0]);
    this.velocity = this.allocate(() => {
      for (const o of this.settings) {
        checkNumber("SGD: dampening", o.dampening ?? 0);
        checkNumber("SGD: weightDecay", o.weightDecay ?? 0);
        if (o.nesterov && (!o.momentum || o.dampening)) {
          throw new ValueError("SGD: nesterov needs a momentum above 0 and no dampening");
        }
      }
      return this.groups.map((group, g) => (this.settings[g]?.momentum ? this.beside(group) : null));
    });
  }

  protected override update(p: Tensor, grad: Tensor, row: Ptr, g: number, i: number): void {
    const o = this.settings[g] as SGDOptions;
    const velocity = this.velocity[g]?.[i]?.ptr ?? (0 as Ptr);
    sgdTick(row);
    // prettier-ignore
    sgd_f32(p.ptr, grad.ptr, velocity, row, o.dampening ?? 0, o.weightDecay ?? 0, Number(o.nesterov ?? false), Number(o.maximize ?? false), p.size);
  }
}
