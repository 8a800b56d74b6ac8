import { ValueError } from "../errors.ts";
import { gelu, relu, sigmoid, tanh } from "../ops/activation.ts";
import { avgPool2d, type AvgPoolOptions } from "../ops/avgpool.ts";
import { dropout } from "../ops/dropout.ts";
import { linear } from "../ops/matmul.ts";
import { maxPool2d, type MaxPoolOptions } from "../ops/maxpool.ts";
import { flatten } from "../ops/movement.ts";
import { softmax } from "../ops/softmax.ts";
import { empty, type Tensor } from "../tensor/tensor.ts";
import type { Size2d } from "../ops/conv.ts";
import { resetLinear } from "./init.ts";
import { Module } from "./module.ts";
import { Parameter } from "./parameter.ts";

/** A size of a layer: a whole number ≥ 1. */
export function checkCount(layer: string, what: string, value: number): number {
  if (!Number.isInteger(value) || value < 1)
    throw new ValueError(`${layer}: ${what} must be a whole number ≥ 1, got ${value}`);
  return value;
}

/** x [..., in] · weightᵀ + bias → [..., out]. weight [out, in] and bias [out] start uniform in ±1/√in. */
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

  override extraRepr(): string {
    return `${this.weight.shape[1]}, ${this.weight.shape[0]}${this.bias ? "" : ", bias: false"}`;
  }
}

/** A module of one input and one output. */
export type Layer = Module & { forward(x: Tensor): Tensor };

/** Runs modules one after the other. Keys of the state dict start with the position. */
export class Sequential extends Module {
  private readonly layers: readonly Layer[];

  constructor(...layers: Layer[]) {
    super();
    this.layers = layers;
  }

  /** Children are named by position, as in PyTorch. */
  override *namedChildren(): Generator<[string, Module]> {
    for (const [i, layer] of this.layers.entries()) yield [String(i), layer];
  }

  get length(): number {
    return this.layers.length;
  }

  /** The layer at a position, counted from the end when negative. */
  at(i: number): Layer | undefined {
    return this.layers.at(i);
  }

  [Symbol.iterator](): IterableIterator<Layer> {
    return this.layers[Symbol.iterator]();
  }

  override forward(x: Tensor): Tensor {
    let out = x;
    for (const layer of this.layers) out = layer.forward(out);
    return out;
  }
}

/** Merges dimensions; default all but the first. */
export class Flatten extends Module {
  readonly startDim: number;
  readonly endDim: number;

  constructor(options: { startDim?: number; endDim?: number } = {}) {
    super();
    this.startDim = options.startDim ?? 1;
    this.endDim = options.endDim ?? -1;
  }

  override forward(x: Tensor): Tensor {
    return flatten(x, { startDim: this.startDim, endDim: this.endDim });
  }
}

/** In training zeroes elements with probability p (default 0.5) and scales the rest by 1/(1 − p). */
export class Dropout extends Module {
  readonly p: number;

  constructor(p = 0.5) {
    super();
    if (!(p >= 0 && p <= 1)) throw new ValueError(`Dropout: p must lie in [0, 1], got ${p}`);
    this.p = p;
  }

  override forward(x: Tensor): Tensor {
    return dropout(x, { p: this.p, training: this.training });
  }

  override extraRepr(): string {
    return String(this.p);
  }
}

/** Largest element of each window. */
export class MaxPool2d extends Module {
  readonly options: MaxPoolOptions;

  constructor(kernelSize: Size2d, options: Omit<MaxPoolOptions, "kernelSize"> = {}) {
    super();
    this.options = { ...options, kernelSize };
  }

  override forward(x: Tensor): Tensor {
    return maxPool2d(x, this.options);
  }

  override extraRepr(): string {
    return describe(this.options);
  }
}

/** Mean of each window. */
export class AvgPool2d extends Module {
  readonly options: AvgPoolOptions;

  constructor(kernelSize: Size2d, options: Omit<AvgPoolOptions, "kernelSize"> = {}) {
    super();
    this.options = { ...options, kernelSize };
  }

  override forward(x: Tensor): Tensor {
    return avgPool2d(x, this.options);
  }

  override extraRepr(): string {
    return describe(this.options);
  }
}

/** Options as `name: value`, for summaries. */
export const describe = (options: object): string =>
  Object.entries(options)
    .map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
    .join(", ");

/** max(x, 0). */
export class ReLU extends Module {
  override forward(x: Tensor): Tensor {
    return relu(x);
  }
}

/** 1 / (1 + e^(−x)). */
export class Sigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return sigmoid(x);
  }
}

/** Hyperbolic tangent. */
export class Tanh extends Module {
  override forward(x: Tensor): Tensor {
    return tanh(x);
  }
}

/** x·Φ(x). */
export class GELU extends Module {
  readonly approximate: "none" | "tanh";

  constructor(options: { approximate?: "none" | "tanh" } = {}) {
    super();
    this.approximate = options.approximate ?? "none";
  }

  override forward(x: Tensor): Tensor {
    return gelu(x, { approximate: this.approximate });
  }
}

/** exp(xᵢ) / Σ exp(x) along `dim`. */
export class Softmax extends Module {
  readonly dim: number;

  constructor(options: { dim: number }) {
    super();
    this.dim = options.dim;
  }

  override forward(x: Tensor): Tensor {
    return softmax(x, { dim: this.dim });
  }
}
