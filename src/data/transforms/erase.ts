import type { Transform } from "../transform.ts";
import { below } from "./draws.ts";
import { onImages } from "./images.ts";
import { COPY, erase, operateEach, type Box } from "./operation.ts";
import { finite, probability, range, sizeOf, type Range, type Size } from "./options.ts";
import { drawBox } from "./resize.ts";

export interface RandomErasingOptions {
  /** Probability. Default ½. */
  readonly p?: number;
  /** The box's share of the area. Default [0.02, 0.33]. */
  readonly scale?: Range;
  /** The box's width / height. Default [0.3, 3.3]. */
  readonly ratio?: Range;
  /** What the box is filled with. Default 0. */
  readonly value?: number;
}

/**
 * Fills a random box that lies inside images f32 [n, c, h, w] (Z. Zhong et al., "Random erasing data augmentation", 2020).
 * @throws {ValueError} p or shares outside [0, 1], ratios of 0 or less.
 * @example
 * data.transforms.randomErasing({ p: 0.25 });
 */
export function randomErasing(options: RandomErasingOptions = {}): Transform {
  const name = "randomErasing";
  const p = probability(name, options.p ?? 0.5);
  const scale = range(name, "scale", options.scale ?? [0.02, 0.33], 0, 1);
  const ratio = range(name, "ratio", options.ratio ?? [0.3, 3.3], Number.MIN_VALUE);
  const value = finite(name, "value", options.value ?? 0);
  return onImages(name, (x, context) => {
    const [, , h, w] = x.shape as [number, number, number, number];
    return operateEach(x, context, (draw) => {
      const box = draw() < p ? drawBox(draw, h, w, scale, ratio) : null;
      return box === null ? COPY : erase(box, value);
    });
  });
}

/** The box of a size around (y, x), cut at the edges. */
export function clippedBox(y: number, x: number, size: readonly [number, number], h: number, w: number): Box {
  const [height, width] = size;
  const top = Math.min(h, Math.max(0, y - Math.floor(height / 2)));
  const left = Math.min(w, Math.max(0, x - Math.floor(width / 2)));
  const bottom = Math.min(h, Math.max(top, y - Math.floor(height / 2) + height));
  const right = Math.min(w, Math.max(left, x - Math.floor(width / 2) + width));
  return [top, left, bottom - top, right - left];
}

/**
 * Fills a box of `size` around a random pixel of images f32 [n, c, h, w]; near the edges less of it is left
 * (T. DeVries, G. Taylor, "Improved regularization of convolutional neural networks with cutout", 2017).
 * @throws {ValueError} a size that is not whole, p outside [0, 1].
 * @example
 * data.transforms.cutout(8);
 */
export function cutout(size: Size, options: { p?: number; value?: number } = {}): Transform {
  const box = sizeOf("cutout", size);
  const p = probability("cutout", options.p ?? 1);
  const value = finite("cutout", "value", options.value ?? 0);
  return onImages("cutout", (x, context) => {
    const [, , h, w] = x.shape as [number, number, number, number];
    return operateEach(x, context, (draw) =>
      draw() < p ? erase(clippedBox(below(draw, h), below(draw, w), box, h, w), value) : COPY,
    );
  });
}
