import {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  avgPool1d,
  lpPool1d,
  lpPool2d,
  type AvgPoolOptions,
  type LpPoolOptions,
} from "../ops/avgpool.ts";
import type { Size2d } from "../ops/conv.ts";
import { adaptiveMaxPool1d, adaptiveMaxPool2d, maxPool1d, type MaxPoolOptions } from "../ops/maxpool.ts";
import type { AdaptiveSize2d, Size1d } from "../ops/window.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { describe } from "./layers.ts";
import { Module } from "./module.ts";

/** Layers of pooling beside MaxPool2d and AvgPool2d. They have no parameters. */
abstract class Pool<Options extends object> extends Module {
  readonly options: Options;

  constructor(options: Options) {
    super();
    this.options = options;
  }

  override extraRepr(): string {
    return describe(this.options);
  }
}

/** Largest element of each window of a row: [n, c, l] → [n, c, ol]. */
export class MaxPool1d extends Pool<MaxPoolOptions<Size1d>> {
  constructor(kernelSize: Size1d, options: Omit<MaxPoolOptions<Size1d>, "kernelSize"> = {}) {
    super({ ...options, kernelSize });
  }

  override forward(x: Tensor): Tensor {
    return maxPool1d(x, this.options);
  }
}

/** Mean of each window of a row: [n, c, l] → [n, c, ol]. */
export class AvgPool1d extends Pool<AvgPoolOptions<Size1d>> {
  constructor(kernelSize: Size1d, options: Omit<AvgPoolOptions<Size1d>, "kernelSize"> = {}) {
    super({ ...options, kernelSize });
  }

  override forward(x: Tensor): Tensor {
    return avgPool1d(x, this.options);
  }
}

/** (Σ xᵖ)^(1/p) of each window of a row. */
export class LPPool1d extends Pool<LpPoolOptions<Size1d>> {
  constructor(normType: number, kernelSize: Size1d, options: { stride?: Size1d; ceilMode?: boolean } = {}) {
    super({ ...options, normType, kernelSize });
  }

  override forward(x: Tensor): Tensor {
    return lpPool1d(x, this.options);
  }
}

/** (Σ xᵖ)^(1/p) of each window of an image. */
export class LPPool2d extends Pool<LpPoolOptions> {
  constructor(normType: number, kernelSize: Size2d, options: { stride?: Size2d; ceilMode?: boolean } = {}) {
    super({ ...options, normType, kernelSize });
  }

  override forward(x: Tensor): Tensor {
    return lpPool2d(x, this.options);
  }
}

/** Mean of each of `outputSize` windows that divide the row. */
export class AdaptiveAvgPool1d extends Pool<{ outputSize: Size1d | null }> {
  constructor(outputSize: Size1d | null) {
    super({ outputSize });
  }

  override forward(x: Tensor): Tensor {
    return adaptiveAvgPool1d(x, this.options);
  }
}

/** Mean of each of `outputSize` windows that divide the image; null keeps a size. */
export class AdaptiveAvgPool2d extends Pool<{ outputSize: AdaptiveSize2d }> {
  constructor(outputSize: AdaptiveSize2d) {
    super({ outputSize });
  }

  override forward(x: Tensor): Tensor {
    return adaptiveAvgPool2d(x, this.options);
  }
}

/** Largest element of each of `outputSize` windows that divide the row. */
export class AdaptiveMaxPool1d extends Pool<{ outputSize: Size1d | null }> {
  constructor(outputSize: Size1d | null) {
    super({ outputSize });
  }

  override forward(x: Tensor): Tensor {
    return adaptiveMaxPool1d(x, this.options);
  }
}

/** Largest element of each of `outputSize` windows that divide the image; null keeps a size. */
export class AdaptiveMaxPool2d extends Pool<{ outputSize: AdaptiveSize2d }> {
  constructor(outputSize: AdaptiveSize2d) {
    super({ outputSize });
  }

  override forward(x: Tensor): Tensor {
    return adaptiveMaxPool2d(x, this.options);
  }
}
