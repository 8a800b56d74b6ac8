import { power } from "../../tensor/scalar.ts";
import type { Transform } from "../transform.ts";
import { inverseOf, warpOptions, type WarpOptions } from "./affine.ts";
import { checkChannels } from "./colour.ts";
import { below, drawsOf } from "./draws.ts";
import { onImages } from "./images.ts";
import * as ops from "./operation.ts";
import { whole } from "./options.ts";

export interface RandAugmentOptions extends WarpOptions {
  /** Operations a sample. Default 2. */
  readonly numOps?: number;
  /** How strong they are: 0 … numMagnitudeBins − 1. Default 9. */
  readonly magnitude?: number;
  /** Default 31. */
  readonly numMagnitudeBins?: number;
}

/** How far a sample goes: `strength` in [0, 1], `sign` ±1, and its image. */
interface Dose {
  readonly strength: number;
  readonly sign: number;
  readonly h: number;
  readonly w: number;
  readonly grey: boolean;
}

type Choice = (dose: Dose, options: Required<WarpOptions>) => ops.Operation;

const moved =
  (matrix: (dose: Dose) => ops.Matrix): Choice =>
  (dose, { interpolation, fill }) =>
    ops.warp(matrix(dose), interpolation, fill);

const enhanced =
  (make: (factor: number) => ops.Operation): Choice =>
  ({ strength, sign }) =>
    make(1 + sign * 0.9 * strength);

const shear = ({ strength, sign }: Dose): number => sign * 0.3 * strength;
const shift = ({ strength, sign }: Dose, size: number): number =>
  sign * Math.floor((150 / 331) * size * strength);

/** The operations of the paper with torchvision's magnitudes. Shears hold the upper left corner. */
const CHOICES: readonly Choice[] = [
  () => ops.COPY,
  moved((dose) => [1, shear(dose), (shear(dose) * dose.h) / 2, 0, 1, 0]),
  moved((dose) => [1, 0, 0, shear(dose), 1, (shear(dose) * dose.w) / 2]),
  moved((dose) => inverseOf({ translate: [shift(dose, dose.w), 0] })),
  moved((dose) => inverseOf({ translate: [0, shift(dose, dose.h)] })),
  moved(({ strength, sign }) => inverseOf({ angle: -sign * 30 * strength })),
  enhanced(ops.brightness),
  // The colour of grey images stays.
  (dose, options) => (dose.grey ? ops.COPY : enhanced(ops.saturation)(dose, options)),
  enhanced(ops.contrast),
  enhanced(ops.sharpen),
  ({ strength }) => ops.posterize(power(2, 8 - Math.round(4 * strength))),
  ({ strength }) => ops.solarize(1 - strength),
  () => ops.AUTOCONTRAST,
  () => ops.EQUALIZE,
];

/**
 * Some operations a sample, drawn from fourteen: none, shears, moves, rotation, brightness, colour, contrast, sharpness, posterizing,
 * solarizing, autocontrast, equalizing; all of one magnitude (E. Cubuk et al., "RandAugment: Practical automated data augmentation with
 * a reduced search space", 2020; torchvision's ranges). Images f32 [n, 1 or 3, h, w] in [0, 1].
 * @throws {ValueError} a magnitude that is no bin; when called, {ShapeError} images with other channels.
 * @example
 * data.transforms.randAugment({ numOps: 2, magnitude: 9 });
 */
export function randAugment(options: RandAugmentOptions = {}): Transform {
  const name = "randAugment";
  const { numOps = 2, magnitude = 9, numMagnitudeBins = 31 } = options;
  whole(name, "numOps", numOps, 0);
  whole(name, "numMagnitudeBins", numMagnitudeBins, 2);
  whole(name, "magnitude", magnitude, 0);
  whole(name, "numMagnitudeBins − 1 − magnitude", numMagnitudeBins - 1 - magnitude, 0);
  const strength = magnitude / (numMagnitudeBins - 1);
  const warping = warpOptions(name, options);
  return onImages(name, (images, context) => {
    checkChannels(name, images, [1, 3]);
    const [, c, h, w] = images.shape as [number, number, number, number];
    const draws = Array.from({ length: context.indices.length }, (_, row) => drawsOf(context, row));
    let x = images;
    for (let step = 0; step < numOps; step++) {
      const lists = draws.map((draw) => {
        const choose = CHOICES[below(draw, CHOICES.length)] as Choice;
        const sign = draw() < 0.5 ? -1 : 1;
        return [choose({ strength, sign, h, w, grey: c === 1 }, warping)];
      });
      x = ops.operate(x, lists);
    }
    return x;
  });
}
