import { ShapeError, ValueError } from "../errors.ts";
import { composite } from "../tensor/lifetime.ts";
import { formatShape, normalizeDim } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { floorDivide, maximum, sub } from "./arithmetic.ts";
import { gt, ne } from "./compare.ts";
import { gather } from "./indexing.ts";
import { clone, narrow, reshape, squeeze } from "./movement.ts";
import { sum } from "./reduce.ts";
import { where } from "./select.ts";
import { sort, topk } from "./sorting.ts";

/** Order statistics: single entries of a sorted dimension. */

export interface SelectionOptions {
  /** Dimension to select along. Default −1, the last. */
  dim?: number | undefined;
  /** Keep the dimension with size 1. Default false. */
  keepdim?: boolean;
}

/**
 * The k-th smallest along a dimension, k from 1; of equal ones the one that a stable sort puts there. NaN counts as the largest.
 * Rule: https://pytorch.org/docs/stable/generated/torch.kthvalue.html
 *
 * @returns [values, indices] without the dimension, or with size 1 there; gradients flow to the values.
 * @throws {ValueError} k outside of [1, size].
 * @example
 * const [value, position] = kthvalue(tensor([7, 1, 4]), 2); // 4, 2
 */
export function kthvalue(
  x: Tensor,
  k: number,
  options: SelectionOptions = {},
): [values: Tensor, indices: Tensor] {
  const dim = normalizeDim("kthvalue", options.dim ?? -1, x.ndim);
  const n = x.shape[dim] ?? 1;
  if (!Number.isInteger(k) || k < 1 || k > n) {
    throw new ValueError(
      `kthvalue: k must be a whole number from 1 to ${n}, dimension ${dim} of ${formatShape(x.shape)}, got ${k}`,
    );
  }
  return composite("kthvalue", () => {
    const [values, indices] = topk(x, k, { dim, largest: false });
    const last = (t: Tensor): Tensor => {
      if (t.ndim === 0) return t;
      const one = narrow(t, { dim, start: k - 1, length: 1 });
      // A copy, so that the k − 1 before it can go.
      return clone(options.keepdim ? one : squeeze(one, { dim }));
    };
    return [last(values), last(indices)];
  });
}

function middle(
  op: string,
  x: Tensor,
  options: SelectionOptions,
  skipNaN: boolean,
): Tensor | [values: Tensor, indices: Tensor] {
  if (options.dim === undefined) {
    return composite(op, () => {
      const [value] = middle(op, reshape(x, [x.size]), { dim: 0 }, skipNaN) as [Tensor, Tensor];
      return value;
    });
  }
  const dim = normalizeDim(op, options.dim, x.ndim);
  const n = x.shape[dim] ?? 1;
  if (n === 0) {
    throw new ShapeError(`${op}: dimension ${dim} of ${formatShape(x.shape)} has no elements to select from`);
  }
  // The lower of two in the middle.
  const half = (n - 1) >> 1;
  if (x.dtype !== "f32") return kthvalue(x, half + 1, { dim, keepdim: options.keepdim ?? false });
  return composite(op, () => {
    const [values, indices] = sort(x, { dim });
    const nans = sum(ne(x, x), { dim, keepdim: true });
    const at = skipNaN
      ? maximum(floorDivide(sub(n - 1, nans), 2), 0)
      : where(gt(nans, 0), sub(n, nans), half);
    const picked = (t: Tensor): Tensor => {
      const one = gather(t, at, { dim });
      return options.keepdim ? one : squeeze(one, { dim });
    };
    return [picked(values), picked(indices)];
  });
}

/**
 * The middle element in sorted order, of two the lower; NaN where any is NaN.
 * Rule: https://pytorch.org/docs/stable/generated/torch.median.html
 *
 * @returns without `dim` the median of all, a scalar; with it [values, indices] along the dimension. Gradients flow to the values.
 * @throws {ShapeError} nothing to select from.
 * @example
 * median(tensor([3, 1, 2])); // 2
 */
export function median(x: Tensor, options?: { dim?: undefined }): Tensor;
export function median(
  x: Tensor,
  options: SelectionOptions & { dim: number },
): [values: Tensor, indices: Tensor];
export function median(
  x: Tensor,
  options: SelectionOptions = {},
): Tensor | [values: Tensor, indices: Tensor] {
  return middle("median", x, options, false);
}

/**
 * `median` of what is not NaN; NaN where all is.
 * Rule: https://pytorch.org/docs/stable/generated/torch.nanmedian.html
 *
 * @example
 * nanmedian(tensor([3, NaN, 1])); // 1
 */
export function nanmedian(x: Tensor, options?: { dim?: undefined }): Tensor;
export function nanmedian(
  x: Tensor,
  options: SelectionOptions & { dim: number },
): [values: Tensor, indices: Tensor];
export function nanmedian(
  x: Tensor,
  options: SelectionOptions = {},
): Tensor | [values: Tensor, indices: Tensor] {
  return middle("nanmedian", x, options, true);
}
