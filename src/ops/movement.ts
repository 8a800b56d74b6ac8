import { apply } from "../autograd/apply.ts";
import type { OpRecord } from "../autograd/node.ts";
import { ShapeError, ValueError } from "../errors.ts";
import { fillWith } from "../tensor/create.ts";
import { promote, type DType } from "../tensor/dtype.ts";
import {
  broadcastStrides,
  checkShape,
  formatShape,
  normalizeDim,
  normalizeDims,
  resolveReshape,
  sameShape,
  viewStrides,
  type Shape,
} from "../tensor/shape.ts";
import { composite } from "../tensor/lifetime.ts";
import { contiguous as dense, copyInto, empty, view, type Tensor } from "../tensor/tensor.ts";
import { castTo } from "./cast.ts";
import { sumTo } from "./reduce.ts";

/** Views cost nothing: they share the storage under another shape and strides. Only what no strides can express copies. */

const reshapeRecord: OpRecord<Shape> = {
  name: "reshape",
  halves: true,
  forward([input], shape) {
    const x = input as Tensor;
    const strides = viewStrides(x.shape, x.strides, shape);
    if (strides !== null) return view(x, shape, strides, x.offset);
    const copy = dense(x);
    return view(copy, shape, viewStrides(copy.shape, copy.strides, shape) as Shape, copy.offset);
  },
  vjp: ([g], s) => [reshape(g as Tensor, s.shape(0))],
};

/**
 * The same elements, row-major, in another shape; one size may be −1. A view where strides allow it, else a copy.
 * @throws {ShapeError} another number of elements, or more than one −1.
 * @example
 * reshape(tensor([1, 2, 3, 4]), [2, -1]); // [[1, 2], [3, 4]]
 */
export const reshape = /* @__PURE__ */ Object.assign(
  (x: Tensor, shape: Shape): Tensor => apply(reshapeRecord, [x], resolveReshape("reshape", x.shape, shape)),
  { record: reshapeRecord },
);

/**
 * Merges the dimensions from startDim to endDim (both inclusive, default all) into one. A view where strides allow it; a scalar becomes
 * [1].
 * @throws {ShapeError} a dimension that x does not have, or startDim behind endDim.
 * @example
 * flatten(zeros([2, 3, 4]), { startDim: 1 }).shape; // [2, 12]
 */
export function flatten(x: Tensor, options: { startDim?: number; endDim?: number } = {}): Tensor {
  const start = normalizeDim("flatten", options.startDim ?? 0, x.ndim);
  const end = normalizeDim("flatten", options.endDim ?? -1, x.ndim);
  if (start > end) throw new ShapeError(`flatten: startDim ${start} lies behind endDim ${end}`);
  if (x.ndim === 0) return reshape(x, [1]);
  const merged = x.shape.slice(start, end + 1).reduce((a, b) => a * b, 1);
  return reshape(x, [...x.shape.slice(0, start), merged, ...x.shape.slice(end + 1)]);
}

/**
 * Removes dimensions of size 1: all of them, or those named (others stay). A view.
 * @throws {ShapeError} a dimension that x does not have.
 * @example
 * squeeze(zeros([1, 3, 1])).shape; // [3]
 * squeeze(zeros([1, 3, 1]), { dim: 0 }).shape; // [3, 1]
 */
export function squeeze(x: Tensor, options: { dim?: number | readonly number[] } = {}): Tensor {
  const dims = normalizeDims("squeeze", options.dim, x.ndim);
  return reshape(
    x,
    x.shape.filter((n, d) => n !== 1 || !dims.includes(d)),
  );
}

/**
 * Inserts a dimension of size 1 before `dim` (negative: counted from the end of the result). A view.
 * @throws {ShapeError} a place outside [−rank − 1, rank].
 * @example
 * unsqueeze(zeros([2, 3]), -1).shape; // [2, 3, 1]
 */
export function unsqueeze(x: Tensor, dim: number): Tensor {
  const at = normalizeDim("unsqueeze", dim, x.ndim + 1);
  return reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
}

