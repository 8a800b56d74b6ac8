import { apply } from "../autograd/apply.ts";
import { isGradEnabled } from "../autograd/mode.ts";
import type { OpRecord, Saved } from "../autograd/node.ts";
import { ShapeError } from "../errors.ts";
import * as k from "../program/kernels.gen.ts";
import type { DType } from "../tensor/dtype.ts";
import { contiguousStrides, formatShape, normalizeDims, sameShape, type Shape } from "../tensor/shape.ts";
import { withWorkspace } from "../tensor/storage.ts";
import { contiguous, empty, view, type Tensor } from "../tensor/tensor.ts";
import type { Ptr } from "../wasm/heap.ts";
import { div, mul, sub } from "./arithmetic.ts";
import { castTo, to } from "./cast.ts";
import { eq } from "./compare.ts";
import { expand, permute, reshape } from "./movement.ts";
import { productOfOthers } from "./scan.ts";
import { exp } from "./unary.ts";
import { where } from "./select.ts";

export interface ReduceOptions {
  /** Dimensions to reduce; default all. */
  dim?: number | readonly number[];
  /** Keep reduced dimensions with size 1. Default false. */
  keepdim?: boolean;
}

export interface Reduction {
  readonly dims: readonly number[];
  readonly keepdim: boolean;
}

type Kernel = (out: Ptr, x: Ptr, outer: number, red: number, inner: number) => number;

/** The shape with the reduced dimensions gone, or 1. */
function reducedShape(shape: Shape, dims: readonly number[], keepdim: boolean): number[] {
  if (keepdim) return shape.map((n, d) => (dims.includes(d) ? 1 : n));
  return shape.filter((_, d) => !dims.includes(d));
}

/** Runs of neighbouring dimensions as [outer, reduced, inner] sizes, for dense data. */
function blocks(shape: Shape, first: number, last: number): [number, number, number] {
  const product = (from: number, end: number): number => shape.slice(from, end).reduce((a, b) => a * b, 1);
  return [product(0, first), product(first, last + 1), product(last + 1, shape.length)];
}

/** The dimensions as runs of neighbours, the last run first. */
function runsOf(dims: readonly number[]): [number, number][] {
  const runs: [number, number][] = [];
  for (const d of dims) {
    const run = runs[0];
    if (run !== undefined && run[1] === d - 1) run[1] = d;
    else runs.unshift([d, d]);
  }
  return runs;
}

/** Reduces run by run: right for reductions of reductions (sums, products, extrema). */
export function reduceRuns(x: Tensor, { dims, keepdim }: Reduction, kernel: Kernel, dtype: DType): Tensor {
  let current = contiguous(x);
  if (dims.length === 0) {
    const out = empty(current.shape, dtype);
    if (out.size > 0) kernel(out.ptr, current.ptr, out.size, 1, 1);
    return out;
  }
  for (const [first, last] of runsOf(dims)) {
    const [outer, red, inner] = blocks(current.shape, first, last);
    const out = empty(
      current.shape.map((n, d) => (d >= first && d <= last ? 1 : n)),
      dtype,
    );
    if (out.size > 0) kernel(out.ptr, current.ptr, outer, red, inner);
    current = out;
  }
  if (keepdim) return current;
  const shape = reducedShape(x.shape, dims, false);
  return view(current, shape, contiguousStrides(shape), 0);
}

/** Reduces all dims at once: moves them together first where they are not neighbours. */
function reduceTogether(x: Tensor, { dims, keepdim }: Reduction, kernel: Kernel, dtype: DType): Tensor {
  const runs = runsOf(dims);
  let source = x;
  let sizes: [number, number, number];
  if (runs.length > 1) {
    const kept = x.shape.map((_, d) => d).filter((d) => !dims.includes(d));
    const order = [...kept, ...dims];
    source = view(
      x,
      order.map((d) => x.shape[d] as number),
      order.map((d) => x.strides[d] as number),
      x.offset,
    );
    sizes = blocks(source.shape, kept.length, x.ndim - 1);
  } else {
    const [first, last] = runs[0] ?? [x.ndim, x.ndim - 1];
    sizes = blocks(x.shape, first, last);
  }
  const dense = contiguous(source);
  const out = empty(reducedShape(x.shape, dims, keepdim), dtype);
  if (out.size > 0) kernel(out.ptr, dense.ptr, ...sizes);
  return out;
}

/** Spreads a reduced gradient back over the dimensions that were reduced. */
export function spread(g: Tensor, shape: Shape, { dims, keepdim }: Reduction): Tensor {
  const kept = keepdim
    ? g
    : reshape(
        g,
        shape.map((n, d) => (dims.includes(d) ? 1 : n)),
      );
  return expand(kept, shape);
}

