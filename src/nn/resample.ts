import type { Size2d } from "../ops/conv.ts";
import { fold, unfold, type UnfoldOptions } from "../ops/fold.ts";
import { interpolate, type InterpolateOptions } from "../ops/interpolate.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { describe } from "./layers.ts";
import { Module } from "./module.ts";

/** Resizes [n, c, …] to `size` or by `scaleFactor`; see `interpolate`. */
export class Upsample extends Module {
  readonly options: InterpolateOptions;

  constructor(options: InterpolateOptions) {
    super();
    this.options = options;
  }

  override forward(x: Tensor): Tensor {
    return interpolate(x, this.options);
  }

  override extraRepr(): string {
    return describe(this.options);
  }
}

/** Sliding windows as columns: [n, c, h, w] → [n, c · kh · kw, windows]. */
export class Unfold extends Module {
  readonly options: UnfoldOptions;

  constructor(kernelSize: Size2d, options: Omit<UnfoldOptions, "kernelSize"> = {}) {
    super();
    this.options = { ...options, kernelSize };
  }

  override forward(x: Tensor): Tensor {
    return unfold(x, this.options);
  }

  override extraRepr(): string {
    return describe(this.options);
  }
}

/** Adds windows up where they overlap: [n, c · kh · kw, windows] → [n, c, h, w]. */
export class Fold extends Module {
  readonly options: UnfoldOptions & { outputSize: Size2d };

  constructor(outputSize: Size2d, kernelSize: Size2d, options: Omit<UnfoldOptions, "kernelSize"> = {}) {
    super();
    this.options = { ...options, outputSize, kernelSize };
  }

  override forward(x: Tensor): Tensor {
    return fold(x, this.options);
  }

  override extraRepr(): string {
    return describe(this.options);
  }
}
