import { apply } from "../autograd/apply.ts";
import type { OpRecord } from "../autograd/node.ts";
import { DTypeError, IndexOutOfRangeError, ShapeError, ValueError } from "../errors.ts";
import * as k from "../program/kernels.gen.ts";
import { arange, fillWith } from "../tensor/create.ts";
import { bytesOf } from "../tensor/dtype.ts";
import { composite } from "../tensor/lifetime.ts";
import { formatShape, normalizeDim, type Shape } from "../tensor/shape.ts";
import { contiguous, empty, type Tensor } from "../tensor/tensor.ts";
import { i32 } from "../wasm/views.ts";
import { castTo, to } from "./cast.ts";
import { eq } from "./compare.ts";
import { reshape, unsqueeze } from "./movement.ts";
import { around } from "./softmax.ts";

/** An index tensor, dense and i32. */
function asIndex(op: string, index: Tensor): Tensor {
  if (index.dtype === "f32" || index.dtype === "bool") {
    throw new DTypeError(
      `${op}: indices must be whole numbers (i32), got ${index.dtype}; convert with to(index, "i32")`,
    );
  }
  return contiguous(castTo(index, "i32"));
}

function refuse(op: string, index: Tensor, code: number, size: number): never {
  const value = i32[(index.ptr >>> 2) + code - 1] as number;
  throw new IndexOutOfRangeError(
    `${op}: index ${value} at position ${code - 1} is outside [${-size}, ${size - 1}]`,
  );
}

const indexSelectRecord: OpRecord<number> = {
  name: "indexSelect",
  forward([input, indices], dim) {
    const x = contiguous(input as Tensor);
    const index = asIndex("indexSelect", indices as Tensor);
    if (bytesOf(x.dtype) !== 4)
      throw new DTypeError(`indexSelect: takes f32 or i32, got ${x.dtype}; convert with to(x, "i32")`);
    const [outer, n, inner] = around(x.shape, dim);
    const out = empty(
      x.shape.map((size, d) => (d === dim ? index.size : size)),
      x.dtype,
    );
    if (out.size === 0) return out;
    const code = k.indexSelect_32(out.ptr, x.ptr, index.ptr, outer, n, inner, index.size);
    if (code !== 0) refuse("indexSelect", index, code, n);
    return out;
  },
  saves: { inputs: [1] },
  vjp: ([g], s, dim) => [apply(indexAddRecord, [g as Tensor, s.input(1)], { dim, shape: s.shape(0) }), null],
};

/** The gradient of picking: adds each picked row back where it came from. */
const indexAddRecord: OpRecord<{ readonly dim: number; readonly shape: Shape }> = {
  name: "indexSelectGrad",
  forward([gradient, indices], { dim, shape }) {
    const g = contiguous(gradient as Tensor);
    const index = asIndex("indexSelectGrad", indices as Tensor);
    const out = empty(shape, "f32");
    fillWith(out, 0);
    const [outer, n, inner] = around(shape, dim);
    if (g.size > 0) k.indexAdd_f32(out.ptr, g.ptr, index.ptr, outer, n, inner, index.size);
    return out;
  },
  saves: { inputs: [1] },
  vjp: ([v], s, { dim }) => [apply(indexSelectRecord, [v as Tensor, s.input(1)], dim), null],
};

/** The entries `index` (i32 [m], negative counts from the end) along `dim`. */
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

const gatherRecord: OpRecord<number> = {
  name: "gather",
  forward([input, indices], dim) {
    const x = contiguous(input as Tensor);
    const index = asIndex("gather", indices as Tensor);
    if (bytesOf(x.dtype) !== 4)
      throw new DTypeError(`gather: takes f32 or i32, got ${x.dtype}; convert with to(x, "i32")`);
    const out = empty(index.shape, x.dtype);
    if (out.size === 0) return out;
    const [outer, n, inner] = around(x.shape, dim);
    const code = k.gather_32(out.ptr, x.ptr, index.ptr, outer, n, inner, index.shape[dim] as number);
    if (code !== 0) refuse("gather", index, code, n);
    return out;
  },
  saves: { inputs: [1] },
  vjp: ([g], s, dim) => [
    apply(scatterAddRecord, [g as Tensor, s.input(1)], { dim, shape: s.shape(0) }),
    null,
  ],
};

const scatterAddRecord: OpRecord<{ readonly dim: number; readonly shape: Shape }> = {
  name: "gatherGrad",
  forward([gradient, indices], { dim, shape }) {
    const g = contiguous(gradient as Tensor);
    const index = asIndex("gatherGrad", indices as Tensor);
    const out = empty(shape, "f32");
    fillWith(out, 0);
    const [outer, n, inner] = around(shape, dim);
    if (g.size > 0) k.scatterAdd_f32(out.ptr, g.ptr, index.ptr, outer, n, inner, index.shape[dim] as number);
    return out;
  },
  saves: { inputs: [1] },
  vjp: ([v], s, { dim }) => [apply(gatherRecord, [v as Tensor, s.input(1)], dim), null],
};

/** out[..., i, ...] = x[..., index[..., i, ...], ...] along `dim`; index has x's rank, and x's sizes in the other dimensions. */
export const gather = /* @__PURE__ */ Object.assign(
  (x: Tensor, index: Tensor, options: { dim: number }): Tensor => {
    const dim = normalizeDim("gather", options.dim, x.ndim);
    if (index.ndim !== x.ndim || index.shape.some((n, d) => d !== dim && n !== x.shape[d])) {
      throw new ShapeError(
        `gather: the index ${formatShape(index.shape)} must have the shape of the input ${formatShape(x.shape)} but for dimension ${dim}`,
      );
    }
    return apply(gatherRecord, [x, index], dim);
  },
  { record: gatherRecord },
);

/** Rows of `weight` [num, dim] by index (i32 of any shape) → [...index shape, dim]. */
export function embedding(index: Tensor, weight: Tensor): Tensor {
  if (weight.ndim !== 2)
    throw new ShapeError(`embedding: the weight must be [num, dim], got ${formatShape(weight.shape)}`);
  return composite("embedding", () => {
    const rows = indexSelect(weight, reshape(index, [-1]), { dim: 0 });
    return reshape(rows, [...index.shape, weight.shape[1] as number]);
  });
}

/** 1 at the class, 0 elsewhere, f32: [...] → [..., numClasses]. */
export function oneHot(x: Tensor, options: { numClasses: number }): Tensor {
  const { numClasses } = options;
  if (!Number.isInteger(numClasses) || numClasses < 1) {
    throw new ValueError(`oneHot: numClasses must be a whole number ≥ 1, got ${numClasses}`);
  }
  return composite("oneHot", () => {
    const index = asIndex("oneHot", x);
    index.read((classes) => {
      for (let i = 0; i < classes.length; i++) {
        const c = classes[i] as number;
        if (c < 0 || c >= numClasses) {
          throw new IndexOutOfRangeError(
            `oneHot: class ${c} at position ${i} is outside [0, ${numClasses - 1}]`,
          );
        }
      }
    });
    return to(eq(unsqueeze(index, -1), arange(numClasses)), "f32");
  });
}