const permuteRecord: OpRecord<readonly number[]> = {
  name: "permute",
  halves: true,
  forward([input], dims) {
    const x = input as Tensor;
    return view(
      x,
      dims.map((d) => x.shape[d] as number),
      dims.map((d) => x.strides[d] as number),
      x.offset,
    );
  },
  vjp: ([g], _s, dims) => {
    const inverse = new Array<number>(dims.length);
    dims.forEach((d, i) => (inverse[d] = i));
    return [permute(g as Tensor, inverse)];
  },
};

/**
 * The dimensions in another order: result dimension i is input dimension dims[i]. A view.
 * @throws {ShapeError} dims that do not name each dimension once.
 * @example
 * permute(zeros([2, 3, 4]), [2, 0, 1]).shape; // [4, 2, 3]
 */
export const permute = /* @__PURE__ */ Object.assign(
  (x: Tensor, dims: readonly number[]): Tensor => {
    const order = dims.map((d) => normalizeDim("permute", d, x.ndim));
    if (order.length !== x.ndim || new Set(order).size !== order.length) {
      throw new ShapeError(
        `permute: [${dims.join(", ")}] must name each of the ${x.ndim} dimensions of ${formatShape(x.shape)} once`,
      );
    }
    return apply(permuteRecord, [x], order);
  },
  { record: permuteRecord },
);

/**
 * Swaps two dimensions. A view.
 * @throws {ShapeError} a dimension that x does not have.
 * @example
 * transpose(tensor([[1, 2], [3, 4]]), 0, 1); // [[1, 3], [2, 4]]
 */
export function transpose(x: Tensor, dim0: number, dim1: number): Tensor {
  const a = normalizeDim("transpose", dim0, x.ndim);
  const b = normalizeDim("transpose", dim1, x.ndim);
  const order = x.shape.map((_, d) => (d === a ? b : d === b ? a : d));
  return permute(x, order);
}

/**
 * Moves dimensions to other places; the rest keep their order. A view. PyTorch's `movedim`.
 * @throws {ShapeError} as many destinations as sources are needed, and dimensions that x has.
 * @example
 * movedim(zeros([2, 3, 4]), 0, -1).shape; // [3, 4, 2]
 */
export function movedim(
  x: Tensor,
  source: number | readonly number[],
  destination: number | readonly number[],
): Tensor {
  const from = [source].flat().map((d) => normalizeDim("movedim", d, x.ndim));
  const target = [destination].flat().map((d) => normalizeDim("movedim", d, x.ndim));
  if (from.length !== target.length) {
    throw new ShapeError(`movedim: ${from.length} source dimensions but ${target.length} destinations`);
  }
  const order = new Array<number>(x.ndim).fill(-1);
  from.forEach((d, i) => (order[target[i] as number] = d));
  const rest = x.shape.map((_, d) => d).filter((d) => !from.includes(d));
  return permute(
    x,
    order.map((d) => (d < 0 ? (rest.shift() as number) : d)),
  );
}

const expandRecord: OpRecord<Shape> = {
  name: "expand",
  halves: true,
  forward([input], shape) {
    const x = input as Tensor;
    return view(x, shape, broadcastStrides(x.shape, x.strides, shape), x.offset);
  },
  vjp: ([g], s) => [sumTo(g as Tensor, s.shape(0))],
};

/**
 * Repeats dimensions of size 1 (and new leading ones) without copying; −1 keeps a size. A view.
 * @throws {ShapeError} a shape that x does not broadcast to.
 * @example
 * expand(tensor([[1], [2]]), [-1, 3]); // [[1, 1, 1], [2, 2, 2]]
 */
export const expand = /* @__PURE__ */ Object.assign(
  (x: Tensor, shape: Shape): Tensor => {
    const lead = shape.length - x.ndim;
    const target = shape.map((n, d) => (n === -1 && d >= lead ? (x.shape[d - lead] as number) : n));
    checkShape("expand", target);
    const fits = lead >= 0 && x.shape.every((n, d) => n === 1 || n === target[d + lead]);
    if (!fits)
      throw new ShapeError(`expand: ${formatShape(x.shape)} does not broadcast to ${formatShape(shape)}`);
    return sameShape(target, x.shape) ? x : apply(expandRecord, [x], target);
  },
  { record: expandRecord },
);

