import { DTypeError, IndexOutOfRangeError } from "../errors.ts";
import * as k from "../program/kernels.gen.ts";
import { bytesOf } from "../tensor/dtype.ts";
import { broadcastStrides, collapse, type Shape } from "../tensor/shape.ts";
import { contiguous, empty, type Tensor } from "../tensor/tensor.ts";
import { i32 } from "../wasm/views.ts";
import { castTo } from "./cast.ts";

/**
 * What picks and places by index has in common: indices become element offsets, which finds the bad ones before anything is written;
 * one kernel reads at offsets, one writes.
 */

/** An index tensor, dense and i32. */
export function asIndex(op: string, index: Tensor): Tensor {
  if (index.dtype !== "i32" && index.dtype !== "u8") {
    throw new DTypeError(
      `${op}: indices must be whole numbers (i32), got ${index.dtype}; convert with to(index, "i32")`,
    );
  }
  return contiguous(castTo(index, "i32"));
}

/** Where a kernel's code says that an index is bad. */
export function badIndex(
  op: string,
  index: Tensor,
  code: number,
  [low, high]: readonly [number, number],
  what = "index",
): Error {
  const value = i32[(index.ptr >>> 2) + code - 1] as number;
  return new IndexOutOfRangeError(
    `${op}: ${what} ${value} at position ${code - 1} is outside [${low}, ${high}]`,
  );
}

/** Offsets of `index` along a dimension of `size` elements, `step` apart; added to `sum` where there is one. */
export function offsetsOf(op: string, index: Tensor, size: number, step: number, sum?: Tensor): Tensor {
  const dense = asIndex(op, index);
  const out = sum ?? empty(dense.shape, "i32");
  if (out.size === 0) return out;
  const code = k.offsets_i32(out.ptr, dense.ptr, out.size, size, step, Number(sum !== undefined));
  if (code !== 0) throw badIndex(op, dense, code, [-size, size - 1]);
  return out;
}

/** What stands at offsets: the shape of what is read or written, and how the tensor and its offsets step through it. */
export interface Places {
  readonly shape: Shape;
  /** Strides of the tensor, 0 along the dimensions that the offsets stand for. */
  readonly strides: Shape;
  readonly offsets: Tensor;
  readonly offsetStrides: Shape;
}

/** The elements of x at the places, dense. */
export function readAt(x: Tensor, { shape, strides, offsets, offsetStrides }: Places): Tensor {
  const out = empty(shape, x.dtype);
  if (out.size === 0) return out;
  const kernel = bytesOf(x.dtype) === 4 ? k.gather_32 : k.gather_8;
  kernel(out.ptr, x.ptr, offsets.ptr, collapse(shape, [strides, offsetStrides]));
  return out;
}

/** How a value meets what stands there, as `scatter_f32` counts them. */
export const MODES = { set: 0, add: 1, multiply: 2, greater: 3, smaller: 4 } as const;
export type Mode = keyof typeof MODES;

/** Writes `src`, broadcast and of the dtype of `out`, to the places of `out`, in row-major order: of several at one place the last stays. */
export function writeAt(
  out: Tensor,
  { shape, strides, offsets, offsetStrides }: Places,
  src: Tensor,
  mode: Mode,
): void {
  if (shape.includes(0)) return;
  const dims = collapse(shape, [strides, broadcastStrides(src.shape, src.strides, shape), offsetStrides]);
  if (bytesOf(out.dtype) === 1) k.scatter_8(out.ptr, src.ptr, offsets.ptr, dims);
  else {
    const kernel = out.dtype === "f32" ? k.scatter_f32 : k.scatter_i32;
    kernel(out.ptr, src.ptr, offsets.ptr, MODES[mode], dims);
  }
}

/** The strides with 0 at one dimension. */
export const without = (strides: Shape, dim: number): number[] => strides.map((s, d) => (d === dim ? 0 : s));
