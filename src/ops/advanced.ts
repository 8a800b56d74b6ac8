import { apply } from "../autograd/apply.ts";
import type { OpRecord } from "../autograd/node.ts";
import { ShapeError } from "../errors.ts";
import { fillWith, full } from "../tensor/create.ts";
import { composite } from "../tensor/lifetime.ts";
import { broadcastShapes, contiguousStrides, formatShape, sameShape, type Shape } from "../tensor/shape.ts";
import { copyInto, empty, type Tensor } from "../tensor/tensor.ts";
import { castTo } from "./cast.ts";
import { isWhole, planOf, viewBy, type IndexItem, type Plan, type View } from "./indexplan.ts";
import { expand } from "./movement.ts";
import { asIndex, offsetsOf, readAt, writeAt, type Places } from "./offsets.ts";
import { sumTo } from "./reduce.ts";
import { copied, fitting, summing } from "./scatter.ts";

/** Indexing by several items at once, as NumPy and PyTorch have it: reading, and placing. */

const viewRecord: OpRecord<View> = {
  name: "index",
  forward([x], plan) {
    const out = viewBy(x as Tensor, plan);
    // Kernels take strides of any sign, but a tensor that people hold steps forwards.
    return plan.axes.some((a) => a.step < 0) ? copied(out) : out;
  },
  vjp: ([g], s, plan) => [apply(viewGradRecord, [g as Tensor], { plan, shape: s.shape(0) })],
};

/** Zeros of `shape` with g where the view stands. */
const viewGradRecord: OpRecord<{ readonly plan: View; readonly shape: Shape }> = {
  name: "indexGrad",
  forward([g], { plan, shape }) {
    const out = empty(shape, "f32");
    fillWith(out, 0);
    copyInto(viewBy(out, plan), g as Tensor);
    return out;
  },
  vjp: ([v], _s, { plan }) => [apply(viewRecord, [v as Tensor], plan)],
};

/** The places that index tensors along `dims` name: their dimensions stand at the first of `dims`, or first of all where others lie between. */
function placesOf(op: string, x: Tensor, dims: readonly number[], indices: readonly Tensor[]): Places {
  const shape = indices.reduce<Shape>((common, t) => broadcastShapes(op, common, t.shape), []);
  const single = indices.length === 1;
  let offsets: Tensor | undefined;
  for (const [i, d] of dims.entries()) {
    const index = asIndex(op, indices[i] as Tensor);
    const dense = single ? index : copied(expand(index, shape));
    offsets = offsetsOf(op, dense, x.shape[d] as number, x.strides[d] as number, offsets);
  }
  const first = dims[0] as number;
  const adjacent = dims.every((d, i) => d === first + i);
  const before = x.shape.map((_, d) => d).filter((d) => adjacent && d < first);
  const after = x.shape.map((_, d) => d).filter((d) => !dims.includes(d) && !before.includes(d));
  const around = (sizes: Shape, middle: Shape): number[] => [
    ...before.map((d) => sizes[d] as number),
    ...middle,
    ...after.map((d) => sizes[d] as number),
  ];
  const none = x.shape.map(() => 0);
  return {
    shape: around(x.shape, shape),
    strides: around(
      x.strides,
      shape.map(() => 0),
    ),
    offsets: offsets as Tensor,
    offsetStrides: around(none, contiguousStrides(shape)),
  };
}

const pickRecord: OpRecord<readonly number[]> = {
  name: "index",
  forward([x, ...indices], dims, extras) {
    extras.push(...indices);
    return readAt(x as Tensor, placesOf("index", x as Tensor, dims, indices));
  },
  vjp: ([g], s, dims) => {
    const indices = dims.map((_, i) => s.extra(i));
    return [apply(pickGradRecord, [g as Tensor, ...indices], { dims, shape: s.shape(0) })];
  },
};

/** Zeros of `shape` to which g is added where it came from. */
const pickGradRecord: OpRecord<{ readonly dims: readonly number[]; readonly shape: Shape }> = {
  name: "indexGrad",
  forward([g, ...indices], { dims, shape }, extras) {
    extras.push(...indices);
    const out = empty(shape, "f32");
    fillWith(out, 0);
    writeAt(out, placesOf("indexGrad", out, dims, indices), g as Tensor, "add");
    return out;
  },
  vjp: ([v], s, { dims }) => [apply(pickRecord, [v as Tensor, ...dims.map((_, i) => s.extra(i))], dims)],
};

/** Reads what a plan names. */
function read(x: Tensor, { view, dims, indices }: Plan): Tensor {
  if (dims.length === 0) return apply(viewRecord, [x], view);
  const seen = isWhole(view, x.shape) ? x : apply(viewRecord, [x], view);
  return apply(pickRecord, [seen, ...indices], dims);
}