const flipRecord: OpRecord<readonly number[]> = {
  name: "flip",
  halves: true,
  forward([input], dims) {
    const x = input as Tensor;
    let { offset } = x;
    const strides = x.strides.map((stride, d) => {
      if (!dims.includes(d)) return stride;
      offset += stride * ((x.shape[d] as number) - 1);
      return -stride;
    });
    // A view with negative strides for the length of the op; the result is dense, as in PyTorch.
    const out = empty(x.shape, x.dtype);
    if (x.size > 0) copyInto(out, view(x, x.shape, strides, offset));
    return out;
  },
  vjp: ([g], _s, dims) => [flip(g as Tensor, { dims })],
};

/**
 * Reverses the order along `dims`. A copy, as in PyTorch.
 * @throws {ShapeError} a dimension that x does not have.
 * @example
 * flip(tensor([[1, 2], [3, 4]]), { dims: 1 }); // [[2, 1], [4, 3]]
 */
export const flip = /* @__PURE__ */ Object.assign(
  (x: Tensor, options: { dims: number | readonly number[] }): Tensor =>
    apply(flipRecord, [x], normalizeDims("flip", options.dims, x.ndim)),
  { record: flipRecord },
);

export interface Cut {
  readonly dim: number;
  readonly start: number;
  readonly step: number;
  readonly length: number;
}

function cutView(x: Tensor, { dim, start, step, length }: Cut): Tensor {
  const shape = x.shape.map((n, d) => (d === dim ? length : n));
  const strides = x.strides.map((s, d) => (d === dim ? s * step : s));
  return view(x, shape, strides, x.offset + (length === 0 ? 0 : start * (x.strides[dim] as number)));
}

const sliceRecord: OpRecord<Cut> = {
  name: "slice",
  halves: true,
  forward: ([x], cut) => cutView(x as Tensor, cut),
  vjp: ([g], s, cut) => [apply(sliceGradRecord, [g as Tensor], { cut, shape: s.shape(0) })],
};

/** A slice's gradient: zeros with g in its place. */
const sliceGradRecord: OpRecord<{ readonly cut: Cut; readonly shape: Shape }> = {
  name: "sliceGrad",
  forward([g], { cut, shape }) {
    const out = empty(shape, "f32");
    fillWith(out, 0);
    copyInto(cutView(out, cut), g as Tensor);
    return out;
  },
  vjp: ([v], _s, { cut }) => [apply(sliceRecord, [v as Tensor], cut)],
};

/**
 * Every `step`-th element from `start` to before `end` along `dim`, with Python's rules for negative and out-of-range bounds. A view. By
 * default all of dimension 0.
 * @throws {ValueError} a step that is not a whole number ≥ 1 (`flip` and `index` go backwards). {ShapeError} a scalar.
 * @example
 * slice(tensor([0, 1, 2, 3, 4]), { start: 1, step: 2 }); // [1, 3]
 * slice(tensor([0, 1, 2, 3, 4]), { start: -2 }); // [3, 4]
 */
export const slice = /* @__PURE__ */ Object.assign(
  (x: Tensor, options: { dim?: number; start?: number; end?: number; step?: number }): Tensor => {
    const dim = normalizeDim("slice", options.dim ?? 0, x.ndim);
    const n = x.shape[dim] ?? 1;
    const step = options.step ?? 1;
    if (x.ndim === 0) throw new ShapeError("slice: a scalar has no dimension to slice");
    if (!Number.isInteger(step) || step < 1)
      throw new ValueError(`slice: step must be a whole number ≥ 1, got ${step}`);
    const clip = (at: number): number => {
      if (!Number.isInteger(at)) throw new ValueError(`slice: bounds must be whole numbers, got ${at}`);
      return Math.min(n, Math.max(0, at < 0 ? at + n : at));
    };
    const start = clip(options.start ?? 0);
    const end = clip(Math.min(options.end ?? n, Number.MAX_SAFE_INTEGER));
    const length = Math.max(0, Math.ceil((end - start) / step));
    return apply(sliceRecord, [x], { dim, start, step, length });
  },
  { record: sliceRecord },
);

