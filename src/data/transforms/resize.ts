import { interpolate } from "../../ops/interpolate.ts";
import { power } from "../../tensor/scalar.ts";
import type { Transform } from "../transform.ts";
import { below, between, type Draw } from "./draws.ts";
import { onImages } from "./images.ts";
import { operate, operateEach, resizeBox, type Box, type Interpolation } from "./operation.ts";
import { choice, range, sizeOf, type Range, type Size } from "./options.ts";

export interface ResizeOptions {
  /** The nearest pixel, or (default) the weighted pixels around. */
  readonly interpolation?: Interpolation;
  /** Let the weights reach over all pixels that an image to be shrunk has, so that none is lost; "bilinear" only. Default true. */
  readonly antialias?: boolean;
}

export interface RandomResizedCropOptions {
  /** The box's share of the area. Default [0.08, 1]. */
  readonly scale?: Range;
  /** The box's width / height. Default [¾, 4/3]. */
  readonly ratio?: Range;
  /** As for `resize`. Default true. */
  readonly antialias?: boolean;
}

/**
 * Brings images f32 [n, c, h, w] to `size`, a side for squares or [height, width].
 * @throws {ValueError} sizes that are not whole, an unknown interpolation.
 * @example
 * data.transforms.resize([24, 32]);
 */
export function resize(size: Size, options: ResizeOptions = {}): Transform {
  const { interpolation = "bilinear", antialias = true } = options;
  const target = sizeOf("resize", size);
  choice("resize", "interpolation", interpolation, ["nearest", "bilinear"]);
  return onImages("resize", (x) => {
    const [n, , h, w] = x.shape as [number, number, number, number];
    if (h === target[0] && w === target[1]) return x;
    if (interpolation === "nearest") return interpolate(x, { size: target });
    const whole = [resizeBox([0, 0, h, w], antialias)];
    return operate(x, new Array<typeof whole>(n).fill(whole), target);
  });
}

/** Draws a box whose area and width / height lie in the ranges; null if ten tries give none that fits. */
export function drawBox(draw: Draw, h: number, w: number, scale: Range, [low, high]: Range): Box | null {
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = h * w * between(draw, ...scale);
    const ratio = low * power(high / low, draw());
    const width = Math.round(Math.sqrt(area * ratio));
    const height = Math.round(Math.sqrt(area / ratio));
    if (width > 0 && height > 0 && width <= w && height <= h)
      return [below(draw, h - height + 1), below(draw, w - width + 1), height, width];
  }
  return null;
}

/** The largest box in the middle whose width / height lies in the range. */
function middleBox(h: number, w: number, [low, high]: Range): Box {
  const width = Math.max(1, Math.min(w, Math.round(h * high)));
  const height = Math.max(1, Math.min(h, Math.round(w / low)));
  return [Math.floor((h - height) / 2), Math.floor((w - width) / 2), height, width];
}

/**
 * Cuts a random box out of images f32 [n, c, h, w] and brings it to `size`; after ten boxes that do not fit, the largest in the middle.
 * The crop of Inception (C. Szegedy et al., "Going deeper with convolutions", 2015).
 * @throws {ValueError} shares outside (0, 1], ratios of 0 or less.
 * @example
 * data.transforms.randomResizedCrop(32, { scale: [0.5, 1] });
 */
export function randomResizedCrop(size: Size, options: RandomResizedCropOptions = {}): Transform {
  const name = "randomResizedCrop";
  const target = sizeOf(name, size);
  const scale = range(name, "scale", options.scale ?? [0.08, 1], Number.MIN_VALUE, 1);
  const ratio = range(name, "ratio", options.ratio ?? [3 / 4, 4 / 3], Number.MIN_VALUE);
  const { antialias = true } = options;
  return onImages(name, (x, context) => {
    const [, , h, w] = x.shape as [number, number, number, number];
    const choose = (draw: Draw): Box => drawBox(draw, h, w, scale, ratio) ?? middleBox(h, w, ratio);
    return operateEach(x, context, (draw) => resizeBox(choose(draw), antialias), target);
  });
}
