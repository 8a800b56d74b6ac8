import {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  avgPool1d,
  avgPool2d,
  lpPool1d,
  lpPool2d,
  type AvgPoolOptions,
  type LpPoolOptions,
} from "../ops/avgpool.ts";
import type { Size2d } from "../ops/conv.ts";
import {
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  maxPool1d,
  maxPool2d,
  type MaxPoolOptions,
} from "../ops/maxpool.ts";
import type { AdaptiveSize2d, Size1d } from "../ops/window.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { optional } from "./arguments.ts";
import { Optioned } from "./optioned.ts";

/** Layers of pooling. They have no parameters. */

/** One of windows of a stated size. */
abstract class Pool<Options extends { kernelSize: unknown }> extends Optioned<Options> {
  override config(): readonly unknown[] {
    const { kernelSize, ...rest } = this.options;
    return [kernelSize, ...optional(rest)];
  }
}

/** Largest element of each window: [n, c, h, w] → [n, c, oh, ow]. */
export class MaxPool2d extends Pool<MaxPoolOptions> {
  constructor(kernelSize: Size2d, options: Omit<MaxPoolOptions, "kernelSize"> = {}) {
    super({ ...options, kernelSize });
  }

  override forward(x: Tensor): Tensor {
    return maxPool2d(x, this.options);
  }
}

/** Mean of each window: [n, c, h, w] → [n, c, oh, ow]. */
export class AvgPool2d extends Pool<AvgPoolOptions & { divisorOverride?: number | null }> {
  constructor(
    kernelSize: Size2d,
    options: Omit<AvgPoolOptions, "kernelSize"> & { divisorOverride?: number | null } = {},
  ) {
    super({ ...options, kernelSize });
  }

  override forward(x: Tensor): Tensor {
    return avgPool2d(x, this.options);
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

/** One of the order of a norm and windows of a stated size. */
abstract class PowerPool<
  Options extends { normType: number; kernelSize: unknown },
> extends Optioned<Options> {
  override config(): readonly unknown[] {
    const { normType, kernelSize, ...rest } = this.options;
    return [normType, kernelSize, ...optional(rest)];
  }
}

/** (Σ xᵖ)^(1/p) of each window of a row. */
export class LPPool1d extends PowerPool<LpPoolOptions<Size1d>> {
  constructor(normType: number, kernelSize: Size1d, options: { stride?: Size1d; ceilMode?: boolean } = {}) {
    super({ ...options, normType, kernelSize });
  }

  override forward(x: Tensor): Tensor {
    return lpPool1d(x, this.options);
  }
}

/** (Σ xᵖ)^(1/p) of each window of an image. */
export class LPPool2d extends PowerPool<LpPoolOptions> {
  constructor(normType: number, kernelSize: Size2d, options: { stride?: Size2d; ceilMode?: boolean } = {}) {
    super({ ...options, normType, kernelSize });
  }

  override forward(x: Tensor): Tensor {
    return lpPool2d(x, this.options);
  }
}

/** One whose windows divide the input to a stated number. */
abstract class AdaptivePool<Size> extends Optioned<{ outputSize: Size }> {
  constructor(outputSize: Size) {
    super({ outputSize });
  }

  override config(): readonly unknown[] {
    return [this.options.outputSize];
  }
}

/** Mean of each of `outputSize` windows that divide the row. */
export class AdaptiveAvgPool1d extends AdaptivePool<Size1d | null> {
  override forward(x: Tensor): Tensor {
    return adaptiveAvgPool1d(x, this.options);
  }
}

/** Mean of each of `outputSize` windows that divide the image; null keeps a size. */
export class AdaptiveAvgPool2d extends AdaptivePool<AdaptiveSize2d> {
  override forward(x: Tensor): Tensor {
    return adaptiveAvgPool2d(x, this.options);
  }
}

/** Largest element of each of `outputSize` windows that divide the row. */
export class AdaptiveMaxPool1d extends AdaptivePool<Size1d | null> {
  override forward(x: Tensor): Tensor {
    return adaptiveMaxPool1d(x, this.options);
  }
}

/** Largest element of each of `outputSize` windows that divide the image; null keeps a size. */
export class AdaptiveMaxPool2d extends AdaptivePool<AdaptiveSize2d> {
  override forward(x: Tensor): Tensor {
    return adaptiveMaxPool2d(x, this.options);
  }
}
