import { ShapeError, ValueError } from "../errors.ts";
import { formatShape, type Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { pair, type Size2d } from "./conv.ts";

/** The geometry that pools share: windows over the last two dimensions. 1-d pools have a height of 1. */

/** One number for a 1-d op; a list of one is taken as PyTorch takes it. */
export type Size1d = number | readonly [number];

export interface PoolOptions<Size = Size2d> {
  /** Size of the window. */
  kernelSize: Size;
  /** Default: the window's size. */
  stride?: Size;
  /** On each side, at most half the window. Default 0. */
  padding?: Size;
  /** Round the result's size up instead of down. Default false. */
  ceilMode?: boolean;
}

export interface Window {
  readonly x: Shape;
  readonly out: Shape;
  readonly kernel: readonly [number, number];
  /** 0 asks for adaptive windows. */
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number];
  readonly dilation: readonly [number, number];
}

/** The number of a 1-d option as the two of a 2-d one, `beside` along the height. */
export function alongWidth(
  op: string,
  what: string,
  value: Size1d | undefined,
  beside: number,
): [number, number] {
  if (value === undefined) return [beside, beside];
  const list: readonly number[] = typeof value === "number" ? [value] : value;
  if (list.length !== 1 || typeof list[0] !== "number")
    throw new ValueError(`${op}: ${what} must be one number, got ${JSON.stringify(value)}`);
  return [beside, list[0]];
}

/** The options of a 1-d pool as those of a 2-d one over a height of 1. */
export function widen(
  op: string,
  options: PoolOptions<Size1d> & { dilation?: Size1d },
): PoolOptions & { dilation: Size2d } {
  return {
    kernelSize: alongWidth(op, "kernelSize", options.kernelSize, 1),
    stride: alongWidth(op, "stride", options.stride ?? options.kernelSize, 1),
    padding: alongWidth(op, "padding", options.padding, 0),
    dilation: alongWidth(op, "dilation", options.dilation, 1),
    ceilMode: options.ceilMode ?? false,
  };
}

/** Refuses ranks that the op does not take: [n, c, …] and without the batch [c, …], of `spatial` dimensions. */
export function checkImages(op: string, x: Tensor, spatial: 1 | 2): void {
  if (x.ndim === spatial + 2 || x.ndim === spatial + 1) return;
  const size = spatial === 1 ? "l" : "h, w";
  throw new ShapeError(`${op}: takes [n, c, ${size}] or [c, ${size}], got ${formatShape(x.shape)}`);
}

/** How many windows fit along a dimension of `n`. */
function windowCount(op: string, n: number, window: Window, ceilMode: boolean, d: 0 | 1): number {
  const [kernel, stride, padding] = [window.kernel[d], window.stride[d], window.padding[d]];
  if (2 * padding > kernel)
    throw new ValueError(`${op}: padding ${padding} is more than half the window of ${kernel}`);
  const room = n + 2 * padding - window.dilation[d] * (kernel - 1) - 1;
  let count = (ceilMode ? Math.ceil(room / stride) : Math.floor(room / stride)) + 1;
  // PyTorch: the last window must start inside the input or its leading padding.
  if (ceilMode && (count - 1) * stride >= n + padding) count--;
  if (count < 1 || n < 1)
    throw new ShapeError(`${op}: a window of ${kernel} does not fit into ${n} (padding ${padding})`);
  return count;
}

export function windowOf(op: string, x: Tensor, options: PoolOptions & { dilation?: Size2d }): Window {
  checkImages(op, x, 2);
  const window: Window = {
    x: x.shape,
    out: x.shape,
    kernel: pair(op, "kernelSize", options.kernelSize, 1),
    stride: pair(op, "stride", options.stride ?? options.kernelSize, 1),
    padding: pair(op, "padding", options.padding ?? 0, 0),
    dilation: pair(op, "dilation", options.dilation ?? 1, 1),
  };
  const ceilMode = options.ceilMode ?? false;
  const [h, w] = x.shape.slice(-2) as [number, number];
  const size = [windowCount(op, h, window, ceilMode, 0), windowCount(op, w, window, ceilMode, 1)];
  return { ...window, out: [...x.shape.slice(0, -2), ...size] };
}

/** Sizes of an adaptive pool's result: a number for both dimensions, or one each; null keeps the input's size. */
export type AdaptiveSize2d = number | null | readonly [number | null, number | null];

/**
 * Windows that divide a dimension of n into m: from ⌊i·n/m⌋ to ⌈(i + 1)·n/m⌉. Where m divides n they are those of an ordinary pool,
 * whose kernels are faster.
 */
export function adaptiveWindow(op: string, x: Tensor, outputSize: AdaptiveSize2d): Window {
  checkImages(op, x, 2);
  const wanted: readonly (number | null)[] =
    typeof outputSize === "object" && outputSize !== null ? outputSize : [outputSize, outputSize];
  const sizes = x.shape.slice(-2) as [number, number];
  if (sizes.some((n) => n < 1))
    throw new ShapeError(`${op}: needs a place to pool, got ${formatShape(x.shape)}`);
  const count = (d: 0 | 1): number => {
    const size = wanted[d] ?? (wanted.length === 2 && wanted[d] === null ? sizes[d] : NaN);
    if (!Number.isInteger(size) || size < 0)
      throw new ValueError(
        `${op}: outputSize must be whole numbers ≥ 0, or null to keep a size, got ${JSON.stringify(outputSize)}`,
      );
    return size;
  };
  const out = [count(0), count(1)] as const;
  const even = (d: 0 | 1): number => (sizes[d] % out[d] === 0 ? sizes[d] / out[d] : 0);
  const step = [even(0), even(1)] as const;
  return {
    x: x.shape,
    out: [...x.shape.slice(0, -2), ...out],
    kernel: [Math.max(1, step[0]), Math.max(1, step[1])],
    stride: step,
    padding: [0, 0],
    dilation: [1, 1],
  };
}

/** Planes and sizes of a pooling: [planes, h, w, oh, ow]. */
export function planesOf({ x, out }: Window): [number, number, number, number, number] {
  const planes = x.slice(0, -2).reduce((a, b) => a * b, 1);
  return [planes, x.at(-2) as number, x.at(-1) as number, out.at(-2) as number, out.at(-1) as number];
}