const countOf = (shape: Shape, dims: readonly number[]): number =>
  dims.reduce((n, d) => n * (shape[d] as number), 1);

export interface Reducer {
  (x: Tensor, options?: ReduceOptions): Tensor;
  readonly record: OpRecord<Reduction>;
}

function reducer(record: OpRecord<Reduction>): Reducer {
  const op = (x: Tensor, options: ReduceOptions = {}): Tensor =>
    apply(record, [x], {
      dims: normalizeDims(record.name, options.dim, x.ndim),
      keepdim: options.keepdim ?? false,
    });
  return Object.assign(op, { record });
}

export function refuseEmpty(name: string, x: Tensor, dims: readonly number[]): void {
  if (countOf(x.shape, dims) === 0) {
    throw new ShapeError(
      `${name}: nothing to reduce: ${formatShape(x.shape)} has no elements along [${dims.join(", ")}], and ${name} of nothing is undefined`,
    );
  }
}

/** From so many columns on, each of so many rows, rows are read in their order: going down columns leaves every page after a line. */
const WIDE = 128;
const TALL = 16;

const sumF32: Kernel = (out, x, outer, red, inner) =>
  inner >= WIDE && red >= TALL
    ? withWorkspace(k.sumRows_f32_workspace(inner), (sums) => k.sumRows_f32(out, x, outer, red, inner, sums))
    : k.sum_f32(out, x, outer, red, inner);

/**
 * Sum; of bools and bytes as i32. An empty sum is 0. f32 is added in blocks, so that a million elements keep their accuracy.
 * @throws {ShapeError} a dimension that x does not have, or one named twice.
 * @example
 * sum(tensor([[1, 2], [3, 4]])); // 10
 * sum(tensor([[1, 2], [3, 4]]), { dim: 1 }); // [3, 7]
 */
export const sum = /* @__PURE__ */ reducer({
  name: "sum",
  forward([input], how) {
    const x = input as Tensor;
    if (x.dtype === "f32") return reduceRuns(x, how, sumF32, "f32");
    return reduceRuns(castTo(x, "i32"), how, k.sum_i32, "i32");
  },
  vjp: ([g], s, how) => [spread(g as Tensor, s.shape(0), how)],
});

/** Sums a gradient back to the shape that was broadcast. */
export function sumTo(g: Tensor, shape: Shape): Tensor {
  if (sameShape(g.shape, shape)) return g;
  const lead = g.ndim - shape.length;
  const dims = g.shape
    .map((_, d) => d)
    .filter((d) => d < lead || (shape[d - lead] === 1 && g.shape[d] !== 1));
  return reshape(sum(g, { dim: dims, keepdim: true }), shape);
}

/**
 * Arithmetic mean, in f32; NaN of nothing.
 * @throws {ShapeError} a dimension that x does not have, or one named twice.
 * @example
 * mean(tensor([[1, 2], [3, 4]]), { dim: 0 }); // [2, 3]
 */
export const mean = /* @__PURE__ */ reducer({
  name: "mean",
  forward([input], how) {
    const x = castTo(input as Tensor, "f32");
    return reduceTogether(x, how, k.mean_f32, "f32");
  },
  vjp: ([g], s, how) => [spread(mul(g as Tensor, 1 / countOf(s.shape(0), how.dims)), s.shape(0), how)],
});

/**
 * Largest elements, NaN where any is NaN. Gradients are shared evenly among ties. `max` gives the positions, too.
 * @throws {ShapeError} a dimension that x does not have, or one named twice.
 * @throws {ShapeError} nothing to reduce.
 * @example
 * amax(tensor([[1, 5], [4, 2]]), { dim: 1 }); // [5, 4]
 */
export const amax = /* @__PURE__ */ reducer(extremum("amax", k.amax_f32, k.amax_i32));

/**
 * Smallest elements, NaN where any is NaN. Gradients are shared evenly among ties. `min` gives the positions, too.
 * @throws {ShapeError} a dimension that x does not have, or one named twice.
 * @throws {ShapeError} nothing to reduce.
 * @example
 * amin(tensor([[1, 5], [4, 2]]), { dim: 1, keepdim: true }); // [[1], [2]]
 */
export const amin = /* @__PURE__ */ reducer(extremum("amin", k.amin_f32, k.amin_i32));

function extremum(name: string, f32: Kernel, i32: Kernel): OpRecord<Reduction> {
  return {
    name,
    forward([input], how) {
      const x = input as Tensor;
      refuseEmpty(name, x, how.dims);
      if (x.dtype === "f32") return reduceRuns(x, how, f32, "f32");
      return reduceRuns(castTo(x, "i32"), how, i32, "i32");
    },
    saves: { inputs: [0], output: true },
    vjp: ([g], s, how) => {
      const x = s.input(0);
      const hit = to(eq(x, spread(s.output, x.shape, how)), "f32");
      const ties = sum(hit, { dim: how.dims, keepdim: true });
      return [mul(div(hit, ties), spread(g as Tensor, x.shape, how))];
    },
  };
}

