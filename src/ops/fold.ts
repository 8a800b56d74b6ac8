import { apply } from "../autograd/apply.ts";
import type { OpRecord } from "../autograd/node.ts";
import { ShapeError } from "../errors.ts";
import * as k from "../program/kernels.gen.ts";
import { fillWith } from "../tensor/create.ts";
import { contiguousStrides, formatShape, type Shape } from "../tensor/shape.ts";
import { contiguous, copyInto, empty, view, type Tensor } from "../tensor/tensor.ts";
import { castTo } from "./cast.ts";
import { pair, type Size2d } from "./conv.ts";

export interface UnfoldOptions {
  /** Size of the window. */
  kernelSize: Size2d;
  /** Distance between the window's taps. Default 1. */
  dilation?: Size2d;
  /** Zeros on each side. Default 0. */
  padding?: Size2d;
  /** Distance between windows. Default 1. */
  stride?: Size2d;
}

/** Windows over images [lead…, c, h, w], oh · ow of them; lead is the batch or nothing. */
interface Blocks {
  readonly image: Shape;
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly count: readonly [number, number];
}

function blocksOf(op: string, image: Shape, options: UnfoldOptions): Blocks {
  const kernel = pair(op, "kernelSize", options.kernelSize, 1);
  const stride = pair(op, "stride", options.stride ?? 1, 1);
  const padding = pair(op, "padding", options.padding ?? 0, 0);
  const dilation = pair(op, "dilation", options.dilation ?? 1, 1);
  const count = ([0, 1] as const).map((d) => {
    const room = (image.at(d - 2) as number) + 2 * padding[d] - dilation[d] * (kernel[d] - 1) - 1;
    return Math.floor(room / stride[d]) + 1;
  }) as [number, number];
  if (count[0] < 1 || count[1] < 1) {
    throw new ShapeError(
      `${op}: windows of [${kernel.join(", ")}] with dilation [${dilation.join(", ")}] do not fit into ${formatShape(image)} with padding [${padding.join(", ")}]`,
    );
  }
  return { image, kernel, stride, padding, dilation, count };
}

/** [lead…, c · kh · kw, windows]. */
function columnsShape({ image, kernel, count }: Blocks): Shape {
  const c = image.at(-3) as number;
  return [...image.slice(0, -3), c * kernel[0] * kernel[1], count[0] * count[1]];
}

/** The images within their padding of zeros; themselves where there is none. */
function paddedImage(x: Tensor, [ph, pw]: readonly [number, number]): Tensor {
  if (ph === 0 && pw === 0) return x;
  const [h, w] = x.shape.slice(-2) as [number, number];
  const out = empty([...x.shape.slice(0, -2), h + 2 * ph, w + 2 * pw], "f32");
  fillWith(out, 0);
  copyInto(view(out, x.shape, out.strides, ph * (w + 2 * pw) + pw), x);
  return out;
}

const unfoldRecord: OpRecord<Blocks> = {
  name: "unfold",
  forward([input], blocks) {
    const { kernel, stride, dilation, count } = blocks;
    const x = paddedImage(castTo(input as Tensor, "f32"), blocks.padding);
    const out = empty(columnsShape(blocks), "f32");
    if (out.size === 0) return out;
    // Windows overlap, so a view of them has several ways to one element; copying it writes them out.
    const [down, across] = x.strides.slice(-2) as [number, number];
    const windows = [...x.shape.slice(0, -2), ...kernel, ...count];
    const strides = [
      ...x.strides.slice(0, -2),
      down * dilation[0],
      across * dilation[1],
      down * stride[0],
      across * stride[1],
    ];
    copyInto(view(out, windows, contiguousStrides(windows), 0), view(x, windows, strides, x.offset));
    return out;
  },
  vjp: ([g], _s, blocks) => [apply(foldRecord, [g as Tensor], blocks)],
};

const foldRecord: OpRecord<Blocks> = {
  name: "fold",
  forward([input], { image, kernel, stride, padding, dilation, count }) {
    const x = contiguous(castTo(input as Tensor, "f32"));
    const out = empty(image, "f32");
    const planes = image.slice(0, -2).reduce((a, b) => a * b, 1);
    const [h, w] = image.slice(-2) as [number, number];
    if (out.size > 0)
      k.fold_f32(out.ptr, x.ptr, planes, h, w, ...kernel, ...count, ...stride, ...padding, ...dilation);
    return out;
  },
  vjp: ([g], _s, blocks) => [apply(unfoldRecord, [g as Tensor], blocks)],
};

/**
 * Sliding windows as columns (im2col): [n, c, h, w] → [n, c · kh · kw, windows], or without n; windows count row by row, and rows of the
 * result are channel by channel the taps of a window (PyTorch's nn.functional.unfold).
 * @throws {ShapeError} not 3 or 4 dimensions, or no window fits; {ValueError} sizes that are not whole numbers.
 * @example
 * unfold(tensor([[[1, 2, 3], [4, 5, 6]]]), { kernelSize: 2 }); // [[1, 2], [2, 3], [4, 5], [5, 6]]
 * unfold(zeros([1, 2, 4, 4]), { kernelSize: 3, padding: 1 }).shape; // [1, 18, 16]
 */
export const unfold = /* @__PURE__ */ Object.assign(
  (x: Tensor, options: UnfoldOptions): Tensor => {
    if (x.ndim !== 3 && x.ndim !== 4)
      throw new ShapeError(`unfold: takes [n, c, h, w] or [c, h, w], got ${formatShape(x.shape)}`);
    return apply(unfoldRecord, [x], blocksOf("unfold", x.shape, options));
  },
  { record: unfoldRecord },
);

/**
 * Adds windows up where they overlap, the adjoint of unfold: [n, c · kh · kw, windows] → [n, c, h, w] of `outputSize` [h, w], or without n
 * (PyTorch's nn.functional.fold).
 * @throws {ShapeError} rows that are not a multiple of the window's size, or another number of windows than fits into the image.
 * @example
 * fold(ones([4, 2]), { outputSize: [2, 3], kernelSize: 2 }); // [[[1, 2, 1], [1, 2, 1]]]
 */
export const fold = /* @__PURE__ */ Object.assign(
  (x: Tensor, options: UnfoldOptions & { outputSize: Size2d }): Tensor => {
    if (x.ndim !== 2 && x.ndim !== 3)
      throw new ShapeError(
        `fold: takes [n, c · kh · kw, windows], or without n, got ${formatShape(x.shape)}`,
      );
    const size = pair("fold", "outputSize", options.outputSize, 1);
    const [kh, kw] = pair("fold", "kernelSize", options.kernelSize, 1);
    const [rows, windows] = x.shape.slice(-2) as [number, number];
    if (rows % (kh * kw) !== 0)
      throw new ShapeError(`fold: ${rows} rows in ${formatShape(x.shape)} are no multiple of ${kh} · ${kw}`);
    const image = [...x.shape.slice(0, -2), rows / (kh * kw), ...size];
    const blocks = blocksOf("fold", image, options);
    const fitting = blocks.count[0] * blocks.count[1];
    if (fitting !== windows) {
      throw new ShapeError(
        `fold: ${blocks.count.join(" · ")} = ${fitting} windows fit into [${size.join(", ")}], the input ${formatShape(x.shape)} has ${windows}`,
      );
    }
    return apply(foldRecord, [x], blocks);
  },
  { record: foldRecord },
);
