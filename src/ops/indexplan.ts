import { IndexOutOfRangeError, ShapeError, ValueError } from "../errors.ts";
import { tensor } from "../tensor/create.ts";
import { formatShape, type Shape } from "../tensor/shape.ts";
import { view, Tensor } from "../tensor/tensor.ts";
import { nonzero, positionsOf } from "./masked.ts";

/** What the items of an index come to: a view of the tensor, then index tensors along some of the view's dimensions. */

/** Every `step`-th element from `start` to before `end`, with Python's rules for negative and out-of-range bounds; all by default. */
export interface Range {
  readonly start?: number;
  readonly end?: number;
  /** Whole, not 0. Below 0 it runs backwards, from the last element by default, and the result is a copy. */
  readonly step?: number;
}

/**
 * One place in an index:
 * - a number picks an entry and drops the dimension (negative: from the end), a scalar i32 tensor likewise;
 * - a `Range` or ":" keeps the dimension;
 * - null inserts a dimension of size 1;
 * - "..." stands for all dimensions that no other item names;
 * - an i32 or u8 tensor, or an array of numbers, picks entries; several broadcast together;
 * - a bool tensor picks where it is true and stands for as many dimensions as it has; true and false, for none.
 */
export type IndexItem = number | boolean | null | "..." | ":" | Range | Tensor | readonly number[];

interface Axis {
  /** Dimension of the tensor, or −1 for a new one. */
  readonly dim: number;
  readonly start: number;
  readonly step: number;
  readonly length: number;
}

/** A view, as said without strides, so that it can be laid over any tensor of the shape. */
export interface View {
  readonly axes: readonly Axis[];
  /** Single entries: dimension and position. */
  readonly fixed: readonly (readonly [dim: number, at: number])[];
}

export interface Plan {
  readonly view: View;
  /** Dimensions of the view that index tensors stand for, ascending. */
  readonly dims: readonly number[];
  readonly indices: readonly Tensor[];
}

/** The view laid over a tensor; strides are negative where a step is. */
export function viewBy(x: Tensor, { axes, fixed }: View): Tensor {
  const stride = (dim: number): number => (dim < 0 ? 0 : (x.strides[dim] as number));
  let { offset } = x;
  for (const [dim, at] of fixed) offset += at * stride(dim);
  const shape = axes.map((a) => a.length);
  if (!shape.includes(0)) for (const { dim, start } of axes) offset += start * stride(dim);
  return view(
    x,
    shape,
    axes.map((a) => a.step * stride(a.dim)),
    offset,
  );
}

/** Whether the view is the tensor as it stands. */
export const isWhole = ({ axes, fixed }: View, shape: Shape): boolean =>
  fixed.length === 0 && axes.every((a, d) => a.dim === d && a.step === 1 && a.length === shape[d]);

/** How many dimensions an item stands for. */
function width(item: IndexItem): number {
  if (item === null || item === "..." || typeof item === "boolean") return 0;
  return item instanceof Tensor && item.dtype === "bool" ? item.ndim : 1;
}

/** Lays the items out over the dimensions of `x`. Masks are read here: what they pick decides shapes. */
export function planOf(op: string, x: Tensor, items: readonly IndexItem[]): Plan {
  const named = items.reduce((n: number, item) => n + width(item), 0);
  if (named > x.ndim) {
    throw new IndexOutOfRangeError(
      `${op}: ${named} indices for the ${x.ndim} dimensions of ${formatShape(x.shape)}`,
    );
  }
  const dots = items.filter((item) => item === "...").length;
  if (dots > 1) throw new ValueError(`${op}: "..." may stand once, got it ${dots} times`);

  const layout = new Layout(op, x.shape);
  for (const item of dots === 0 ? [...items, "..." as const] : items) {
    if (item === "...") for (let left = x.ndim - named; left > 0; left--) layout.range({});
    else layout.add(item);
  }
  const { axes, fixed, dims, indices } = layout;
  return { view: { axes, fixed }, dims, indices };
}

class Layout {
  readonly axes: Axis[] = [];
  readonly fixed: [number, number][] = [];
  readonly dims: number[] = [];
  readonly indices: Tensor[] = [];
  private readonly op: string;
  private readonly shape: Shape;
  /** The next dimension of the tensor. */
  private dim = 0;

