import { ShapeError } from "../errors.ts";
import { composite } from "../tensor/lifetime.ts";
import { formatShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { conv2d, convTranspose2d } from "./conv.ts";
import { squeeze, unsqueeze } from "./movement.ts";
import { alongWidth, type Size1d } from "./window.ts";

/** Convolutions of rows are those of images of height 1. */

export interface Conv1dOptions {
  /** Default 1. */
  stride?: Size1d;
  /** Zeros on each side; "same" keeps the length (stride 1), "valid" is 0. Default 0. */
  padding?: Size1d | "same" | "valid";
  /** Distance between the kernel's taps. Default 1. */
  dilation?: Size1d;
  /** Blocks of channels that do not see each other. Default 1. */
  groups?: number;
}

function check(op: string, x: Tensor, weight: Tensor): void {
  if ((x.ndim !== 3 && x.ndim !== 2) || weight.ndim !== 3) {
    throw new ShapeError(
      `${op}: takes an input [n, c, l] or [c, l] and a weight of 3 dimensions, got ${formatShape(x.shape)} and ${formatShape(weight.shape)}`,
    );
  }
}

/**
 * 1-d convolution (cross-correlation, as in PyTorch's conv1d): x [n, c, l], weight [o, c / groups, k], bias [o] → [n, o, ol],
 * ol = ⌊(l + 2·padding − dilation·(k − 1) − 1) / stride⌋ + 1. A row [c, l] without its batch gives [o, ol].
 * @throws {ShapeError} shapes or groups that do not go together, or a kernel longer than the padded row.
 * @example
 * conv1d(tensor([[[1, 2, 3, 4]]]), tensor([[[1, 10]]])); // [[[21, 32, 43]]]
 * conv1d(zeros([1, 3, 8]), zeros([16, 3, 3]), null, { stride: 2, padding: 1 }).shape; // [1, 16, 4]
 */
export function conv1d(x: Tensor, weight: Tensor, bias?: Tensor | null, options: Conv1dOptions = {}): Tensor {
  check("conv1d", x, weight);
  const { stride, padding, dilation, groups = 1 } = options;
  return composite("conv1d", () => {
    const out = conv2d(unsqueeze(x, -2), unsqueeze(weight, 2), bias, {
      stride: alongWidth("conv1d", "stride", stride, 1),
      padding: typeof padding === "string" ? padding : alongWidth("conv1d", "padding", padding, 0),
      dilation: alongWidth("conv1d", "dilation", dilation, 1),
      groups,
    });
    return squeeze(out, { dim: -2 });
  });
}

export interface ConvTranspose1dOptions extends Omit<Conv1dOptions, "padding"> {
  /** What the forward convolution would have padded. Default 0. */
  padding?: Size1d;
  /** Extra places at the end, below the stride or the dilation. Default 0. */
  outputPadding?: Size1d;
}

/**
 * Transposed 1-d convolution: x [n, c, l], weight [c, o / groups, k], bias [o] → [n, o, ol],
 * ol = (l − 1)·stride − 2·padding + dilation·(k − 1) + outputPadding + 1 (PyTorch's conv_transpose1d). A row [c, l] without its batch gives [o, ol].
 * @throws {ShapeError} shapes or groups that do not go together; {ValueError} outputPadding that is too large.
 * @example
 * convTranspose1d(tensor([[[1, 2]]]), tensor([[[1, 10]]]), null, { stride: 2 }); // [[[1, 10, 2, 20]]]
 */
export function convTranspose1d(
  x: Tensor,
  weight: Tensor,
  bias?: Tensor | null,
  options: ConvTranspose1dOptions = {},
): Tensor {
  const op = "convTranspose1d";
  check(op, x, weight);
  const { stride, padding, dilation, outputPadding, groups = 1 } = options;
  return composite(op, () => {
    const out = convTranspose2d(unsqueeze(x, -2), unsqueeze(weight, 2), bias, {
      stride: alongWidth(op, "stride", stride, 1),
      padding: alongWidth(op, "padding", padding, 0),
      dilation: alongWidth(op, "dilation", dilation, 1),
      outputPadding: alongWidth(op, "outputPadding", outputPadding, 0),
      groups,
    });
    return squeeze(out, { dim: -2 });
  });
}
