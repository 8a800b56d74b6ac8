import { apply } from "../autograd/apply.ts";
import type { OpRecord } from "../autograd/node.ts";
import { ShapeError } from "../errors.ts";
import { fillWith } from "../tensor/create.ts";
import { composite } from "../tensor/lifetime.ts";
import {
  broadcastShapes,
  contiguousStrides,
  formatShape,
  normalizeDim,
  type Shape,
} from "../tensor/shape.ts";
import { empty, type Tensor } from "../tensor/tensor.ts";
import { expand, narrow, reshape } from "./movement.ts";
import { offsetsOf, readAt, without, writeAt, type Places } from "./offsets.ts";

/** Picking along one dimension. Indices below 0 count from the end. */

function rowsAt(op: string, x: Tensor, index: Tensor, dim: number): Places {
  return {
    shape: x.shape.map((n, d) => (d === dim ? index.size : n)),
    strides: without(x.strides, dim),
    offsets: offsetsOf(op, index, x.shape[dim] as number, x.strides[dim] as number),
    offsetStrides: x.shape.map((_, d) => Number(d === dim)),
  };
}

const indexSelectRecord: OpRecord<number> = {
  name: "indexSelect",
  forward: ([x, index], dim) => readAt(x as Tensor, rowsAt("indexSelect", x as Tensor, index as Tensor, dim)),
  saves: { inputs: [1] },
  vjp: ([g], s, dim) => [rowsBack(g as Tensor, s.input(1), dim, s.shape(0)), null],
};

/** The gradient of picking: zeros of `shape` to which each picked row is added back where it came from. */
const indexSelectGradRecord: OpRecord<{ readonly dim: number; readonly shape: Shape }> = {
  name: "indexSelectGrad",
  forward([g, index], { dim, shape }) {
    const out = empty(shape, "f32");
    fillWith(out, 0);
    writeAt(out, rowsAt("indexSelectGrad", out, index as Tensor, dim), g as Tensor, "add");
    return out;
  },
  saves: { inputs: [1] },
  vjp: ([v], s, { dim }) => [apply(indexSelectRecord, [v as Tensor, s.input(1)], dim), null],
};

const rowsBack = (g: Tensor, index: Tensor, dim: number, shape: Shape): Tensor =>
  apply(indexSelectGradRecord, [g, index], { dim, shape });

/**
 * The entries that `index` names along `dim`: out[…, i, …] = x[…, index[i], …].
 * Rule: https://pytorch.org/docs/stable/generated/torch.index_select.html; negative indices count from the end.
 *
 * @param index i32 or u8 [m]; `x` of any dtype.
 * @returns x's shape with m at `dim`. Gradients of an entry picked repeatedly add up.
 * @throws {IndexOutOfRangeError} an index outside of the dimension.
 * @example
 * indexSelect(tensor([[1, 2], [3, 4]]), tensor([1, 1, 0], { dtype: "i32" }), { dim: 0 }); // [[3, 4], [3, 4], [1, 2]]
 */
export const indexSelect = /* @__PURE__ */ Object.assign(
  (x: Tensor, index: Tensor, options: { dim: number }): Tensor => {
    const dim = normalizeDim("indexSelect", options.dim, x.ndim);
    if (index.ndim > 1)
      throw new ShapeError(`indexSelect: the index must have one dimension, got ${formatShape(index.shape)}`);
    if (x.ndim === 0) throw new ShapeError("indexSelect: a scalar has no dimension to pick from");
    return apply(indexSelectRecord, [x, index], dim);
  },
  { record: indexSelectRecord },
);

/** The places in `x` that an index of x's rank, and of its sizes but along `dim`, names along `dim`. */
export function elementsAt(op: string, x: Tensor, index: Tensor, dim: number): Places {
  return {
    shape: index.shape,
    strides: index.shape.map((_, d) => (d === dim ? 0 : (x.strides[d] as number))),
    offsets: offsetsOf(op, index, x.shape[dim] ?? 1, x.strides[dim] ?? 0),
    offsetStrides: contiguousStrides(index.shape),
  };
}

/**
 * Refuses an index of another rank than x, or larger than it but along `dim`. A scalar goes as one element of rank 1; with nothing to
 * pick there is nothing to check.
 */
export function checkIndexShape(op: string, x: Tensor, index: Shape, dim: number): void {
  if (index.includes(0)) return;
  const ranks = [x.ndim, index.length].map((n) => Math.max(1, n));
  if (ranks[0] === ranks[1] && index.every((n, d) => d === dim || n <= (x.shape[d] as number))) return;
  throw new ShapeError(
    `${op}: the index ${formatShape(index)} must have the shape of the input ${formatShape(x.shape)}, or smaller sizes, but for dimension ${dim}`,
  );
}

