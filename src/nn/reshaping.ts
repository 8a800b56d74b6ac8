import { ShapeError } from "../errors.ts";
import { flatten, reshape, transpose } from "../ops/movement.ts";
import { pixelShuffle, pixelUnshuffle, unflatten } from "../ops/rearrange.ts";
import { formatShape, type Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkCount } from "./arguments.ts";
import { Module } from "./module.ts";
import { Optioned } from "./optioned.ts";

/** Layers that put elements elsewhere and change none. */

/**
 * Merges dimensions startDim (default 1) to endDim (default −1) into one.
 * @example
 * new Flatten().forward(zeros([2, 3, 4])).shape; // [2, 12]
 */
export class Flatten extends Optioned<{ startDim?: number; endDim?: number }> {
  override forward(x: Tensor): Tensor {
    return flatten(x, { startDim: 1, ...this.options });
  }
}

/**
 * One dimension as several; one of the sizes may be −1.
 * @example
 * new Unflatten(1, [3, -1]).forward(zeros([2, 6])).shape; // [2, 3, 2]
 */
export class Unflatten extends Module {
  readonly dim: number;
  readonly sizes: Shape;

  constructor(dim: number, sizes: Shape) {
    super();
    this.dim = dim;
    this.sizes = [...sizes];
  }

  override forward(x: Tensor): Tensor {
    return unflatten(x, this.dim, this.sizes);
  }

  override config(): readonly unknown[] {
    return [this.dim, this.sizes];
  }
}

/** A layer of one number, 1 or more. */
abstract class Factored extends Module {
  readonly factor: number;

  constructor(factor: number) {
    super();
    this.factor = checkCount(this.constructor.name, "the factor", factor);
  }

  override config(): readonly unknown[] {
    return [this.factor];
  }
}

/**
 * Channels to space: [..., c·r², h, w] → [..., c, h·r, w·r] for the factor r (W. Shi et al. 2016).
 * @example
 * new PixelShuffle(2).forward(zeros([1, 8, 2, 3])).shape; // [1, 2, 4, 6]
 */
export class PixelShuffle extends Factored {
  override forward(x: Tensor): Tensor {
    return pixelShuffle(x, { upscaleFactor: this.factor });
  }
}

/**
 * Space to channels, the inverse of PixelShuffle: [..., c, h·r, w·r] → [..., c·r², h, w].
 * @example
 * new PixelUnshuffle(2).forward(zeros([1, 2, 4, 6])).shape; // [1, 8, 2, 3]
 */
export class PixelUnshuffle extends Factored {
  override forward(x: Tensor): Tensor {
    return pixelUnshuffle(x, { downscaleFactor: this.factor });
  }
}

/**
 * Deals the channels of [n, c, …] anew: of the given number of groups, the first channel of each, then the second, and so on, so that
 * convolutions of groups see each other's (X. Zhang et al. 2018).
 * @throws {ShapeError} channels that the groups do not divide.
 * @example
 * new ChannelShuffle(2).forward(tensor([[1, 2, 3, 4]])); // [[1, 3, 2, 4]]
 */
export class ChannelShuffle extends Factored {
  override forward(x: Tensor): Tensor {
    const [n, c = 0, ...rest] = x.shape;
    if (n === undefined || x.ndim < 2 || c % this.factor !== 0) {
      throw new ShapeError(
        `ChannelShuffle: takes [n, c, ...] with c a multiple of ${this.factor}, got ${formatShape(x.shape)}`,
      );
    }
    return reshape(transpose(reshape(x, [n, this.factor, c / this.factor, ...rest]), 1, 2), x.shape);
  }
}
