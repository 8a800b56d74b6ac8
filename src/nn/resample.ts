import type { Size2d } from "../ops/conv.ts";
import { fold, unfold, type UnfoldOptions } from "../ops/fold.ts";
import { interpolate, type InterpolateOptions } from "../ops/interpolate.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { optional } from "./arguments.ts";
import { Optioned } from "./optioned.ts";

/** Resizes [n, c, …] to `size` or by `scaleFactor`; see `interpolate`. */
export class Upsample extends Optioned<InterpolateOptions> {
  override forward(x: Tensor): Tensor {
    return interpolate(x, this.options);
  }
}

/** Sliding windows as columns: [n, c, h, w] → [n, c · kh · kw, windows]. */
export class Unfold extends Optioned<UnfoldOptions> {
  constructor(kernelSize: Size2d, options: Omit<UnfoldOptions, "kernelSize"> = {}) {
    super({ ...options, kernelSize });
  }

  override forward(x: Tensor): Tensor {
    return unfold(x, this.options);
  }

  override config(): readonly unknown[] {
    const { kernelSize, ...rest } = this.options;
    return [kernelSize, ...optional(rest)];
  }
}

/** Adds windows up where they overlap: [n, c · kh · kw, windows] → [n, c, h, w]. */
export class Fold extends Optioned<UnfoldOptions & { outputSize: Size2d }> {
  constructor(outputSize: Size2d, kernelSize: Size2d, options: Omit<UnfoldOptions, "kernelSize"> = {}) {
    super({ ...options, outputSize, kernelSize });
  }

  override forward(x: Tensor): Tensor {
    return fold(x, this.options);
  }

  override config(): readonly unknown[] {
    const { outputSize, kernelSize, ...rest } = this.options;
    return [outputSize, kernelSize, ...optional(rest)];
  }
}