/**
 * `length` elements from `start` along `dim`. A view. A negative start counts from the end.
 * @throws {ShapeError} what the dimension does not hold.
 * @example
 * narrow(tensor([0, 1, 2, 3]), { dim: 0, start: 1, length: 2 }); // [1, 2]
 */
export function narrow(x: Tensor, options: { dim: number; start: number; length: number }): Tensor {
  const dim = normalizeDim("narrow", options.dim, x.ndim);
  const n = x.shape[dim] ?? 1;
  const start = options.start < 0 ? options.start + n : options.start;
  const { length } = options;
  if (
    !Number.isInteger(start) ||
    !Number.isInteger(length) ||
    start < 0 ||
    length < 0 ||
    start + length > n
  ) {
    throw new ShapeError(
      `narrow: start ${options.start} and length ${length} leave dimension ${dim} of size ${n} in ${formatShape(x.shape)}`,
    );
  }
  return apply(sliceRecord, [x], { dim, start, step: 1, length });
}

/**
 * The entry at `index` along `dim`, without that dimension. A view. A negative index counts from the end.
 * @throws {ShapeError} an index outside of the dimension.
 * @example
 * select(tensor([[1, 2], [3, 4]]), 0, -1); // [3, 4]
 */
export function select(x: Tensor, dim: number, index: number): Tensor {
  const d = normalizeDim("select", dim, x.ndim);
  return composite("select", () => squeeze(narrow(x, { dim: d, start: index, length: 1 }), { dim: d }));
}

/**
 * Parts of `size` elements along `dim` (the last may be shorter), or of the sizes given. Views. `dim` is 0 by default.
 * @throws {ShapeError} sizes that do not add up to the dimension. {ValueError} a size below 1.
 * @example
 * split(tensor([1, 2, 3]), 2); // [1, 2], [3]
 * const [head, tail] = split(tensor([1, 2, 3]), [1, 2]); // [1], [2, 3]
 */
export function split(
  x: Tensor,
  sizes: number | readonly number[],
  options: { dim?: number } = {},
): Tensor[] {
  const dim = normalizeDim("split", options.dim ?? 0, x.ndim);
  const n = x.shape[dim] ?? 1;
  if (typeof sizes === "number") {
    if (!Number.isInteger(sizes) || sizes < 1)
      throw new ValueError(`split: the size must be a whole number ≥ 1, got ${sizes}`);
    const count = Math.max(1, Math.ceil(n / sizes));
    return split(
      x,
      Array.from({ length: count }, (_, i) => Math.min(sizes, n - i * sizes)),
      { dim },
    );
  }
  const total = sizes.reduce((a, b) => a + b, 0);
  if (total !== n) {
    throw new ShapeError(
      `split: sizes [${sizes.join(", ")}] add up to ${total}, dimension ${dim} of ${formatShape(x.shape)} has ${n}`,
    );
  }
  let start = 0;
  return sizes.map((length) => {
    const part = narrow(x, { dim, start, length });
    start += length;
    return part;
  });
}

/**
 * At most `chunks` parts of equal size along `dim`; the last may be shorter. Views. `dim` is 0 by default.
 * @throws {ValueError} chunks that are not a whole number ≥ 1.
 * @example
 * chunk(tensor([1, 2, 3, 4, 5]), 2); // [1, 2, 3], [4, 5]
 */
export function chunk(x: Tensor, chunks: number, options: { dim?: number } = {}): Tensor[] {
  if (!Number.isInteger(chunks) || chunks < 1)
    throw new ValueError(`chunk: needs a whole number of chunks ≥ 1, got ${chunks}`);
  const dim = normalizeDim("chunk", options.dim ?? 0, x.ndim);
  const n = x.shape[dim] ?? 1;
  if (n === 0) return split(x, Array<number>(chunks).fill(0), { dim });
  return split(x, Math.ceil(n / chunks), { dim });
}

