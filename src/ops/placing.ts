import { ShapeError } from "../errors.ts";
import { composite } from "../tensor/lifetime.ts";
import { formatShape, normalizeDim, sameShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { putCopy } from "./advanced.ts";
import { mul } from "./arithmetic.ts";
import type { IndexItem } from "./indexplan.ts";
import { reshape } from "./movement.ts";
import { fillValue } from "./masked.ts";

/** Placing whole entries along one dimension: the counterparts of `indexSelect`. */

/** The index as items that leave the dimensions before it alone. */
export function along(op: string, x: Tensor, dim: number, index: Tensor): IndexItem[] {
  const d = normalizeDim(op, dim, x.ndim);
  if (x.ndim === 0) throw new ShapeError(`${op}: a scalar has no dimension to index`);
  if (index.ndim > 1)
    throw new ShapeError(`${op}: the index must have one dimension, got ${formatShape(index.shape)}`);
  return [...Array<":">(d).fill(":"), index.ndim === 0 ? reshape(index, [1]) : index];
}

/** Refuses a source that is not x with the index's length along `dim`. */
export function checkEntries(op: string, x: Tensor, dim: number, index: Tensor, source: Tensor): void {
  const d = normalizeDim(op, dim, x.ndim);
  const wanted = x.shape.map((n, i) => (i === d ? index.size : n));
  if (!sameShape(source.shape, wanted)) {
    throw new ShapeError(
      `${op}: the source must have the shape ${formatShape(wanted)}, got ${formatShape(source.shape)}`,
    );
  }
}

/**
 * A copy of x with entries of `source` added along `dim`: out[…, index[i], …] += alpha · source[…, i, …].
 * Rule: https://pytorch.org/docs/stable/generated/torch.Tensor.index_add_.html
 *
 * @param index i32 or u8 [m], negative counts from the end; x is f32 or i32.
 * @param source x's shape with m at `dim`.
 * @throws {IndexOutOfRangeError} an index outside of the dimension. {ShapeError} another source.
 * @example
 * indexAdd(zeros([3, 2]), tensor([0, 0], { dtype: "i32" }), ones([2, 2]), { dim: 0 }); // [[2, 2], [0, 0], [0, 0]]
 */
export function indexAdd(
  x: Tensor,
  index: Tensor,
  source: Tensor,
  options: { dim: number; alpha?: number },
): Tensor {
  const { dim, alpha = 1 } = options;
  return composite("indexAdd", () => {
    const items = along("indexAdd", x, dim, index);
    checkEntries("indexAdd", x, dim, index, source);
    return putCopy("indexAdd", x, items, alpha === 1 ? source : mul(source, alpha), true);
  });
}

/**
 * A copy of x with entries replaced along `dim`: out[…, index[i], …] = source[…, i, …].
 * Rule: https://pytorch.org/docs/stable/generated/torch.Tensor.index_copy_.html; of several for one entry the last stays.
 *
 * @param source x's shape with the index's length at `dim`.
 * @example
 * indexCopy(zeros([3]), tensor([2, 0], { dtype: "i32" }), tensor([5, 7]), { dim: 0 }); // [7, 0, 5]
 */
export function indexCopy(x: Tensor, index: Tensor, source: Tensor, options: { dim: number }): Tensor {
  return composite("indexCopy", () => {
    const items = along("indexCopy", x, options.dim, index);
    checkEntries("indexCopy", x, options.dim, index, source);
    return putCopy("indexCopy", x, items, source, false);
  });
}

/**
 * A copy of x with entries along `dim` set to one value.
 * Rule: https://pytorch.org/docs/stable/generated/torch.Tensor.index_fill_.html
 *
 * @param value a number or a scalar tensor that fits x's dtype; gradients flow to it.
 * @throws {DTypeError} a value that x's dtype cannot hold. {ValueError} a value that is neither number nor tensor.
 * @example
 * indexFill(zeros([3]), tensor([0, 2], { dtype: "i32" }), 1, { dim: 0 }); // [1, 0, 1]
 */
export function indexFill(
  x: Tensor,
  index: Tensor,
  value: Tensor | number,
  options: { dim: number },
): Tensor {
  return composite("indexFill", () =>
    putCopy(
      "indexFill",
      x,
      along("indexFill", x, options.dim, index),
      fillValue("indexFill", x, value),
      false,
    ),
  );
}
