import { apply } from "../autograd/apply.ts";
import { detach } from "../autograd/leaf.ts";
import type { OpRecord } from "../autograd/node.ts";
import { ShapeError } from "../errors.ts";
import { searchsorted_32 } from "../program/kernels.gen.ts";
import { full } from "../tensor/create.ts";
import { composite } from "../tensor/lifetime.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import { contiguous, empty, type Tensor } from "../tensor/tensor.ts";
import { sub } from "./arithmetic.ts";
import { castTo } from "./cast.ts";
import { eq, logicalAnd, logicalOr, ne } from "./compare.ts";
import { indexSelect } from "./indexing.ts";
import { positionsOf } from "./masked.ts";
import { cat, reshape, slice } from "./movement.ts";
import { sort } from "./sorting.ts";

/** Searching in what is sorted, and what it takes. */

export interface SearchOptions {
  /** Give the place behind equal elements, else before them. Default false. */
  right?: boolean;
}

const searchRecord: OpRecord<boolean> = {
  name: "searchsorted",
  forward([sequence, wanted], right) {
    const [s, v] = [sequence as Tensor, wanted as Tensor];
    const dtype = s.dtype === "f32" || v.dtype === "f32" ? "f32" : "i32";
    const sorted = contiguous(castTo(s, dtype));
    const values = contiguous(castTo(v, dtype));
    const out = empty(values.shape, "i32");
    if (out.size === 0) return out;
    const n = sorted.shape.at(-1) as number;
    // One sequence for all values, or one a row.
    const rows = sorted.ndim === 1 ? 1 : values.size / (values.shape.at(-1) as number);
    const [stride, float] = [rows === 1 ? 0 : n, Number(dtype === "f32")];
    const m = values.size / rows;
    searchsorted_32(out.ptr, sorted.ptr, values.ptr, rows, n, m, stride, Number(right), float);
    return out;
  },
};

/**
 * Where values would have to be inserted to keep a sequence ascending: how many of its elements lie below (with `right`: not above) each.
 * NaN counts as the largest.
 * Rule: https://pytorch.org/docs/stable/generated/torch.searchsorted.html
 *
 * @param sorted ascending along its last dimension: one row [n] for all values, or [..., n] with the leading dimensions of `values`.
 * @param values [..., m].
 * @returns i32, the shape of `values`.
 * @throws {ShapeError} leading dimensions that differ.
 * @example
 * searchsorted(tensor([1, 3, 5]), tensor([3, 4])); // [1, 2]
 */
export const searchsorted = /* @__PURE__ */ Object.assign(
  (sorted: Tensor, values: Tensor, options: SearchOptions = {}): Tensor => {
    const shared = sorted.ndim === 1;
    if (
      !shared &&
      (sorted.ndim !== values.ndim || !sameShape(sorted.shape.slice(0, -1), values.shape.slice(0, -1)))
    ) {
      throw new ShapeError(
        `searchsorted: the sequence ${formatShape(sorted.shape)} must have one dimension, or the leading ones of the values ${formatShape(values.shape)}`,
      );
    }
    if (sorted.ndim === 0)
      throw new ShapeError("searchsorted: the sequence must have a dimension, got a scalar");
    return apply(searchRecord, [sorted, values], options.right ?? false);
  },
  { record: searchRecord },
);

/**
 * In which of the intervals between ascending boundaries [n] each value lies: 0 … n, as `searchsorted` counts.
 * Rule: https://pytorch.org/docs/stable/generated/torch.bucketize.html
 *
 * @returns i32, the shape of `x`.
 * @example
 * bucketize(tensor([0.5, 2]), tensor([1, 2, 3])); // [0, 1]
 */
export function bucketize(x: Tensor, boundaries: Tensor, options: SearchOptions = {}): Tensor {
  if (boundaries.ndim !== 1)
    throw new ShapeError(
      `bucketize: boundaries must have one dimension, got ${formatShape(boundaries.shape)}`,
    );
  return searchsorted(boundaries, x, options);
}

export interface UniqueOptions {
  /** Also where each element of x stands among the values: i32, x's shape. Default false. */
  returnInverse?: boolean;
  /** Also how often each value occurs: i32. Default false. */
  returnCounts?: boolean;
}

/**
 * The values that occur, each once, ascending; all NaN are one value, −0 is 0. Their number is known only when it is read.
 * Rule: https://pytorch.org/docs/stable/generated/torch.unique.html (of all elements; NaN as in NumPy)
 *
 * @returns the values [count] in x's dtype; where more is asked for [values, inverse?, counts?]. Without gradients.
 * @example
 * unique(tensor([3, 1, 3])); // [1, 3]
 */
export function unique(x: Tensor, options?: { returnInverse?: false; returnCounts?: false }): Tensor;
export function unique(x: Tensor, options: UniqueOptions): Tensor | Tensor[];
export function unique(x: Tensor, options: UniqueOptions = {}): Tensor | Tensor[] {
  return composite("unique", () => {
    const flat = reshape(detach(x), [x.size]);
    const [sorted] = sort(flat);
    const [before, after] = [slice(sorted, { end: -1 }), slice(sorted, { start: 1 })];
    const changes = logicalAnd(ne(before, after), logicalOr(eq(before, before), eq(after, after)));
    const first = full([Math.min(1, x.size)], 1, { dtype: "bool" });
    const starts = positionsOf(cat([first, changes]));
    const values = indexSelect(sorted, starts, { dim: 0 });
    if (options.returnInverse !== true && options.returnCounts !== true) return values;
    const results = [values];
    if (options.returnInverse) results.push(reshape(searchsorted(values, flat), x.shape));
    if (options.returnCounts) {
      const ends = cat([slice(starts, { start: 1 }), full([first.size], x.size, { dtype: "i32" })]);
      results.push(sub(ends, starts));
    }
    return results;
  });
}
