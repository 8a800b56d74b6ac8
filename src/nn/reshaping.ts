import { flatten } from "../ops/movement.ts";
import type { Tensor } from "../tensor/tensor.ts";
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
