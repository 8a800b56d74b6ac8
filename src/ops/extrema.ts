import type { Tensor } from "../tensor/tensor.ts";
import { isFloat } from "../tensor/dtype.ts";
import { composite } from "../tensor/lifetime.ts";
import { normalizeDim } from "../tensor/shape.ts";
import { to } from "./cast.ts";
import { gather } from "./indexing.ts";
import { reshape, squeeze } from "./movement.ts";
import { amax, amin, argmax, argmin } from "./reduce.ts";

export interface ExtremumOptions {
  /** Dimension to search. */
  dim: number;
  /** Keep the dimension with size 1. Default false. */
  keepdim?: boolean;
}

export interface Extremum {
  (x: Tensor, options?: { dim?: undefined }): Tensor;
  (x: Tensor, options: ExtremumOptions): [values: Tensor, indices: Tensor];
}

function extremum(name: string, every: typeof amax, position: typeof argmax): Extremum {
  function op(x: Tensor, options?: { dim?: undefined }): Tensor;
  function op(x: Tensor, options: ExtremumOptions): [Tensor, Tensor];
  function op(
    x: Tensor,
    { dim, keepdim = false }: { dim?: number | undefined; keepdim?: boolean } = {},
  ): Tensor | [Tensor, Tensor] {
    if (dim === undefined) return composite(name, () => every(x));
    const along = normalizeDim(name, dim, x.ndim);
    return composite(name, (): [Tensor, Tensor] => {
      const numbers = isFloat(x.dtype) ? to(x, "f32") : to(x, "i32");
      const lines = x.ndim === 0 ? reshape(numbers, [1]) : numbers;
      const indices = position(lines, { dim: along, keepdim: true });
      const values = gather(lines, indices, { dim: along });
      if (keepdim && x.ndim > 0) return [values, indices];
      return [squeeze(values, { dim: along }), squeeze(indices, { dim: along })];
    });
  }
  return op;
}

/**
 * The largest element, or with `dim` the largest along it and its position (i32): `[values, indices]`. The first of equals wins, NaN
 * counts as largest. The gradient goes to the position; without `dim` equals share it. PyTorch's `max`.
 * @throws {ShapeError} nothing to reduce.
 * @example
 * max(tensor([[1, 5], [4, 2]])); // 5
 * const [values, indices] = max(tensor([[1, 5], [4, 2]]), { dim: 1 }); // [5, 4], [1, 0]
 */
export const max: Extremum = /* @__PURE__ */ extremum("max", amax, argmax);

/**
 * The smallest element, or with `dim` the smallest along it and its position (i32): `[values, indices]`. The first of equals wins, NaN
 * counts as smallest. The gradient goes to the position; without `dim` equals share it. PyTorch's `min`.
 * @throws {ShapeError} nothing to reduce.
 * @example
 * min(tensor([[1, 5], [4, 2]])); // 1
 * const [values, indices] = min(tensor([[1, 5], [4, 2]]), { dim: 1 }); // [1, 2], [0, 1]
 */
export const min: Extremum = /* @__PURE__ */ extremum("min", amin, argmin);
