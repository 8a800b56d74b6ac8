import { apply } from "../autograd/apply.ts";
import type { OpRecord } from "../autograd/node.ts";
import { ValueError } from "../errors.ts";
import * as k from "../program/kernels.gen.ts";
import { composite } from "../tensor/lifetime.ts";
import { contiguous, empty, type Tensor } from "../tensor/tensor.ts";
import { mul, pow } from "./arithmetic.ts";
import { castTo } from "./cast.ts";
import { pair, type Size2d } from "./conv.ts";
import { squeeze, unsqueeze } from "./movement.ts";
import {
  adaptiveWindow,
  checkImages,
  planesOf,
  widen,
  windowOf,
  type AdaptiveSize2d,
  type PoolOptions,
  type Size1d,
  type Window,
} from "./window.ts";

interface AverageWindow extends Window {
  readonly countIncludePad: boolean;
  /** 0: the number of the window's places. */
  readonly divisor: number;
}

type Words = [
  ...sizes: [planes: number, h: number, w: number, oh: number, ow: number],
  ...window: [kh: number, kw: number, sh: number, sw: number, ph: number, pw: number],
  countIncludePad: number,
  divisor: number,
];

const words = (a: AverageWindow): Words => [
  ...planesOf(a),
  ...a.kernel,
  ...a.stride,
  ...a.padding,
  Number(a.countIncludePad),
  a.divisor,
];

const avgPoolRecord: OpRecord<AverageWindow> = {
  name: "avgPool2d",
  forward([input], window) {
    const x = contiguous(castTo(input as Tensor, "f32"));
    const out = empty(window.out, "f32");
    if (out.size > 0) k.avgPool2d_f32(out.ptr, x.ptr, ...words(window));
    return out;
  },
  vjp: ([g], _s, window) => [apply(avgPoolGradRecord, [g as Tensor], window)],
};

const avgPoolGradRecord: OpRecord<AverageWindow> = {
  name: "avgPool2dGrad",
  forward([gradient], window) {
    const g = contiguous(gradient as Tensor);
    const out = empty(window.x, "f32");
    if (out.size > 0) k.avgPool2dGrad_f32(out.ptr, g.ptr, ...words(window));
    return out;
  },
  vjp: ([v], _s, window) => [apply(avgPoolRecord, [v as Tensor], window)],
};

/** A 2-d pool over a height of 1. */
function overRow(op: string, x: Tensor, run: (image: Tensor) => Tensor): Tensor {
  checkImages(op, x, 1);
  return composite(op, () => squeeze(run(unsqueeze(x, -2)), { dim: -2 }));
}

export interface AvgPoolOptions<Size = Size2d> extends PoolOptions<Size> {
  /** Whether padding counts in the divisor. Default true. */
  countIncludePad?: boolean;
}

function average(
  op: string,
  x: Tensor,
  options: AvgPoolOptions & { divisorOverride?: number | null },
): Tensor {
  const divisor = options.divisorOverride ?? 0;
  if (!Number.isInteger(divisor) || options.divisorOverride === 0)
    throw new ValueError(`${op}: divisorOverride must be a whole number, not 0, got ${divisor}`);
  const window = windowOf(op, x, options);
  return apply(avgPoolRecord, [x], { ...window, countIncludePad: options.countIncludePad ?? true, divisor });
}

/**
 * Mean of each window: [n, c, h, w] → [n, c, oh, ow] (or without n), sizes as in maxPool2d. The divisor is the window's size, of which
 * what reaches beyond the trailing padding (`ceilMode`) does not count, nor padding with `countIncludePad: false`; or it is
 * `divisorOverride` (PyTorch's avg_pool2d).
 * @throws {ShapeError} the window does not fit; {ValueError} padding of more than half the window, or a divisor of 0.
 * @example
 * avgPool2d(tensor([[[1, 2], [3, 4]]]), { kernelSize: 2 }); // [[[2.5]]]
 * avgPool2d(zeros([1, 3, 8, 8]), { kernelSize: 3, stride: 2, padding: 1 }).shape; // [1, 3, 4, 4]
 */
export const avgPool2d = /* @__PURE__ */ Object.assign(
  (x: Tensor, options: AvgPoolOptions & { divisorOverride?: number | null }): Tensor =>
    average("avgPool2d", x, options),
  { record: avgPoolRecord },
);

