import { ShapeError } from "../../errors.ts";
import { pad as padOp, type PadMode } from "../../ops/pad.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Transform } from "../transform.ts";
import { below } from "./draws.ts";
import { onImages } from "./images.ts";
import { crop, operate, operateEach } from "./operation.ts";
import { choice, finite, sizeOf, whole, type Size } from "./options.ts";

/** On all sides, [left and right, top and bottom], or [left, top, right, bottom], in pixels. */
export type Padding = number | readonly [number, number] | readonly [number, number, number, number];

export interface PadOptions {
  /** Value of the border where the mode is "constant". Default 0. */
  readonly fill?: number;
  /** "constant" (default), "replicate" the edge pixels, "reflect" without repeating them, "circular". */
  readonly mode?: PadMode;
}

export interface RandomCropOptions {
  /** Border put around the images first. Default 0. */
  readonly padding?: Padding;
  /** Value of a constant border. Default 0. */
  readonly fill?: number;
  /** What the border is, as for `pad`. Default "constant". */
  readonly paddingMode?: PadMode;
}

interface Border {
  readonly sides: readonly [left: number, top: number, right: number, bottom: number];
  readonly fill: number;
  readonly mode: PadMode;
}

const MODES: readonly PadMode[] = ["constant", "reflect", "replicate", "circular"];

function borderOf(name: string, padding: Padding, fill: number, mode: PadMode): Border {
  const list = typeof padding === "number" ? [padding] : padding;
  for (const side of list) whole(name, "padding", side, 0);
  const [left = 0, top = left, right = left, bottom = top] = list;
  const sides = [left, top, right, bottom] as const;
  return { sides, fill: finite(name, "fill", fill), mode: choice(name, "the padding mode", mode, MODES) };
}

/** The images with a border that is more than one value. */
function bordered(x: Tensor, { sides, mode }: Border): Tensor {
  const [left, top, right, bottom] = sides;
  return padOp(x, [left, right, top, bottom], { mode });
}

/**
 * Puts a border around images f32 [n, c, h, w].
 * @throws {ValueError} amounts that are not whole or negative, an unknown mode; when called, {ShapeError} mirroring more than there is.
 * @example
 * data.transforms.pad([2, 0]); // [n, c, h, w] → [n, c, h, w + 4]
 */
export function pad(padding: Padding, { fill = 0, mode = "constant" }: PadOptions = {}): Transform {
  const border = borderOf("pad", padding, fill, mode);
  const [left, top, right, bottom] = border.sides;
  return onImages("pad", (x) => {
    if (mode !== "constant") return bordered(x, border);
    const [n, , h, w] = x.shape as [number, number, number, number];
    const moved = crop(-top, -left, { fill });
    return operate(
      x,
      Array.from({ length: n }, () => [moved]),
      [h + top + bottom, w + left + right],
    );
  });
}

/**
 * Cuts images f32 [n, c, h, w] to `size` at a random place, out of the image with its border: with `randomCrop(32, { padding: 4 })`
 * images of 32 × 32 move by up to 4 pixels.
 * @throws {ValueError} sizes and paddings that are not whole; when called, {ShapeError} images smaller than that.
 * @example
 * data.transforms.randomCrop(28, { padding: 2 });
 */
export function randomCrop(size: Size, options: RandomCropOptions = {}): Transform {
  const { padding = 0, fill = 0, paddingMode = "constant" } = options;
  const [oh, ow] = sizeOf("randomCrop", size);
  const border = borderOf("randomCrop", padding, fill, paddingMode);
  return onImages("randomCrop", (images, context) => {
    const [left, top, right, bottom] = paddingMode === "constant" ? border.sides : [0, 0, 0, 0];
    const x = paddingMode === "constant" ? images : bordered(images, border);
    const height = (x.shape[2] as number) + top + bottom;
    const width = (x.shape[3] as number) + left + right;
    if (height < oh || width < ow) {
      throw new ShapeError(
        `randomCrop: [${oh}, ${ow}] does not fit into images ${formatShape(images.shape)} with their border, [${height}, ${width}] (use more padding)`,
      );
    }
    return operateEach(
      x,
      context,
      (draw) => crop(below(draw, height - oh + 1) - top, below(draw, width - ow + 1) - left, { fill }),
      [oh, ow],
    );
  });
}

/**
 * Cuts the middle out of images f32 [n, c, h, w]; what lies outside of them is 0. An odd rest is rounded as torchvision does.
 * @throws {ValueError} a size that is not whole.
 * @example
 * data.transforms.centerCrop(24);
 */
export function centerCrop(size: Size): Transform {
  const [oh, ow] = sizeOf("centerCrop", size);
  return onImages("centerCrop", (x) => {
    const [n, , h, w] = x.shape as [number, number, number, number];
    if (h === oh && w === ow) return x;
    const middle = crop(start(h, oh), start(w, ow));
    return operate(
      x,
      Array.from({ length: n }, () => [middle]),
      [oh, ow],
    );
  });
}

/** Where the middle begins: halves go to even when cropping, and the smaller half of a border comes first. */
function start(size: number, count: number): number {
  if (count > size) return -Math.floor((count - size) / 2);
  const half = Math.floor((size - count) / 2);
  return (size - count) % 2 === 1 && half % 2 === 1 ? half + 1 : half;
}