const catRecord: OpRecord<{ readonly dim: number; readonly dtype: DType }> = {
  name: "cat",
  halves: true,
  forward(inputs, { dim, dtype }) {
    const first = inputs[0] as Tensor;
    let total = 0;
    for (const t of inputs) total += t.shape[dim] as number;
    const out = empty(
      first.shape.map((n, d) => (d === dim ? total : n)),
      dtype,
    );
    let start = 0;
    for (const t of inputs) {
      const length = t.shape[dim] as number;
      copyInto(cutView(out, { dim, start, step: 1, length }), castTo(t, dtype));
      start += length;
    }
    return out;
  },
  vjp: ([g], s, { dim }) => {
    let start = 0;
    return s.shapes.map((shape) => {
      const length = shape[dim] as number;
      const part = narrow(g as Tensor, { dim, start, length });
      start += length;
      return part;
    });
  },
};

/**
 * Joins tensors along a dimension that they have; all other sizes must agree. `dim` is 0 by default; docs/dtypes.md has the dtype of a
 * mixture.
 * @throws {ShapeError} sizes that differ elsewhere, or scalars. {ValueError} no tensors.
 * @example
 * cat([tensor([1, 2]), tensor([3])]); // [1, 2, 3]
 * cat([ones([2, 3]), zeros([2, 1])], { dim: 1 }).shape; // [2, 4]
 */
export const cat = /* @__PURE__ */ Object.assign(
  (tensors: readonly Tensor[], options: { dim?: number } = {}): Tensor => {
    const first = tensors[0];
    if (first === undefined) throw new ValueError("cat: needs at least one tensor");
    if (first.ndim === 0) throw new ShapeError("cat: scalars have no dimension to join along; use stack");
    const dim = normalizeDim("cat", options.dim ?? 0, first.ndim);
    tensors.forEach((t, i) => {
      if (t.ndim !== first.ndim || t.shape.some((n, d) => d !== dim && n !== first.shape[d])) {
        throw new ShapeError(
          `cat: tensor ${i} has shape ${formatShape(t.shape)}, tensor 0 ${formatShape(first.shape)}; they may differ in dimension ${dim} only`,
        );
      }
    });
    const dtype = tensors.reduce<DType>((d, t) => promote(d, t.dtype), first.dtype);
    return apply(catRecord, tensors, { dim, dtype });
  },
  { record: catRecord },
);

/**
 * Joins tensors of one shape along a new dimension. It stands at `dim`, 0 by default.
 * @throws {ShapeError} shapes that differ. {ValueError} no tensors.
 * @example
 * stack([tensor([1, 2]), tensor([3, 4])]); // [[1, 2], [3, 4]]
 * stack([tensor([1, 2]), tensor([3, 4])], { dim: 1 }); // [[1, 3], [2, 4]]
 */
export function stack(tensors: readonly Tensor[], options: { dim?: number } = {}): Tensor {
  const first = tensors[0];
  if (first === undefined) throw new ValueError("stack: needs at least one tensor");
  tensors.forEach((t, i) => {
    if (!sameShape(t.shape, first.shape)) {
      throw new ShapeError(
        `stack: tensor ${i} has shape ${formatShape(t.shape)}, tensor 0 ${formatShape(first.shape)}; all must be equal`,
      );
    }
  });
  const dim = normalizeDim("stack", options.dim ?? 0, first.ndim + 1);
  return composite("stack", () =>
    cat(
      tensors.map((t) => unsqueeze(t, dim)),
      { dim },
    ),
  );
}

const cloneRecord: OpRecord<null> = {
  name: "clone",
  halves: true,
  forward([input]) {
    const x = input as Tensor;
    const out = empty(x.shape, x.dtype);
    copyInto(out, x);
    return out;
  },
  vjp: ([g]) => [g as Tensor],
};

/**
 * A dense copy; gradients flow through.
 * @example
 * const x = tensor([1, 2]);
 * clone(x).mul_(10); // [10, 20]
 * x; // [1, 2]
 */
export const clone = /* @__PURE__ */ Object.assign((x: Tensor): Tensor => apply(cloneRecord, [x], null), {
  record: cloneRecord,
});

/**
 * The tensor itself where its elements lie row-major without gaps, else a dense copy.
 * @example
 * contiguous(transpose(tensor([[1, 2], [3, 4]]), 0, 1)).strides; // [2, 1]
 */
export const contiguous = (x: Tensor): Tensor => (x.isContiguous ? x : clone(x));
