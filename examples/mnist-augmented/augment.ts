import { data } from "simdgrad";
import { normalise } from "../mnist/digits.ts";

/** Turns, moves, resizes and slants each digit a little; what comes in from outside is paper. */
export const augment = data.transforms.randomAffine(12, {
  translate: [0.07, 0.07],
  scale: [0.9, 1.1],
  shear: 8,
  interpolation: "bilinear",
  fill: normalise(0),
});
