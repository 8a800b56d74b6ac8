import { apply } from "../autograd/apply.ts";
import type { OpRecord } from "../autograd/node.ts";
import { ShapeError, ValueError } from "../errors.ts";
import { composite } from "../tensor/lifetime.ts";
import { formatShape } from "../tensor/shape.ts";
import { contiguous, empty, type Tensor } from "../tensor/tensor.ts";
import type { Ptr } from "../wasm/heap.ts";
import { add } from "./arithmetic.ts";
import { castTo } from "./cast.ts";
import { convolve, inputGradient, weightGradient, type Geometry } from "./convkernels.ts";
import { reshape, select, unsqueeze } from "./movement.ts";
import { sum } from "./reduce.ts";

export type Size2d = number | readonly [number, number];

export interface Conv2dOptions {
  /** Default 1. */
  stride?: Size2d;
  /** Zeros on each side; "same" keeps the size (stride 1), "valid" is 0. Default 0. */
  padding?: Size2d | "same" | "valid";
  /** Distance between the kernel's taps. Default 1. */
  dilation?: Size2d;
  /** Blocks of channels that do not see each other. Default 1. */
  groups?: number;
}

/** A number for both dimensions, or one each. */
export function pair(op: string, what: string, value: Size2d, least: number): [number, number] {
  const [h, w] = typeof value === "number" ? [value, value] : value;
  for (const n of [h, w]) {
    if (!Number.isInteger(n) || n < least)
      throw new ValueError(`${op}: ${what} must be whole numbers ≥ ${least}, got ${JSON.stringify(value)}`);
  }
  return [h, w];
}

const convRecord: OpRecord<Geometry> = {
  name: "conv2d",
  forward([input, kernel, bias], geometry) {
    const x = contiguous(castTo(input as Tensor, "f32"));
    const weight = contiguous(castTo(kernel as Tensor, "f32"));
    const b = bias === undefined ? null : contiguous(castTo(bias, "f32"));
    const out = empty(geometry.out, "f32");
    if (out.size === 0) return out;
    convolve(out.ptr, x.ptr, weight.ptr, b?.ptr ?? (0 as Ptr), geometry);
    return out;
  },
  saves: { inputs: [0, 1] },
  vjp: ([incoming], s, geometry) => {
    const g = incoming as Tensor;
    return [
      s.needs(0) ? apply(inputGradRecord, [g, s.input(1)], geometry) : null,
      s.needs(1) ? apply(weightGradRecord, [g, s.input(0)], geometry) : null,
      s.shapes.length > 2 && s.needs(2) ? sum(g, { dim: [0, 2, 3] }) : null,
    ];
  },
};

/** Gradient of the input from that of the result: the transposed convolution. Linear in both, so its own gradients are convolutions again. */
const inputGradRecord: OpRecord<Geometry> = {
  name: "conv2dInputGrad",
  forward([gradient, kernel], geometry) {
    // In a transposed convolution this is the input.
    const g = contiguous(castTo(gradient as Tensor, "f32"));
    const weight = contiguous(castTo(kernel as Tensor, "f32"));
    const out = empty(geometry.x, "f32");
    if (out.size === 0) return out;
    inputGradient(out.ptr, g.ptr, weight.ptr, geometry);
    return out;
  },
  saves: { inputs: [0, 1] },
  vjp: ([v], s, geometry) => [
    s.needs(0) ? apply(convRecord, [v as Tensor, s.input(1)], geometry) : null,
    s.needs(1) ? apply(weightGradRecord, [s.input(0), v as Tensor], geometry) : null,
  ],
};

const weightGradRecord: OpRecord<Geometry> = {
  name: "conv2dWeightGrad",
  forward([gradient, input], geometry) {
    const g = contiguous(castTo(gradient as Tensor, "f32"));
    const x = contiguous(castTo(input as Tensor, "f32"));
    const out = empty(geometry.weight, "f32");
    if (out.size === 0) return out;
    weightGradient(out.ptr, g.ptr, x.ptr, geometry);
    return out;
  },
  saves: { inputs: [0, 1] },
  vjp: ([v], s, geometry) => [
    s.needs(0) ? apply(convRecord, [s.input(1), v as Tensor], geometry) : null,
    s.needs(1) ? apply(inputGradRecord, [s.input(0), v as Tensor], geometry) : null,
  ],
};

