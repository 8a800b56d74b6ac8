import { ShapeError } from "../errors.ts";
import {
  conv2d,
  convTranspose2d,
  pair,
  type Conv2dOptions,
  type ConvTranspose2dOptions,
  type Size2d,
} from "../ops/conv.ts";
import { conv1d, convTranspose1d, type Conv1dOptions, type ConvTranspose1dOptions } from "../ops/conv1d.ts";
import { alongWidth, type Size1d } from "../ops/window.ts";
import { empty, type Tensor } from "../tensor/tensor.ts";
import { checkCount, optional } from "./arguments.ts";
import { resetLinear } from "./init.ts";
import { Module } from "./module.ts";
import { Parameter } from "./parameter.ts";

/** What convolutions share. Weights and biases start uniform in ±1/√fan in, which counts the weight's second dimension and the taps. */
abstract class Convolution<Options extends { groups?: number }> extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | null;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly options: Options;

  constructor(
    inChannels: number,
    outChannels: number,
    kernel: readonly number[],
    { bias = true, ...options }: Options & { bias?: boolean },
    transposed: boolean,
  ) {
    super();
    const layer = this.constructor.name;
    const groups = checkCount(layer, "groups", options.groups ?? 1);
    this.inChannels = checkCount(layer, "inChannels", inChannels);
    this.outChannels = checkCount(layer, "outChannels", outChannels);
    if (inChannels % groups !== 0 || outChannels % groups !== 0) {
      throw new ShapeError(
        `${layer}: groups ${groups} must divide inChannels ${inChannels} and outChannels ${outChannels}`,
      );
    }
    const channels = transposed ? [inChannels, outChannels / groups] : [outChannels, inChannels / groups];
    this.options = options as unknown as Options;
    this.weight = new Parameter(empty([...channels, ...kernel], "f32"));
    this.bias = bias ? new Parameter(empty([outChannels], "f32")) : null;
    resetLinear(this.weight, this.bias);
  }

  override config(): readonly unknown[] {
    const kernel = this.weight.shape.slice(2);
    const options = { ...this.options, ...(this.bias ? {} : { bias: false }) };
    return [this.inChannels, this.outChannels, kernel, ...optional(options)];
  }
}

/**
 * 2-d convolution of [n, in, h, w] or [in, h, w]: weight [out, in / groups, kh, kw] and bias [out]. Options: stride, padding (a number, a pair, "same" or
 * "valid"), dilation, groups, bias. With as many groups as channels it is depthwise: each channel has kernels of its own; a 1×1
 * convolution behind it makes it separable.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
 * @example
 * new Conv2d(3, 16, 3, { padding: 1 });
 * new Sequential(new Conv2d(16, 16, 3, { groups: 16, padding: 1 }), new Conv2d(16, 32, 1)); // depthwise separable
 */
export class Conv2d extends Convolution<Conv2dOptions> {
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: Size2d,
    options: Conv2dOptions & { bias?: boolean } = {},
  ) {
    pair("Conv2d", "stride", options.stride ?? 1, 1);
    pair("Conv2d", "dilation", options.dilation ?? 1, 1);
    if (typeof options.padding !== "string") pair("Conv2d", "padding", options.padding ?? 0, 0);
    super(inChannels, outChannels, pair("Conv2d", "kernelSize", kernelSize, 1), options, false);
  }

  override forward(x: Tensor): Tensor {
    return conv2d(x, this.weight, this.bias, this.options);
  }
}

const row = (layer: string, kernelSize: Size1d): readonly number[] => [
  pair(layer, "kernelSize", alongWidth(layer, "kernelSize", kernelSize, 1), 1)[1],
];

/** 1-d convolution of [n, in, l] or [in, l]: weight [out, in / groups, k], bias [out]. */
export class Conv1d extends Convolution<Conv1dOptions> {
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: Size1d,
    options: Conv1dOptions & { bias?: boolean } = {},
  ) {
    super(inChannels, outChannels, row("Conv1d", kernelSize), options, false);
  }

  override forward(x: Tensor): Tensor {
    return conv1d(x, this.weight, this.bias, this.options);
  }
}

/** Transposed 1-d convolution of [n, in, l] or [in, l]: weight [in, out / groups, k], bias [out]. */
export class ConvTranspose1d extends Convolution<ConvTranspose1dOptions> {
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: Size1d,
    options: ConvTranspose1dOptions & { bias?: boolean } = {},
  ) {
    super(inChannels, outChannels, row("ConvTranspose1d", kernelSize), options, true);
  }

  override forward(x: Tensor): Tensor {
    return convTranspose1d(x, this.weight, this.bias, this.options);
  }
}

/** Transposed 2-d convolution of [n, in, h, w] or [in, h, w]: weight [in, out / groups, kh, kw], bias [out]. */
export class ConvTranspose2d extends Convolution<ConvTranspose2dOptions> {
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: Size2d,
    options: ConvTranspose2dOptions & { bias?: boolean } = {},
  ) {
    super(inChannels, outChannels, pair("ConvTranspose2d", "kernelSize", kernelSize, 1), options, true);
  }

  override forward(x: Tensor): Tensor {
    return convTranspose2d(x, this.weight, this.bias, this.options);
  }
}
