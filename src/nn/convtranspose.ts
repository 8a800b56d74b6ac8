import { ShapeError } from "../errors.ts";
import { convTranspose2d, pair, type ConvTranspose2dOptions, type Size2d } from "../ops/conv.ts";
import { conv1d, convTranspose1d, type Conv1dOptions, type ConvTranspose1dOptions } from "../ops/conv1d.ts";
import { alongWidth, type Size1d } from "../ops/window.ts";
import { empty, type Tensor } from "../tensor/tensor.ts";
import { resetLinear } from "./init.ts";
import { checkCount, describe } from "./layers.ts";
import { Module } from "./module.ts";
import { Parameter } from "./parameter.ts";

/** The convolutions beside Conv2d. Weights and biases start uniform in ±1/√fan in, as PyTorch counts it: channels · taps of the weight's second dimension. */
abstract class Convolution<Options extends { groups?: number }> extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | null;
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
    checkCount(layer, "inChannels", inChannels);
    checkCount(layer, "outChannels", outChannels);
    if (inChannels % groups !== 0 || outChannels % groups !== 0) {
      throw new ShapeError(
        `${layer}: groups ${groups} must divide inChannels ${inChannels} and outChannels ${outChannels}`,
      );
    }
    const channels = transposed ? [inChannels, outChannels / groups] : [outChannels, inChannels / groups];
    this.weight = new Parameter(empty([...channels, ...kernel], "f32"));
    this.bias = bias ? new Parameter(empty([outChannels], "f32")) : null;
    this.options = options as unknown as Options;
    resetLinear(this.weight, this.bias);
  }

  override extraRepr(): string {
    const extra = describe({ ...this.options, ...(this.bias ? {} : { bias: false }) });
    return `weight [${this.weight.shape.join(", ")}]${extra && `, ${extra}`}`;
  }
}

const row = (layer: string, kernelSize: Size1d): readonly number[] => [
  pair(layer, "kernelSize", alongWidth(layer, "kernelSize", kernelSize, 1), 1)[1],
];

/** 1-d convolution of [n, in, l]: weight [out, in / groups, k], bias [out]. */
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

/** Transposed 1-d convolution of [n, in, l]: weight [in, out / groups, k], bias [out]. */
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

/** Transposed 2-d convolution of [n, in, h, w]: weight [in, out / groups, kh, kw], bias [out]. */
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
