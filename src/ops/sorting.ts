import { applyMulti } from "../autograd/apply.ts";
import type { OpRecord } from "../autograd/node.ts";
import { ValueError } from "../errors.ts";
import { parallelism } from "../program/emit.ts";
import { sort_32, sort_32_workspace, topk_32, topk_32_workspace } from "../program/kernels.gen.ts";
import { composite } from "../tensor/lifetime.ts";
import { formatShape, normalizeDim, type Shape } from "../tensor/shape.ts";
import { withWorkspace } from "../tensor/storage.ts";
import { contiguous, empty, view, type Tensor } from "../tensor/tensor.ts";
import { castTo } from "./cast.ts";
import { gatherBack } from "./indexing.ts";

/** Sorting and selecting along a dimension. Stable; NaN counts as the largest, −0 equals 0. */

const FLOAT = 1;
const DESCENDING = 2;

export interface Sort {
  readonly dim: number;
  readonly descending: boolean;
  /** How many of the first are wanted; null: all. */
  readonly k: number | null;
}

/** The tensor with a dimension moved to another place; nothing is copied. */
function moved(x: Tensor, from: number, to: number): Tensor {
  const order = x.shape.map((_, d) => d);
  order.splice(to, 0, ...order.splice(from, 1));
  const pick = (sizes: Shape): number[] => order.map((d) => sizes[d] as number);
  return view(x, pick(x.shape), pick(x.strides), x.offset);
}

/** Below this share of a row, a heap of the first k is faster than sorting the row. */
const HEAP_SHARE = 1 / 8;

function sortAlong(input: Tensor, { dim, descending, k }: Sort): [Tensor, Tensor] {
  const last = Math.max(0, input.ndim - 1);
  const x = castTo(input, input.dtype === "f32" ? "f32" : "i32");
  const dense = contiguous(moved(x, dim, last));
  const n = dense.shape[last] ?? 1;
  const kept = k ?? n;
  const shape = dense.shape.map((size, d) => (d === last ? kept : size));
  const heap = kept < n * HEAP_SHARE;
  const written = heap ? shape : dense.shape;
  const [values, indices] = [empty(written, dense.dtype), empty(written, "i32")];
  const rows = dense.size / Math.max(1, n);
  const flags = (dense.dtype === "f32" ? FLOAT : 0) | (descending ? DESCENDING : 0);
  const [to, at, from] = [values.ptr, indices.ptr, dense.ptr];
  if (values.size > 0 && heap) {
    withWorkspace(topk_32_workspace(rows, kept, parallelism()) >>> 0, (workspace) => {
      topk_32(to, at, from, rows, n, kept, flags, workspace);
    });
  } else if (values.size > 0) {
    // Up to 4 GiB, which an i32 shows as a negative number.
    withWorkspace(sort_32_workspace(rows, n, parallelism()) >>> 0, (workspace) => {
      sort_32(to, at, from, rows, n, flags, workspace);
    });
  }
  const back = (t: Tensor): Tensor => {
    const cut = view(t, shape, t.strides, t.offset);
    return contiguous(moved(cut, last, dim));
  };
  return [castTo(back(values), input.dtype), back(indices)];
}

const sortRecord: OpRecord<Sort> = {
  name: "sort",
  forward([x], how, extras) {
    const [values, indices] = sortAlong(x as Tensor, how);
    extras.push(indices);
    return [values, indices];
  },
  vjp: ([g], s, { dim }) => [g ? gatherBack(g, s.extra(0), dim, s.shape(0)) : null],
  differentiable: [0],
};

export interface SortOptions {
  /** Dimension to sort along. Default −1, the last. */
  dim?: number;
  /** Largest first. Default false. */
  descending?: boolean;
  /** Whether equal elements keep their order: they always do. */
  stable?: boolean;
}

/**
 * Sorts along a dimension. Equal elements keep their order; NaN counts as the largest.
 * Rule: https://pytorch.org/docs/stable/generated/torch.sort.html
 *
 * @param x any dtype.
 * @returns `[values, indices]`: x's shape; the values in x's dtype, where they stood in x as i32. Gradients flow to the values.
 * @example
 * const [values, indices] = sort(tensor([3, 1, 2])); // [1, 2, 3], [1, 2, 0]
 */
export const sort = /* @__PURE__ */ Object.assign(
  (x: Tensor, options: SortOptions = {}): [values: Tensor, indices: Tensor] => {
    const dim = normalizeDim("sort", options.dim ?? -1, x.ndim);
    const descending = options.descending ?? false;
    return applyMulti(sortRecord, [x], { dim, descending, k: null }) as [Tensor, Tensor];
  },
  { record: sortRecord },
);

/**
 * The indices that sort along a dimension, as `sort` gives them.
 * Rule: https://pytorch.org/docs/stable/generated/torch.argsort.html
 *
 * @returns i32, x's shape.
 * @example
 * argsort(tensor([3, 1, 2])); // [1, 2, 0]
 */
export const argsort = (x: Tensor, options: SortOptions = {}): Tensor =>
  composite("argsort", () => sort(x, options)[1]);

export interface TopkOptions {
  /** Dimension to select along. Default −1, the last. */
  dim?: number;
  /** The largest, else the smallest. Default true. */
  largest?: boolean;
  /** Whether the result must be sorted: it always is. */
  sorted?: boolean;
}

/**
 * The k largest (or smallest) along a dimension, best first; of equal ones the earliest. NaN counts as the largest.
 * Rule: https://pytorch.org/docs/stable/generated/torch.topk.html
 *
 * @param k from 0 to the size of the dimension.
 * @returns `[values, indices]`: k at `dim`; the values in x's dtype, where they stood in x as i32. Gradients flow to the values.
 * @throws {ValueError} k outside of the dimension.
 * @example
 * const [values, indices] = topk(tensor([3, 1, 2]), 2); // [3, 2], [0, 2]
 */
export const topk = /* @__PURE__ */ Object.assign(
  (x: Tensor, k: number, options: TopkOptions = {}): [values: Tensor, indices: Tensor] => {
    const dim = normalizeDim("topk", options.dim ?? -1, x.ndim);
    const n = x.shape[dim] ?? 1;
    if (!Number.isInteger(k) || k < 0 || k > n) {
      throw new ValueError(
        `topk: k must be a whole number from 0 to ${n}, dimension ${dim} of ${formatShape(x.shape)}, got ${k}`,
      );
    }
    if (x.ndim === 0 && k === 0) throw new ValueError("topk: of a scalar k must be 1, got 0");
    const how = { dim, descending: options.largest ?? true, k };
    return applyMulti(sortRecord, [x], how) as [Tensor, Tensor];
  },
  { record: sortRecord },
);