function checkWeight(
  op: string,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null | undefined,
  channels: number,
): void {
  if ((x.ndim !== 4 && x.ndim !== 3) || weight.ndim !== 4) {
    throw new ShapeError(
      `${op}: takes an input [n, c, h, w] or [c, h, w] and a weight of 4 dimensions, got ${formatShape(x.shape)} and ${formatShape(weight.shape)}`,
    );
  }
  if (weight.shape[2] === 0 || weight.shape[3] === 0)
    throw new ShapeError(`${op}: the kernel must have a tap, got a weight ${formatShape(weight.shape)}`);
  if (bias && (bias.ndim !== 1 || bias.shape[0] !== channels)) {
    throw new ShapeError(`${op}: bias must be [${channels}], got ${formatShape(bias.shape)}`);
  }
}

function checkGroups(op: string, groups: number, ...channels: number[]): void {
  if (!Number.isInteger(groups) || groups < 1 || channels.some((c) => c % groups !== 0)) {
    throw new ShapeError(
      `${op}: groups must be a whole number ≥ 1 that divides the channels ${channels.join(" and ")}, got ${groups}`,
    );
  }
}

/** What a batch of one image gives, without the batch. */
function ofImage(op: string, x: Tensor, ofBatch: (batch: Tensor) => Tensor): Tensor {
  return composite(op, () => select(ofBatch(unsqueeze(x, 0)), 0, 0));
}

/**
 * 2-d convolution (cross-correlation, as in PyTorch's conv2d): x [n, c, h, w], weight [o, c / groups, kh, kw], bias [o] → [n, o, oh, ow],
 * oh = ⌊(h + 2·padding − dilation·(kh − 1) − 1) / stride⌋ + 1. An image [c, h, w] without its batch gives [o, oh, ow].
 * @throws {ShapeError} shapes or groups that do not go together, or a kernel larger than the padded image.
 * @example
 * conv2d(ones([1, 1, 2, 2]), ones([1, 1, 2, 2]), tensor([0.5])); // [[[[4.5]]]]
 * conv2d(zeros([1, 3, 8, 8]), zeros([16, 3, 3, 3]), null, { stride: 2, padding: 1 }).shape; // [1, 16, 4, 4]
 */
export const conv2d = /* @__PURE__ */ Object.assign(
  (x: Tensor, weight: Tensor, bias?: Tensor | null, options: Conv2dOptions = {}): Tensor => {
    checkWeight("conv2d", x, weight, bias, weight.shape[0] ?? 0);
    if (x.ndim === 3) return ofImage("conv2d", x, (batch) => conv2d(batch, weight, bias, options));
    const [n, c, h, w] = x.shape as [number, number, number, number];
    const [o, perGroup, kh, kw] = weight.shape as [number, number, number, number];
    const groups = options.groups ?? 1;
    checkGroups("conv2d", groups, c, o);
    if (perGroup * groups !== c) {
      throw new ShapeError(
        `conv2d: weight ${formatShape(weight.shape)} with groups ${groups} takes ${perGroup * groups} input channels, the input ${formatShape(x.shape)} has ${c}`,
      );
    }
    const stride = pair("conv2d", "stride", options.stride ?? 1, 1);
    const dilation = pair("conv2d", "dilation", options.dilation ?? 1, 1);
    const span = [dilation[0] * (kh - 1), dilation[1] * (kw - 1)] as const;
    let total: [number, number];
    let padding: [number, number];
    if (options.padding === "same") {
      if (stride[0] !== 1 || stride[1] !== 1)
        throw new ValueError(`conv2d: padding "same" needs stride 1, got [${stride.join(", ")}]`);
      total = [...span];
      padding = [Math.floor(span[0] / 2), Math.floor(span[1] / 2)];
    } else {
      padding = pair("conv2d", "padding", options.padding === "valid" ? 0 : (options.padding ?? 0), 0);
      total = [2 * padding[0], 2 * padding[1]];
    }
    const oh = Math.floor((h + total[0] - span[0] - 1) / stride[0]) + 1;
    const ow = Math.floor((w + total[1] - span[1] - 1) / stride[1]) + 1;
    if (oh < 1 || ow < 1) {
      throw new ShapeError(
        `conv2d: the kernel spans ${span[0] + 1} × ${span[1] + 1}, the padded input only ${h + total[0]} × ${w + total[1]}; pad more or use a smaller kernel`,
      );
    }
    const geometry: Geometry = {
      x: x.shape,
      weight: weight.shape,
      out: [n, o, oh, ow],
      stride,
      padding,
      dilation,
      groups,
    };
    return apply(convRecord, bias ? [x, weight, bias] : [x, weight], geometry);
  },
  { record: convRecord },
);

