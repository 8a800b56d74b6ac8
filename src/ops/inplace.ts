import { isGradEnabled } from "../autograd/mode.ts";
import { AutogradError, DTypeError, ShapeError } from "../errors.ts";
import { add_f32, add_i32, axpy_f32, mul_f32, mul_i32 } from "../program/kernels.gen.ts";
import { fillWith } from "../tensor/create.ts";
import { touch } from "../tensor/lifetime.ts";
import { broadcastShapes, broadcastStrides, collapse, formatShape, sameShape } from "../tensor/shape.ts";
import { copyInto, type Tensor } from "../tensor/tensor.ts";
import { composite } from "../tensor/lifetime.ts";
import { castTo } from "./cast.ts";
import { full } from "../tensor/create.ts";
import type { Ptr } from "../wasm/heap.ts";

/** Writing in place: for parameters and statistics under noGrad. Every write is counted, so that backward can refuse a changed value. */

function writable(op: string, t: Tensor): void {
  touch(t, op);
  if (isGradEnabled() && t.requiresGrad) {
    throw new AutogradError(
      `${op}: writing in place to a tensor that requires gradients is not recorded; wrap it in noGrad(() => …), or use the op that makes a new tensor`,
    );
  }
}

function checkSource(op: string, t: Tensor, from: Tensor): void {
  touch(from, op);
  if (!sameShape(broadcastShapes(op, t.shape, from.shape), t.shape)) {
    throw new ShapeError(
      `${op}: ${formatShape(from.shape)} does not broadcast to the tensor's ${formatShape(t.shape)}`,
    );
  }
}

/** Copies `from`, broadcast and converted, into t. */
export function copy_(t: Tensor, from: Tensor): Tensor {
  writable("copy_", t);
  checkSource("copy_", t, from);
  return composite("copy_", () => {
    copyInto(t, castTo(from, t.dtype));
    t.storage.version++;
    return t;
  });
}

/** Sets every element of t to `value`. */
export function fill_(t: Tensor, value: number): Tensor {
  writable("fill_", t);
  return composite("fill_", () => {
    if (t.isContiguous) fillWith(t, value);
    else copyInto(t, full([], value, { dtype: t.dtype }));
    t.storage.version++;
    return t;
  });
}

/** Sets every element of t to 0. */
export const zero_ = (t: Tensor): Tensor => fill_(t, 0);

type Kernel = (out: Ptr, a: Ptr, b: Ptr, dims: readonly number[]) => number;

/** t = kernel(t, from) for a dense f32 or i32 t. */
function update(op: string, t: Tensor, from: Tensor | number, kernels: { f32: Kernel; i32: Kernel }): Tensor {
  writable(op, t);
  const { dtype } = t;
  if ((dtype !== "f32" && dtype !== "i32") || !t.isContiguous) {
    throw new DTypeError(
      `${op}: takes a dense f32 or i32 tensor, this is ${dtype}${t.isContiguous ? "" : ", strided"}`,
    );
  }
  const kernel = kernels[dtype];
  return composite(op, () => {
    const source = typeof from === "number" ? full([], from, { dtype }) : castTo(from, dtype);
    checkSource(op, t, source);
    const dims = collapse(t.shape, [t.strides, broadcastStrides(source.shape, source.strides, t.shape)]);
    if (t.size > 0) kernel(t.ptr, t.ptr, source.ptr, dims);
    t.storage.version++;
    return t;
  });
}

const ADD = { f32: add_f32, i32: add_i32 };

/** t += alpha · from (alpha 1 by default). */
export function add_(t: Tensor, from: Tensor | number, options: { alpha?: number } = {}): Tensor {
  const alpha = options.alpha ?? 1;
  if (alpha === 1) return update("add_", t, from, ADD);
  if (typeof from === "number") return update("add_", t, from * alpha, ADD);
  writable("add_", t);
  if (
    !sameShape(t.shape, from.shape) ||
    !t.isContiguous ||
    !from.isContiguous ||
    t.dtype !== "f32" ||
    from.dtype !== "f32"
  ) {
    throw new ShapeError(
      `add_: with alpha, both must be dense f32 of one shape, got ${formatShape(t.shape)} and ${formatShape(from.shape)}`,
    );
  }
  touch(from, "add_");
  if (t.size > 0) axpy_f32(t.ptr, from.ptr, alpha, t.size);
  t.storage.version++;
  return t;
}

/** t *= from. */
export const mul_ = (t: Tensor, from: Tensor | number): Tensor =>
  update("mul_", t, from, { f32: mul_f32, i32: mul_i32 });
