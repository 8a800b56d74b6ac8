import { cosPi } from "../../tensor/scalar.ts";
import type { Transform } from "../transform.ts";
import { between } from "./draws.ts";
import { onImages } from "./images.ts";
import { COPY, operateEach, warp, type Interpolation, type Matrix } from "./operation.ts";
import { around, choice, finite, range, type Range } from "./options.ts";

export interface WarpOptions {
  /** The nearest pixel (default), or between the four around. */
  readonly interpolation?: Interpolation;
  /** The value of what lies outside. Default 0. */
  readonly fill?: number;
}

export interface RandomAffineOptions extends WarpOptions {
  /** The most that images move, as shares of their width and height. Default none. */
  readonly translate?: readonly [across: number, down: number];
  /** Factors of the size. Default 1. */
  readonly scale?: Range;
  /** Angles in degrees: a for −a … a across, a pair, or two pairs, across and down. Default none. */
  readonly shear?: number | Range | readonly [Range, Range];
}

export interface Affine {
  /** Degrees, clockwise. */
  readonly angle?: number;
  /** Pixels to the right and down. */
  readonly translate?: readonly [number, number];
  readonly scale?: number;
  /** Degrees. */
  readonly shear?: readonly [number, number];
}

const sin = (degrees: number): number => cosPi(degrees / 180 - 0.5);
const cos = (degrees: number): number => cosPi(degrees / 180);

/**
 * Where the pixels of the moved image come from, both seen from the middle: the inverse of translation · rotation · scale · shear
 * (torchvision's _get_inverse_affine_matrix).
 */
export function inverseOf({ angle = 0, translate = [0, 0], scale = 1, shear = [0, 0] }: Affine): Matrix {
  const [across, down] = shear;
  const tan = sin(across) / cos(across);
  const a = cos(angle - down) / cos(down);
  const b = -a * tan - sin(angle);
  const c = sin(angle - down) / cos(down);
  const d = -c * tan + cos(angle);
  const [x, y] = translate;
  const [m0, m1, m3, m4] = [d / scale, -b / scale, -c / scale, a / scale];
  return [m0, m1, -m0 * x - m1 * y, m3, m4, -m3 * x - m4 * y];
}

export function warpOptions(name: string, options: WarpOptions): Required<WarpOptions> {
  const { interpolation = "nearest", fill = 0 } = options;
  choice(name, "interpolation", interpolation, ["nearest", "bilinear"]);
  return { interpolation, fill: finite(name, "fill", fill) };
}

const isStill = ([low, high]: Range, value: number): boolean => low === value && high === value;

/**
 * Turns images f32 [n, c, h, w] about their middle by up to `degrees` either way, or by a pair's range (counterclockwise); the
 * size stays.
 * @throws {ValueError} angles that are not finite, an unknown interpolation.
 * @example
 * data.transforms.randomRotation(15, { interpolation: "bilinear" });
 */
export function randomRotation(degrees: number | Range, options: WarpOptions = {}): Transform {
  const [low, high] = around("randomRotation", "degrees", degrees);
  const { interpolation, fill } = warpOptions("randomRotation", options);
  return onImages("randomRotation", (x, context) =>
    operateEach(x, context, (draw) => {
      const angle = -between(draw, low, high);
      return angle === 0 ? COPY : warp(inverseOf({ angle }), interpolation, fill);
    }),
  );
}

/**
 * Turns (clockwise, by up to `degrees` either way or by a pair's range), moves, scales and shears images f32 [n, c, h, w] about
 * their middle, in one step.
 * @throws {ValueError} shares outside [0, 1], factors of 0 or less, shears of 90° or more, an unknown interpolation.
 * @example
 * data.transforms.randomAffine(10, { translate: [0.1, 0.1], scale: [0.9, 1.1], shear: 5 });
 */
export function randomAffine(degrees: number | Range, options: RandomAffineOptions = {}): Transform {
  const name = "randomAffine";
  const { translate = [0, 0], scale = [1, 1], shear = 0 } = options;
  const { interpolation, fill } = warpOptions(name, options);
  const angles = around(name, "degrees", degrees);
  const moves = translate.map((share) => range(name, "translate", [0, share], 0, 1)[1]);
  const scales = range(name, "scale", scale, Number.MIN_VALUE);
  const pairs = typeof shear === "object" && typeof shear[0] === "object" ? shear : [shear, 0];
  const [across, down] = pairs.map((pair) => {
    const [low, high] = around(name, "shear", pair as number | Range);
    return range(name, "shear", [low, high], -89, 89);
  }) as [Range, Range];
  const still =
    isStill(angles, 0) &&
    isStill(scales, 1) &&
    isStill(across, 0) &&
    isStill(down, 0) &&
    !moves.some(Boolean);
  return onImages(name, (x, context) => {
    if (still) return x;
    const [, , h, w] = x.shape as [number, number, number, number];
    const reach = [w * (moves[0] as number), h * (moves[1] as number)] as const;
    return operateEach(x, context, (draw) => {
      const angle = between(draw, ...angles);
      const shift = reach.map((most) => Math.round(between(draw, -most, most))) as [number, number];
      const factor = between(draw, ...scales);
      const sheared = [between(draw, ...across), between(draw, ...down)] as const;
      const matrix = inverseOf({ angle, translate: shift, scale: factor, shear: sheared });
      return warp(matrix, interpolation, fill);
    });
  });
}
