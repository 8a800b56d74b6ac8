import { ShapeError } from "../errors.ts";
import { conv2d, pair, type Conv2dOptions, type Size2d } from "../ops/conv.ts";
import { empty, type Tensor } from "../tensor/tensor.ts";
import { resetLinear } from "./init.ts";
import { checkCount, describe } from "./layers.ts";
import { Module } from "./module.ts";
import { Parameter } from "./parameter.ts";

/**
 * 2-d convolution of [n, in, h, w]: weight [out, in / groups, kh, kw] and bias [out] start uniform in ±1/√fan in. Options: stride, padding
 * (a number, a pair, "same" or "valid"), dilation, groups, bias.
 */
export class Conv2d extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | null;
  readonly options: Conv2dOptions;

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: Size2d,
    options: Conv2dOptions & { bias?: boolean } = {},
  ) {
    super();
    const { bias = true, ...rest } = options;
    const groups = checkCount("Conv2d", "groups", rest.groups ?? 1);
    checkCount("Conv2d", "inChannels", inChannels);
    checkCount("Conv2d", "outChannels", outChannels);
    if (inChannels % groups !== 0 || outChannels % groups !== 0) {
      throw new ShapeError(
        `Conv2d: groups ${groups} must divide inChannels ${inChannels} and outChannels ${outChannels}`,
      );
    }
    const [kh, kw] = pair("Conv2d", "kernelSize", kernelSize, 1);
    pair("Conv2d", "stride", rest.stride ?? 1, 1);
    pair("Conv2d", "dilation", rest.dilation ?? 1, 1);
    if (typeof rest.padding !== "string") pair("Conv2d", "padding", rest.padding ?? 0, 0);
    this.options = rest;
    this.weight = new Parameter(empty([outChannels, inChannels / groups, kh, kw], "f32"));
    this.bias = bias ? new Parameter(empty([outChannels], "f32")) : null;
    resetLinear(this.weight, this.bias);
  }

  override forward(x: Tensor): Tensor {
    return conv2d(x, this.weight, this.bias, this.options);
  }

  override extraRepr(): string {
    const [out, perGroup, kh, kw] = this.weight.shape as [number, number, number, number];
    const extra = describe({ ...this.options, ...(this.bias ? {} : { bias: false }) });
    return `${perGroup * (this.options.groups ?? 1)}, ${out}, [${kh}, ${kw}]${extra && `, ${extra}`}`;
  }
}
