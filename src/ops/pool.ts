import { apply } from "../autograd/apply.ts";
import type { OpRecord } from "../autograd/node.ts";
import { ShapeError, ValueError } from "../errors.ts";
import * as k from "../program/kernels.gen.ts";
import { formatShape, type Shape } from "../tensor/shape.ts";
import { contiguous, empty, type Tensor } from "../tensor/tensor.ts";
import { castTo } from "./cast.ts";
import { pair, type Size2d } from "./conv.ts";

export interface PoolOptions {
  /** Size of the window. */
  kernelSize: Size2d;
  /** Default: the window's size. */
  stride?: Size2d;
  /** On each side, at most half the window. Default 0. */
  padding?: Size2d;
  /** Round the result's size up instead of down. Default false. */
  ceilMode?: boolean;
}

interface Window {
  readonly x: Shape;
  readonly out: Shape;
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number];
  readonly dilation: readonly [number, number];
}

function windowOf(op: string, x: Tensor, options: PoolOptions & { dilation?: Size2d }): Window {
  if (x.ndim !== 4 && x.ndim !== 3) {
    throw new ShapeError(`${op}: takes [n, c, h, w] or [c, h, w], got ${formatShape(x.shape)}`);
  }
  const kernel = pair(op, "kernelSize", options.kernelSize, 1);
  const stride = pair(op, "stride", options.stride ?? options.kernelSize, 1);
  const padding = pair(op, "padding", options.padding ?? 0, 0);
  const dilation = pair(op, "dilation", options.dilation ?? 1, 1);
  const size = (d: 0 | 1): number => {
    const n = x.shape[x.ndim - 2 + d] as number;
    if (2 * padding[d] > kernel[d]) {
      throw new ValueError(`${op}: padding ${padding[d]} is more than half the window of ${kernel[d]}`);
    }
    const room = n + 2 * padding[d] - dilation[d] * (kernel[d] - 1) - 1;
    let out = (options.ceilMode ? Math.ceil(room / stride[d]) : Math.floor(room / stride[d])) + 1;
    // PyTorch: the last window must start inside the input or its leading padding.
    if (options.ceilMode && (out - 1) * stride[d] >= n + padding[d]) out--;
    if (out < 1)
      throw new ShapeError(`${op}: a window of ${kernel[d]} does not fit into ${n} (padding ${padding[d]})`);
    return out;
  };
  return { x: x.shape, out: [...x.shape.slice(0, -2), size(0), size(1)], kernel, stride, padding, dilation };
}

/** Planes and sizes of a pooling: [planes, h, w, oh, ow]. */
function planesOf({ x, out }: Window): [number, number, number, number, number] {
  const planes = x.slice(0, -2).reduce((a, b) => a * b, 1);
  return [planes, x.at(-2) as number, x.at(-1) as number, out.at(-2) as number, out.at(-1) as number];
}

const maxPoolRecord: OpRecord<Window> = {
  name: "maxPool2d",
  forward([input], window, extras) {
    const x = contiguous(castTo(input as Tensor, "f32"));
    const out = empty(window.out, "f32");
    const index = empty(window.out, "i32");
    extras.push(index);
    if (out.size > 0) {
      const { kernel, stride, padding, dilation } = window;
      k.maxPool2d_f32(
        out.ptr,
        index.ptr,
        x.ptr,
        ...planesOf(window),
        ...kernel,
        ...stride,
        ...padding,
        ...dilation,
      );
    }
    return out;
  },
  vjp: ([g], s, window) => [apply(maxPoolGradRecord, [g as Tensor, s.extra(0)], window)],
};

/** Sends each gradient to the place its maximum came from. Linear in g; its gradient gathers from the same places. */
const maxPoolGradRecord: OpRecord<Window> = {
  name: "maxPool2dGrad",
  forward([gradient, index], window) {
    const g = contiguous(gradient as Tensor);
    const out = empty(window.x, "f32");
    const [planes, h, w, oh, ow] = planesOf(window);
    if (out.size > 0) k.maxPool2dGrad_f32(out.ptr, g.ptr, (index as Tensor).ptr, planes, h * w, oh * ow);
    return out;
  },
  saves: { inputs: [1] },
  vjp: ([v], s, window) => [apply(maxPoolGatherRecord, [v as Tensor, s.input(1)], window), null],
};

const maxPoolGatherRecord: OpRecord<Window> = {
  name: "maxPool2dGather",
  forward([input, index], window) {
    const x = contiguous(input as Tensor);
    const out = empty(window.out, "f32");
    const [planes, h, w, oh, ow] = planesOf(window);
    if (out.size > 0) k.maxPool2dGather_f32(out.ptr, x.ptr, (index as Tensor).ptr, planes, h * w, oh * ow);
    return out;
  },
  saves: { inputs: [1] },
  vjp: ([v], s, window) => [apply(maxPoolGradRecord, [v as Tensor, s.input(1)], window), null],
};

export interface MaxPoolOptions extends PoolOptions {
  /** Distance between the window's taps. Default 1. */
  dilation?: Size2d;
}

/** Largest element of each window: [n, c, h, w] → [n, c, oh, ow]; NaN wins. */
export const maxPool2d = /* @__PURE__ */ Object.assign(
  (x: Tensor, options: MaxPoolOptions): Tensor =>
    apply(maxPoolRecord, [x], windowOf("maxPool2d", x, options)),
  { record: maxPoolRecord },
);

interface AverageWindow extends Window {
  readonly countIncludePad: boolean;
  readonly divisor: number;
}

function averageWords(
  a: AverageWindow,
): [number, number, number, number, number, number, number, number, number, number, number, number, number] {
  return [...planesOf(a), ...a.kernel, ...a.stride, ...a.padding, Number(a.countIncludePad), a.divisor];
}

const avgPoolRecord: OpRecord<AverageWindow> = {
  name: "avgPool2d",
  forward([input], window) {
    const x = contiguous(castTo(input as Tensor, "f32"));
    const out = empty(window.out, "f32");
    if (out.size > 0) k.avgPool2d_f32(out.ptr, x.ptr, ...averageWords(window));
    return out;
  },
  vjp: ([g], _s, window) => [apply(avgPoolGradRecord, [g as Tensor], window)],
};

const avgPoolGradRecord: OpRecord<AverageWindow> = {
  name: "avgPool2dGrad",
  forward([gradient], window) {
    const g = contiguous(gradient as Tensor);
    const out = empty(window.x, "f32");
    if (out.size > 0) k.avgPool2dGrad_f32(out.ptr, g.ptr, ...averageWords(window));
    return out;
  },
  vjp: ([v], _s, window) => [apply(avgPoolRecord, [v as Tensor], window)],
};

export interface AvgPoolOptions extends PoolOptions {
  /** Whether padding counts in the divisor. Default true. */
  countIncludePad?: boolean;
  /** Divide by this instead of the window's size. */
  divisorOverride?: number;
}

/** Mean of each window: [n, c, h, w] → [n, c, oh, ow]. */
export const avgPool2d = /* @__PURE__ */ Object.assign(
  (x: Tensor, options: AvgPoolOptions): Tensor => {
    const divisor = options.divisorOverride ?? 0;
    if (options.divisorOverride === 0) throw new ValueError("avgPool2d: divisorOverride must not be 0");
    return apply(avgPoolRecord, [x], {
      ...windowOf("avgPool2d", x, options),
      countIncludePad: options.countIncludePad ?? true,
      divisor,
    });
  },
  { record: avgPoolRecord },
);