/** The leading part of `x` of the sizes of `shape`, but along `dim`. */
export const cutTo = (x: Tensor, shape: Shape, dim = -1): Tensor =>
  shape.reduce(
    (t, n, d) => (d === dim || n >= (t.shape[d] ?? 1) ? t : narrow(t, { dim: d, start: 0, length: n })),
    x,
  );

const gatherRecord: OpRecord<number> = {
  name: "gather",
  forward: ([x, index], dim) => readAt(x as Tensor, elementsAt("gather", x as Tensor, index as Tensor, dim)),
  saves: { inputs: [1] },
  vjp: ([g], s, dim) => [gatherBack(g as Tensor, s.input(1), dim, s.shape(0)), null],
};

const gatherGradRecord: OpRecord<{ readonly dim: number; readonly shape: Shape }> = {
  name: "gatherGrad",
  forward([g, index], { dim, shape }) {
    const out = empty(shape, "f32");
    fillWith(out, 0);
    writeAt(out, elementsAt("gatherGrad", out, index as Tensor, dim), g as Tensor, "add");
    return out;
  },
  saves: { inputs: [1] },
  vjp: ([v], s, { dim }) => [apply(gatherRecord, [v as Tensor, s.input(1)], dim), null],
};

/** The gradient of gathering along `dim`: zeros of `shape` to which `g` is added where it came from. */
export const gatherBack = (g: Tensor, index: Tensor, dim: number, shape: Shape): Tensor =>
  apply(gatherGradRecord, [g, index], { dim, shape });

/**
 * Element by element along `dim`: out[…, i, …] = x[…, index[…, i, …], …].
 * Rule: https://pytorch.org/docs/stable/generated/torch.gather.html; negative indices count from the end.
 *
 * @param index i32 or u8, of x's rank; in the other dimensions not larger than x, whose rest is then left out.
 * @returns the index's shape, x's dtype. Gradients of an element picked repeatedly add up.
 * @throws {ShapeError} ranks differ, or the index is larger. {IndexOutOfRangeError} an index outside of the dimension.
 * @example
 * gather(tensor([[1, 2], [3, 4]]), tensor([[0], [1]], { dtype: "i32" }), { dim: 1 }); // [[1], [4]]
 */
export const gather = /* @__PURE__ */ Object.assign(
  (x: Tensor, index: Tensor, options: { dim: number }): Tensor => {
    const dim = normalizeDim("gather", options.dim, x.ndim);
    checkIndexShape("gather", x, index.shape, dim);
    return composite("gather", () => apply(gatherRecord, [cutTo(x, index.shape, dim), index], dim));
  },
  { record: gatherRecord },
);

/**
 * `gather` with the index broadcast against x but along `dim`; without `dim` both are flattened. What `argsort` gives fits.
 * Rule: https://pytorch.org/docs/stable/generated/torch.take_along_dim.html
 *
 * @example
 * const x = tensor([[3, 1, 2]]);
 * takeAlongDim(x, argsort(x, { dim: 1 }), { dim: 1 }); // [[1, 2, 3]]
 */
export function takeAlongDim(x: Tensor, index: Tensor, options: { dim?: number } = {}): Tensor {
  return composite("takeAlongDim", () => {
    if (options.dim === undefined)
      return gather(reshape(x, [x.size]), reshape(index, [index.size]), { dim: 0 });
    const dim = normalizeDim("takeAlongDim", options.dim, x.ndim);
    if (index.ndim !== x.ndim) {
      throw new ShapeError(
        `takeAlongDim: the index ${formatShape(index.shape)} must have the rank of the input ${formatShape(x.shape)}`,
      );
    }
    const one = (shape: Shape): Shape => shape.map((n, d) => (d === dim ? 1 : n));
    const common = broadcastShapes("takeAlongDim", one(x.shape), one(index.shape));
    const along = (t: Tensor): Tensor =>
      expand(
        t,
        common.map((n, d) => (d === dim ? (t.shape[d] as number) : n)),
      );
    return gather(along(x), along(index), { dim });
  });
}

/**
 * Elements of x, seen as one row of them, at the positions in `index`.
 * Rule: https://pytorch.org/docs/stable/generated/torch.take.html
 *
 * @returns the index's shape.
 * @example
 * take(tensor([[1, 2], [3, 4]]), tensor([3, 0], { dtype: "i32" })); // [4, 1]
 */
export function take(x: Tensor, index: Tensor): Tensor {
  return composite("take", () => {
    const picked = indexSelect(reshape(x, [x.size]), reshape(index, [index.size]), { dim: 0 });
    return reshape(picked, index.shape);
  });
}