export interface ConvTranspose2dOptions extends Omit<Conv2dOptions, "padding"> {
  /** What the forward convolution would have padded. Default 0. */
  padding?: Size2d;
  /** Extra rows and columns at the end, below the stride or the dilation. Default 0. */
  outputPadding?: Size2d;
}

/**
 * Transposed 2-d convolution: x [n, c, h, w], weight [c, o / groups, kh, kw], bias [o] → [n, o, oh, ow],
 * oh = (h − 1)·stride − 2·padding + dilation·(kh − 1) + outputPadding + 1 (PyTorch's conv_transpose2d). An image [c, h, w] without its
 * batch gives [o, oh, ow].
 * @throws {ShapeError} shapes or groups that do not go together; {ValueError} outputPadding that is too large.
 * @example
 * convTranspose2d(zeros([1, 16, 4, 4]), zeros([16, 3, 3, 3]), null, { stride: 2 }).shape; // [1, 3, 9, 9]
 */
export const convTranspose2d = /* @__PURE__ */ Object.assign(
  (x: Tensor, weight: Tensor, bias?: Tensor | null, options: ConvTranspose2dOptions = {}): Tensor => {
    const op = "convTranspose2d";
    const groups = options.groups ?? 1;
    const o = (weight.shape[1] ?? 0) * groups;
    checkWeight(op, x, weight, bias, o);
    if (x.ndim === 3) return ofImage(op, x, (batch) => convTranspose2d(batch, weight, bias, options));
    const [n, c, h, w] = x.shape as [number, number, number, number];
    const [rows, , kh, kw] = weight.shape as [number, number, number, number];
    checkGroups(op, groups, c);
    if (rows !== c) {
      throw new ShapeError(
        `${op}: weight ${formatShape(weight.shape)} takes ${rows} input channels, the input ${formatShape(x.shape)} has ${c}`,
      );
    }
    const stride = pair(op, "stride", options.stride ?? 1, 1);
    const dilation = pair(op, "dilation", options.dilation ?? 1, 1);
    const padding = pair(op, "padding", options.padding ?? 0, 0);
    const extra = pair(op, "outputPadding", options.outputPadding ?? 0, 0);
    for (const d of [0, 1] as const) {
      if (extra[d] >= Math.max(stride[d], dilation[d])) {
        throw new ValueError(
          `${op}: outputPadding ${extra[d]} must be below the stride ${stride[d]} or the dilation ${dilation[d]}`,
        );
      }
    }
    const size = (from: number, taps: number, d: 0 | 1): number =>
      (from - 1) * stride[d] - 2 * padding[d] + dilation[d] * (taps - 1) + extra[d] + 1;
    const [oh, ow] = [size(h, kh, 0), size(w, kw, 1)];
    if (oh < 1 || ow < 1)
      throw new ShapeError(`${op}: the result would be ${oh} × ${ow}; less padding is needed`);
    const geometry: Geometry = {
      x: [n, o, oh, ow],
      weight: weight.shape,
      out: x.shape,
      stride,
      padding,
      dilation,
      groups,
    };
    return composite(op, () => {
      const out = apply(inputGradRecord, [x, weight], geometry);
      return bias ? add(out, reshape(bias, [o, 1, 1])) : out;
    });
  },
  { record: inputGradRecord },
);
