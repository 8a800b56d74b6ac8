import { linear } from "../ops/matmul.ts";
import { bilinear } from "../ops/products.ts";
import { empty, type Tensor } from "../tensor/tensor.ts";
import { checkCount, optional } from "./arguments.ts";
import { resetLinear, uniform_ } from "./init.ts";
import { Module } from "./module.ts";
import { Plain } from "./optioned.ts";
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

/**
 * A product of two inputs for each output: x1 [..., in1], x2 [..., in2] → x1ᵀ Wₒ x2 + bₒ, [..., out]. weight [out, in1, in2] and bias
 * [out] start uniform in ±1/√in1.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Bilinear.html
 * @example
 * new Bilinear(20, 30, 40).forward(randn([128, 20]), randn([128, 30])).shape; // [128, 40]
 */
export class Bilinear extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | null;

  constructor(
    in1Features: number,
    in2Features: number,
    outFeatures: number,
    options: { bias?: boolean } = {},
  ) {
    super();
    checkCount("Bilinear", "in1Features", in1Features);
    checkCount("Bilinear", "in2Features", in2Features);
    checkCount("Bilinear", "outFeatures", outFeatures);
    const bound = 1 / Math.sqrt(in1Features);
    const drawn = (shape: readonly number[]): Parameter =>
      new Parameter(uniform_(empty(shape, "f32"), -bound, bound));
    this.weight = drawn([outFeatures, in1Features, in2Features]);
    this.bias = (options.bias ?? true) ? drawn([outFeatures]) : null;
  }

  override forward(x1: Tensor, x2: Tensor): Tensor {
    return bilinear(x1, x2, this.weight, this.bias);
  }

  override config(): readonly unknown[] {
    const [out, in1, in2] = this.weight.shape;
    return [in1, in2, out, ...optional({ bias: this.bias !== null }, { bias: true })];
  }
}

/** Its input as it is: a place for a layer that is left out. */
export class Identity extends Plain {
  override forward(x: Tensor): Tensor {
    return x;
  }
}
