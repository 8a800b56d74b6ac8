import { apply, applyMulti } from "../autograd/apply.ts";
import type { OpRecord } from "../autograd/node.ts";
import { isGradEnabled } from "../autograd/mode.ts";
import * as k from "../program/kernels.gen.ts";
import { composite } from "../tensor/lifetime.ts";
import { contiguous, empty, type Tensor } from "../tensor/tensor.ts";
import type { Ptr } from "../wasm/heap.ts";
import { castTo } from "./cast.ts";
import type { Size2d } from "./conv.ts";
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

interface MaxWindow extends Window {
  readonly returnIndices: boolean;
}

const maxPoolRecord: OpRecord<MaxWindow> = {
  name: "maxPool2d",
  forward([input], window, extras) {
    const x = contiguous(castTo(input as Tensor, "f32"));
    const out = empty(window.out, "f32");
    // Places are for the gradient, or for who asks for them.
    const wanted = window.returnIndices || ((input as Tensor).requiresGrad && isGradEnabled());
    const index = wanted ? empty(window.out, "i32") : null;
    if (index) extras.push(index);
    if (out.size > 0) {
      const { kernel, stride, padding, dilation } = window;
      k.maxPool2d_f32(
        out.ptr,
        index?.ptr ?? (0 as Ptr),
        x.ptr,
        ...planesOf(window),
        ...kernel,
        ...stride,
        ...padding,
        ...dilation,
      );
    }
    return window.returnIndices && index ? [out, index] : out;
  },
  vjp: ([g], s, window) => [g ? apply(maxPoolGradRecord, [g, s.extra(0)], window) : null],
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

/** Whether the op also returns where its maxima stand. */
interface Indices {
  /** Also return the place of each maximum in its plane (row · width + column), i32. Default false. */
  returnIndices?: boolean;
}

/** A result, or with `returnIndices` the result and the places. */
interface MaxPool<Options> {
  (x: Tensor, options: Options & { returnIndices: true }): [Tensor, Tensor];
  (x: Tensor, options: Options & { returnIndices?: false }): Tensor;
  (x: Tensor, options: Options & Indices): Tensor | [Tensor, Tensor];
}

type Pooled = Tensor | [Tensor, Tensor];

function pool(x: Tensor, window: Window, returnIndices = false): Pooled {
  const rule = { ...window, returnIndices };
  return returnIndices
    ? (applyMulti(maxPoolRecord, [x], rule) as [Tensor, Tensor])
    : apply(maxPoolRecord, [x], rule);
}

/** A 2-d pool over a height of 1. */
function overRow(op: string, x: Tensor, run: (image: Tensor) => Pooled): Pooled {
  checkImages(op, x, 1);
  return composite(op, (): Pooled => {
    const out = run(unsqueeze(x, -2));
    const narrow = (t: Tensor): Tensor => squeeze(t, { dim: -2 });
    return Array.isArray(out) ? [narrow(out[0]), narrow(out[1])] : narrow(out);
  });
}

export interface MaxPoolOptions<Size = Size2d> extends PoolOptions<Size> {
  /** Distance between the window's taps. Default 1. */
  dilation?: Size;
}

/**
 * Largest element of each window: [n, c, h, w] → [n, c, oh, ow] (or without n), oh = ⌊(h + 2·padding − dilation·(kernelSize − 1) − 1) /
 * stride⌋ + 1, rounded up with `ceilMode` unless the last window would start behind the input (PyTorch's max_pool2d). Padding never
 * wins; NaN does. With `returnIndices` also the places of the maxima, i32.
 * @throws {ShapeError} the window does not fit; {ValueError} padding of more than half the window.
 * @example
 * maxPool2d(tensor([[[1, 2], [3, 4]]]), { kernelSize: 2 }); // [[[4]]]
 * const [largest, places] = maxPool2d(tensor([[[1, 2], [3, 4]]]), { kernelSize: 2, returnIndices: true }); // [[[4]]], [[[3]]]
 */
export const maxPool2d = /* @__PURE__ */ Object.assign(
  ((x: Tensor, options: MaxPoolOptions & Indices): Pooled =>
    pool(x, windowOf("maxPool2d", x, options), options.returnIndices)) as MaxPool<MaxPoolOptions>,
  { record: maxPoolRecord },
);

/**
 * Largest element of each window: [n, c, l] → [n, c, ol] (or without n); as maxPool2d along one dimension.
 * @throws {ShapeError} the window does not fit; {ValueError} padding of more than half the window.
 * @example
 * maxPool1d(tensor([[1, 5, 3, 2]]), { kernelSize: 2 }); // [[5, 3]]
 */
export const maxPool1d = ((x: Tensor, options: MaxPoolOptions<Size1d> & Indices): Pooled =>
  overRow("maxPool1d", x, (image) =>
    pool(image, windowOf("maxPool1d", image, widen("maxPool1d", options)), options.returnIndices),
  )) as MaxPool<MaxPoolOptions<Size1d>>;

/**
 * Largest element of each of `outputSize` windows that divide the image: row i covers ⌊i·h/oh⌋ … ⌈(i + 1)·h/oh⌉ (PyTorch's
 * adaptive_max_pool2d). [n, c, h, w] → [n, c, oh, ow] (or without n); null keeps a size.
 * @example
 * adaptiveMaxPool2d(tensor([[[1, 2], [3, 4]]]), { outputSize: [1, null] }); // [[[3, 4]]]
 */
export const adaptiveMaxPool2d = ((x: Tensor, options: { outputSize: AdaptiveSize2d } & Indices): Pooled =>
  pool(x, adaptiveWindow("adaptiveMaxPool2d", x, options.outputSize), options.returnIndices)) as MaxPool<{
  outputSize: AdaptiveSize2d;
}>;

/**
 * Largest element of each of `outputSize` windows that divide the row: [n, c, l] → [n, c, ol] (or without n).
 * @example
 * adaptiveMaxPool1d(tensor([[1, 5, 3, 2]]), { outputSize: 2 }); // [[5, 3]]
 */
export const adaptiveMaxPool1d = ((
  x: Tensor,
  options: { outputSize: Size1d | null | readonly [null] } & Indices,
): Pooled =>
  overRow("adaptiveMaxPool1d", x, (image) => {
    const [size] = [options.outputSize].flat() as [number | null];
    return pool(image, adaptiveWindow("adaptiveMaxPool1d", image, [1, size]), options.returnIndices);
  })) as MaxPool<{ outputSize: Size1d | null | readonly [null] }>;