/**
 * Product; of bools and bytes as i32. An empty product is 1. The gradient is exact where there are zeros, too.
 * @throws {ShapeError} a dimension that x does not have, or one named twice.
 * @example
 * prod(tensor([[1, 2], [3, 4]]), { dim: 1 }); // [2, 12]
 */
export const prod = /* @__PURE__ */ reducer({
  name: "prod",
  forward([input], how) {
    const x = input as Tensor;
    if (x.dtype === "f32") return reduceRuns(x, how, k.prod_f32, "f32");
    return reduceRuns(castTo(x, "i32"), how, k.prod_i32, "i32");
  },
  saves: { inputs: [0], output: true },
  vjp: ([g], s, how) => [prodGrad(g as Tensor, s, how)],
});

/** Moves the reduced dimensions to the end and merges them. */
function gathered(x: Tensor, dims: readonly number[]): { lines: Tensor; back: (lines: Tensor) => Tensor } {
  const kept = x.shape.map((_, d) => d).filter((d) => !dims.includes(d));
  const order = [...kept, ...dims];
  const moved = permute(x, order);
  const inverse = order.map((_, d) => order.indexOf(d));
  return {
    lines: reshape(moved, [...moved.shape.slice(0, kept.length), countOf(x.shape, dims)]),
    back: (lines) => permute(reshape(lines, moved.shape), inverse),
  };
}

/** ∂Πx/∂xᵢ is the product of the others: Πx/xᵢ, but with zeros about the product that leaves the zero out. */
function prodGrad(g: Tensor, s: Saved, how: Reduction): Tensor {
  const x = s.input(0);
  const dims = how.dims;
  if (isGradEnabled()) {
    // With derivatives to come, zeros must not be told apart by a mask.
    const { lines, back } = gathered(x, dims);
    return mul(spread(g, x.shape, how), back(productOfOthers(lines, lines.ndim - 1)));
  }
  const zero = to(eq(x, 0), "f32");
  const zeros = sum(zero, { dim: dims, keepdim: true });
  const safe = where(eq(x, 0), 1, x);
  const others = prod(safe, { dim: dims, keepdim: true });
  // Without zeros every element gets Π/xᵢ; with one zero only that element gets the product of the rest; with more, none.
  const share = where(eq(zeros, 0), div(others, safe), where(eq(zeros, 1), mul(zero, others), 0));
  return mul(spread(g, x.shape, how), share);
}

export interface Moment extends Reduction {
  readonly correction: number;
}

const varRecord: OpRecord<Moment> = {
  name: "var",
  forward([input], how) {
    const x = castTo(input as Tensor, "f32");
    return reduceTogether(
      x,
      how,
      (out, from, outer, red, inner) => k.var_f32(out, from, outer, red, inner, how.correction),
      "f32",
    );
  },
  saves: { inputs: [0] },
  vjp: ([g], s, how) => {
    const x = s.input(0);
    const n = countOf(x.shape, how.dims);
    const centred = sub(x, mean(x, { dim: how.dims, keepdim: true }));
    return [mul(spread(g as Tensor, x.shape, how), mul(centred, 2 / Math.max(0, n - how.correction)))];
  },
};

export interface VarOptions extends ReduceOptions {
  /** What is taken off the count: 1 for the unbiased estimate (default), 0 for the population's. */
  correction?: number;
}

function moment(op: string, x: Tensor, options: VarOptions): Moment {
  return {
    dims: normalizeDims(op, options.dim, x.ndim),
    keepdim: options.keepdim ?? false,
    correction: options.correction ?? 1,
  };
}

/**
 * Variance. Unbiased by default; NaN where the count does not exceed the correction. PyTorch's `var`.
 * @throws {ShapeError} a dimension that x does not have, or one named twice.
 * @example
 * const x = tensor([1, 2, 3, 4]);
 * x.var(); // 1.667
 * x.var({ correction: 0 }); // 1.25
 */
const variance = /* @__PURE__ */ Object.assign(
  (x: Tensor, options: VarOptions = {}): Tensor => apply(varRecord, [x], moment("var", x, options)),
  { record: varRecord },
);
export { variance as var };