/**
 * Mean of each window: [n, c, l] → [n, c, ol] (or without n); as avgPool2d along one dimension.
 * @throws {ShapeError} the window does not fit; {ValueError} padding of more than half the window.
 * @example
 * avgPool1d(tensor([[1, 2, 3, 4]]), { kernelSize: 2 }); // [[1.5, 3.5]]
 */
export function avgPool1d(x: Tensor, options: AvgPoolOptions<Size1d>): Tensor {
  const { countIncludePad = true } = options;
  return overRow("avgPool1d", x, (image) =>
    average("avgPool1d", image, { ...widen("avgPool1d", options), countIncludePad }),
  );
}

const adaptive = (op: string, x: Tensor, outputSize: AdaptiveSize2d): Tensor =>
  apply(avgPoolRecord, [x], { ...adaptiveWindow(op, x, outputSize), countIncludePad: false, divisor: 0 });

/**
 * Mean of each of `outputSize` windows that divide the image: row i covers ⌊i·h/oh⌋ … ⌈(i + 1)·h/oh⌉ (PyTorch's adaptive_avg_pool2d).
 * [n, c, h, w] → [n, c, oh, ow] (or without n); null keeps a size.
 * @example
 * adaptiveAvgPool2d(tensor([[[1, 2], [3, 4]]]), { outputSize: 1 }); // [[[2.5]]]
 */
export const adaptiveAvgPool2d = (x: Tensor, options: { outputSize: AdaptiveSize2d }): Tensor =>
  adaptive("adaptiveAvgPool2d", x, options.outputSize);

/**
 * Mean of each of `outputSize` windows that divide the row: [n, c, l] → [n, c, ol] (or without n).
 * @example
 * adaptiveAvgPool1d(tensor([[1, 2, 3, 4]]), { outputSize: 2 }); // [[1.5, 3.5]]
 */
export function adaptiveAvgPool1d(
  x: Tensor,
  options: { outputSize: Size1d | null | readonly [null] },
): Tensor {
  const [size] = [options.outputSize].flat() as [number | null];
  return overRow("adaptiveAvgPool1d", x, (image) => adaptive("adaptiveAvgPool1d", image, [1, size]));
}

export interface LpPoolOptions<Size = Size2d> {
  /** The power p ≠ 0: 1 gives the sum, large ones near the maximum. */
  normType: number;
  /** Size of the window. */
  kernelSize: Size;
  /** Default: the window's size. */
  stride?: Size;
  /** Round the result's size up instead of down. Default false. */
  ceilMode?: boolean;
}

function power(op: string, x: Tensor, cells: number, p: number, mean: (y: Tensor) => Tensor): Tensor {
  if (!Number.isFinite(p) || p === 0)
    throw new ValueError(`${op}: normType must be a finite number, not 0, got ${p}`);
  return composite(op, () => pow(mul(mean(pow(x, p)), cells), 1 / p));
}

/**
 * (Σ xᵖ)^(1/p) of each window, NaN where an odd power makes the sum negative: [n, c, h, w] → [n, c, oh, ow] (or without n), PyTorch's
 * lp_pool2d.
 * @throws {ShapeError} the window does not fit; {ValueError} a power of 0.
 * @example
 * lpPool2d(tensor([[[1, 2], [2, 4]]]), { normType: 2, kernelSize: 2 }); // [[[5]]]
 */
export function lpPool2d(x: Tensor, options: LpPoolOptions): Tensor {
  const { normType, ...window } = options;
  const [kh, kw] = pair("lpPool2d", "kernelSize", options.kernelSize, 1);
  return power("lpPool2d", x, kh * kw, normType, (y) => average("lpPool2d", y, window));
}

/**
 * (Σ xᵖ)^(1/p) of each window, NaN where an odd power makes the sum negative: [n, c, l] → [n, c, ol] (or without n), PyTorch's
 * lp_pool1d.
 * @throws {ShapeError} the window does not fit; {ValueError} a power of 0.
 * @example
 * lpPool1d(tensor([[3, 4, 6, 8]]), { normType: 2, kernelSize: 2 }); // [[5, 10]]
 */
export function lpPool1d(x: Tensor, options: LpPoolOptions<Size1d>): Tensor {
  const { normType, ...rest } = options;
  const window = widen("lpPool1d", rest);
  const [, cells] = pair("lpPool1d", "kernelSize", window.kernelSize, 1);
  return power("lpPool1d", x, cells, normType, (y) =>
    overRow("lpPool1d", y, (image) => average("lpPool1d", image, window)),
  );
}
