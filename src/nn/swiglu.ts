import { mul } from "../ops/arithmetic.ts";
import { silu } from "../ops/activation.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkCount } from "./arguments.ts";
import { Linear } from "./linear.ts";
import { Module } from "./module.ts";

/**
 * A feed-forward part with a gate (N. Shazeer, "GLU variants improve transformer", 2020): down(silu(gate(x)) · up(x)), x [..., dModel] →
 * the same shape. About 8/3 · dModel hidden features cost what 4 · dModel cost without a gate. Parameters are named as in Llama.
 * @param options.bias default false, as in the paper.
 * @example
 * const y = x.add(new nn.SwiGLU(64, 172).forward(new nn.RMSNorm(64).forward(x)));
 */
export class SwiGLU extends Module {
  readonly gate_proj: Linear;
  readonly up_proj: Linear;
  readonly down_proj: Linear;

  constructor(dModel: number, hidden: number, options: { bias?: boolean } = {}) {
    super();
    checkCount("SwiGLU", "dModel", dModel);
    checkCount("SwiGLU", "hidden", hidden);
    const bias = options.bias ?? false;
    this.gate_proj = new Linear(dModel, hidden, { bias });
    this.up_proj = new Linear(dModel, hidden, { bias });
    this.down_proj = new Linear(hidden, dModel, { bias });
  }

  override forward(x: Tensor): Tensor {
    return this.down_proj.forward(mul(silu(this.gate_proj.forward(x)), this.up_proj.forward(x)));
  }

  override config(): readonly unknown[] {
    const [hidden, dModel] = this.gate_proj.weight.shape;
    return [dModel, hidden, { bias: this.gate_proj.bias !== null }];
  }
}