  constructor(op: string, shape: Shape) {
    this.op = op;
    this.shape = shape;
  }

  add(item: Exclude<IndexItem, "...">): void {
    if (item === null) this.axes.push({ dim: -1, start: 0, step: 1, length: 1 });
    else if (item === ":") this.range({});
    else if (typeof item === "number") this.entry(item);
    else if (typeof item === "boolean") this.flag(tensor(item));
    else if (Array.isArray(item)) this.list(item as readonly number[]);
    else if (!(item instanceof Tensor)) this.range(checkRange(this.op, item));
    else if (item.dtype === "bool") this.mask(item);
    else if (item.ndim === 0 && item.dtype !== "f32") this.entry(item.item());
    else this.pick(item);
  }

  private entry(at: number): void {
    const n = this.shape[this.dim] as number;
    if (!Number.isInteger(at)) throw new ValueError(`${this.op}: indices must be whole numbers, got ${at}`);
    if (at < -n || at >= n) {
      throw new IndexOutOfRangeError(
        `${this.op}: index ${at} is outside [${-n}, ${n - 1}], dimension ${this.dim} of ${formatShape(this.shape)}`,
      );
    }
    this.fixed.push([this.dim++, at < 0 ? at + n : at]);
  }

  range({ start, end, step = 1 }: Range): void {
    const n = this.shape[this.dim] as number;
    // Where a walk may stand: from the first element to behind the last, or the other way round.
    const [low, high] = step > 0 ? [0, n] : [-1, n - 1];
    const clip = (at: number): number => Math.min(high, Math.max(low, at < 0 ? at + n : at));
    const first = start === undefined ? (step > 0 ? low : high) : clip(start);
    const last = end === undefined ? (step > 0 ? high : low) : clip(end);
    const length = Math.max(0, Math.ceil((last - first) / step));
    this.axes.push({ dim: this.dim++, start: first, step, length });
  }

  private list(entries: readonly number[]): void {
    const odd = entries.find((at) => !Number.isInteger(at));
    if (odd !== undefined)
      throw new ValueError(`${this.op}: indices must be whole numbers, got ${String(odd)}`);
    this.pick(tensor([...entries], { dtype: "i32" }));
  }

  private pick(index: Tensor): void {
    this.dims.push(this.axes.length);
    this.indices.push(index);
    this.range({});
  }

  /** A mask without dimensions: one entry of a new dimension, or none. */
  private flag(mask: Tensor): void {
    this.dims.push(this.axes.length);
    this.indices.push(positionsOf(mask));
    this.add(null);
  }

  private mask(mask: Tensor): void {
    if (mask.ndim === 0) {
      this.flag(mask);
      return;
    }
    const covered = this.shape.slice(this.dim, this.dim + mask.ndim);
    if (mask.shape.some((n, d) => n !== covered[d])) {
      throw new ShapeError(
        `${this.op}: the mask ${formatShape(mask.shape)} must have the sizes ${formatShape(covered)} of the dimensions it stands for, from ${this.dim} on`,
      );
    }
    for (const index of nonzero(mask, { asTuple: true })) this.pick(index);
  }
}

/** ±Infinity is as far as there is. */
const isBound = (at: number): boolean => Number.isInteger(at) || at === Infinity || at === -Infinity;

const KNOWN = ["start", "end", "step"];

function checkRange(op: string, item: unknown): Range {
  const keys = typeof item === "object" && item !== null ? Object.keys(item) : null;
  if (keys === null || keys.some((key) => !KNOWN.includes(key))) {
    throw new ValueError(
      `${op}: an index is a number, a range { start, end, step }, ":", "...", null, a tensor or an array of numbers, got ${keys === null ? typeof item : `{ ${keys.join(", ")} }`}`,
    );
  }
  const range = item as Range;
  for (const [name, value] of Object.entries(range) as [string, number | undefined][]) {
    if (value === undefined) continue;
    const fits = name === "step" ? value !== 0 && Number.isInteger(value) : isBound(value);
    if (fits) continue;
    throw new ValueError(
      `${op}: ${name} must be a whole number${name === "step" ? " other than 0" : ""}, got ${value}`,
    );
  }
  return range;
}