/**
 * x[items]: by numbers, ranges, new dimensions, "...", index tensors and masks, in any mixture (see `IndexItem`). Without index
 * tensors, masks and negative steps it is a view, through which can be written.
 * Rule: https://numpy.org/doc/stable/user/basics.indexing.html, with PyTorch's order: numbers pick first
 * (https://pytorch.org/cppdocs/notes/tensor_indexing.html). Index tensors broadcast together; their dimensions stand where the first of
 * them stood if they are neighbours, else first.
 *
 * @returns x's dtype. Gradients flow to x and add up where an element is picked repeatedly.
 * @throws {IndexOutOfRangeError} an index outside of its dimension, or more indices than dimensions. {ShapeError} index tensors that do not
 * broadcast, a mask that does not fit. {DTypeError} f32 indices.
 * @example
 * const x = tensor([[1, 2, 3], [4, 5, 6]]);
 * x.index(0, { start: 1 }); // [2, 3]
 * x.index([1, 0]); // [[4, 5, 6], [1, 2, 3]]
 * x.index(x.gt(4)); // [5, 6]
 */
export function index(x: Tensor, ...items: IndexItem[]): Tensor {
  return composite("index", () => read(x, planOf("index", x, items)));
}

export interface Placing {
  /** The op that errors name. */
  readonly op: string;
  readonly view: View;
  readonly dims: readonly number[];
  readonly accumulate: boolean;
}

/** Writes values, broadcast, where the plan says; into views, too. */
function place(
  out: Tensor,
  values: Tensor,
  { op, view, dims, accumulate }: Placing,
  indices: readonly Tensor[],
): void {
  const seen = viewBy(out, view);
  // Without index tensors there is one place a value, at offset 0.
  const places =
    dims.length > 0
      ? placesOf(op, seen, dims, indices)
      : {
          shape: seen.shape,
          strides: seen.strides,
          offsets: full([], 0, { dtype: "i32" }),
          offsetStrides: seen.shape.map(() => 0),
        };
  if (!sameShape(broadcastShapes(op, places.shape, values.shape), places.shape)) {
    throw new ShapeError(
      `${op}: values of shape ${formatShape(values.shape)} do not broadcast to the ${formatShape(places.shape)} that the index names`,
    );
  }
  writeAt(seen, places, castTo(values, out.dtype), accumulate ? "add" : "set");
}

const indexPutRecord: OpRecord<Placing> = {
  name: "indexPut",
  forward([x, values, ...indices], how, extras) {
    extras.push(...indices);
    const out = copied(x as Tensor);
    place(out, values as Tensor, how, indices);
    return out;
  },
  vjp: ([incoming], s, how) => {
    const g = incoming as Tensor;
    const indices = how.dims.map((_, i) => s.extra(i));
    const zeroed = (): Tensor =>
      apply(indexPutRecord, [g, full([], 0), ...indices], { ...how, accumulate: false });
    return [
      s.needs(0) ? (how.accumulate ? g : zeroed()) : null,
      s.needs(1) ? sumTo(read(g, { ...how, indices }), s.shape(1)) : null,
    ];
  },
};

export interface IndexPutOptions {
  /** Add to what stands there, as often as a place is named; else the last value in row-major order stays. Default false. */
  accumulate?: boolean;
}

/** Checks values and makes a number a scalar of x's dtype. */
function valuesFor(op: string, x: Tensor, values: Tensor | number, accumulate: boolean): Tensor {
  if (accumulate) summing(op, x);
  if (typeof values === "number") return full([], values, { dtype: x.dtype });
  fitting(op, x, values);
  return values;
}

/** `indexPut` in the name of `op`. */
export function putCopy(
  op: string,
  x: Tensor,
  items: readonly IndexItem[],
  values: Tensor | number,
  accumulate: boolean,
): Tensor {
  const source = valuesFor(op, x, values, accumulate);
  const { view, dims, indices } = planOf(op, x, items);
  return apply(indexPutRecord, [x, source, ...indices], { op, view, dims, accumulate });
}

/**
 * A copy of x with x[items] = values, or += with `accumulate`; items as in `index`.
 * Rule: https://pytorch.org/docs/stable/generated/torch.Tensor.index_put_.html
 *
 * @param values a number, or a tensor that broadcasts to the shape of `index(x, ...items)` and fits into x's dtype.
 * @returns x's shape and dtype. Gradients flow to x and to values; where a place is named twice without `accumulate`, both values
 * get its gradient, as in PyTorch.
 * @throws as `index`; {ShapeError} values that do not broadcast, {DTypeError} that do not fit.
 * @example
 * indexPut(zeros([3]), [[2, 0]], tensor([5, 7])); // [7, 0, 5]
 */
export const indexPut = /* @__PURE__ */ Object.assign(
  (x: Tensor, items: readonly IndexItem[], values: Tensor | number, options: IndexPutOptions = {}): Tensor =>
    composite("indexPut", () => putCopy("indexPut", x, items, values, options.accumulate ?? false)),
  { record: indexPutRecord },
);

/** Writes in place what `indexPut` writes to a copy. The caller has checked that `t` may be written to. */
export function indexPutInto(
  op: string,
  t: Tensor,
  items: readonly IndexItem[],
  values: Tensor | number,
  accumulate: boolean,
): void {
  const source = valuesFor(op, t, values, accumulate);
  // A source on the same storage may be what is being overwritten.
  const apart = source.storage === t.storage ? copied(source) : source;
  const { view, dims, indices } = planOf(op, t, items);
  place(t, apart, { op, view, dims, accumulate }, indices);
}
