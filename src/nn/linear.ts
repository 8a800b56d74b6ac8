import { linear } from "../ops/matmul.ts";
import { empty, type Tensor } from "../tensor/tensor.ts";
import { checkCount, optional } from "./arguments.ts";
import { resetLinear } from "./init.ts";
import { Module } from "./module.ts";
import { Parameter } from "./parameter.ts";

/**
 * x [..., in] · weightᵀ + bias → [..., out]. weight [out, in] and bias [out] start uniform in ±1/√in.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Linear.html
 * @example
 * new Linear(20, 30).forward(randn([128, 20])).shape; // [128, 30]
 */
export class Linear extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | null;

  constructor(inFeatures: number, outFeatures: number, options: { bias?: boolean } = {}) {
    super();
    checkCount("Linear", "inFeatures", inFeatures);
    checkCount("Linear", "outFeatures", outFeatures);
    this.weight = new Parameter(empty([outFeatures, inFeatures], "f32"));
    this.bias = (options.bias ?? true) ? new Parameter(empty([outFeatures], "f32")) : null;
    resetLinear(this.weight, this.bias);
  }

  override forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias);
  }

  override config(): readonly unknown[] {
    const [out, inputs] = this.weight.shape;
    return [inputs, out, ...optional({ bias: this.bias !== null }, { bias: true })];
  }
}