const stdRecord: OpRecord<Moment> = {
  name: "std",
  forward(inputs, how, extras) {
    const out = varRecord.forward(inputs, how, extras) as Tensor;
    if (out.size > 0) k.sqrt_f32(out.ptr, out.ptr, out.size);
    return out;
  },
  saves: { inputs: [0], output: true },
  vjp: ([g], s, how) => {
    const x = s.input(0);
    const n = countOf(x.shape, how.dims);
    const centred = sub(x, mean(x, { dim: how.dims, keepdim: true }));
    const constant = eq(s.output, 0);
    // Where nothing varies the root has no slope; PyTorch takes 0.
    const scale = where(constant, 0, div(g as Tensor, where(constant, 1, s.output)));
    return [mul(spread(scale, x.shape, how), mul(centred, 1 / Math.max(0, n - how.correction)))];
  },
};

/**
 * Standard deviation. The root of `var`; where nothing varies its gradient is 0. PyTorch's `std`.
 * @throws {ShapeError} a dimension that x does not have, or one named twice.
 * @example
 * std(tensor([1, 2, 3, 4])); // 1.291
 */
export const std = /* @__PURE__ */ Object.assign(
  (x: Tensor, options: VarOptions = {}): Tensor => apply(stdRecord, [x], moment("std", x, options)),
  { record: stdRecord },
);

/**
 * log Σ eˣ without overflow. −Infinity of nothing.
 * @throws {ShapeError} a dimension that x does not have, or one named twice.
 * @example
 * logsumexp(tensor([100, 100])); // 100.7
 */
export const logsumexp = /* @__PURE__ */ reducer({
  name: "logsumexp",
  forward([input], how) {
    return reduceTogether(castTo(input as Tensor, "f32"), how, k.logsumexp_f32, "f32");
  },
  saves: { inputs: [0], output: true },
  vjp: ([g], s, how) => {
    const x = s.input(0);
    return [mul(spread(g as Tensor, x.shape, how), exp(sub(x, spread(s.output, x.shape, how))))];
  },
});

function logical(name: string, kernel: Kernel): Reducer {
  return reducer({
    name,
    forward: ([x], how) => reduceRuns(castTo(x as Tensor, "bool"), how, kernel, "bool"),
  });
}

/**
 * Whether any element is not 0. bool; false of nothing.
 * @throws {ShapeError} a dimension that x does not have, or one named twice.
 * @example
 * any(tensor([[0, 1], [0, 0]]), { dim: 1 }); // [true, false]
 */
export const any = /* @__PURE__ */ logical("any", k.any_bool);

/**
 * Whether all elements are not 0. bool; true of nothing.
 * @throws {ShapeError} a dimension that x does not have, or one named twice.
 * @example
 * all(tensor([[1, 1], [0, 1]]), { dim: 1 }); // [true, false]
 */
export const all = /* @__PURE__ */ logical("all", k.all_bool);

/**
 * How many elements are not 0, as i32.
 * @example
 * countNonzero(tensor([[0, 1], [2, 3]]), { dim: 0 }); // [1, 2]
 */
export const countNonzero = /* @__PURE__ */ reducer({
  name: "countNonzero",
  forward: ([x], how) => reduceTogether(castTo(x as Tensor, "bool"), how, k.sum_bool, "i32"),
});

export interface ArgOptions {
  /** Dimension to search; default all elements, flattened. */
  dim?: number;
  /** Keep the reduced dimension with size 1. Default false. */
  keepdim?: boolean;
}

function argReducer(
  name: string,
  f32: Kernel,
  i32: Kernel,
): Reducer & ((x: Tensor, options?: ArgOptions) => Tensor) {
  return reducer({
    name,
    forward([input], how) {
      const x = input as Tensor;
      refuseEmpty(name, x, how.dims);
      if (x.dtype === "f32") return reduceTogether(x, how, f32, "i32");
      return reduceTogether(castTo(x, "i32"), how, i32, "i32");
    },
  });
}

/**
 * Position of the largest element, the first on ties, i32; NaN counts as largest. Over all elements, flattened, without `dim`.
 * @throws {ShapeError} nothing to reduce.
 * @example
 * argmax(tensor([[1, 5], [4, 2]])); // 1
 * argmax(tensor([[1, 5], [4, 2]]), { dim: 0 }); // [1, 0]
 */
export const argmax = /* @__PURE__ */ argReducer("argmax", k.argmax_f32, k.argmax_i32);

/**
 * Position of the smallest element, the first on ties, i32; NaN counts as smallest. Over all elements, flattened, without `dim`.
 * @throws {ShapeError} nothing to reduce.
 * @example
 * argmin(tensor([[1, 5], [4, 2]])); // 0
 * argmin(tensor([[1, 5], [4, 2]]), { dim: 0 }); // [0, 1]
 */
export const argmin = /* @__PURE__ */ argReducer("argmin", k.argmin_f32, k.argmin_i32);
