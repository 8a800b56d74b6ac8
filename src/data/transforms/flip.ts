import type { Transform } from "../transform.ts";
import { onImages } from "./images.ts";
import { COPY, crop, operateEach } from "./operation.ts";
import { probability } from "./options.ts";

const flip = (name: string, p: number, way: { across?: boolean; down?: boolean }): Transform => {
  probability(name, p);
  const flipped = crop(0, 0, way);
  return onImages(name, (x, context) => operateEach(x, context, (draw) => (draw() < p ? flipped : COPY)));
};

/**
 * Mirrors left and right with probability p (default ½). Images f32 [n, c, h, w].
 * @throws {ValueError} p outside [0, 1]; when called, {ShapeError} and {DTypeError} what are no such images.
 * @example
 * data.transforms.randomHorizontalFlip({ p: 0.5 });
 */
export const randomHorizontalFlip = ({ p = 0.5 }: { p?: number } = {}): Transform =>
  flip("randomHorizontalFlip", p, { across: true });

/**
 * Turns upside down with probability p (default ½), as a mirror does. Images f32 [n, c, h, w].
 * @throws {ValueError} p outside [0, 1]; when called, {ShapeError} and {DTypeError} what are no such images.
 * @example
 * data.transforms.randomVerticalFlip({ p: 0.5 });
 */
export const randomVerticalFlip = ({ p = 0.5 }: { p?: number } = {}): Transform =>
  flip("randomVerticalFlip", p, { down: true });
