import type { nn } from "simdgrad";
import { featureMaps, largest, planesOf } from "../../shared/features.ts";
import { SIDE, type Digits } from "../digits.ts";
import { inkPicture, signedPicture } from "./pictures.ts";

/** How many layers of the model end with the ReLU behind the first and the second convolution. */
const FIRST = 2;
const SECOND = 5;

/** The weights of the first convolution, a picture a filter. */
export function filterPictures(model: nn.Sequential): string[] {
  const weight = model.stateDict()["0.weight"];
  if (weight === undefined) return [];
  const { planes, width } = planesOf(weight);
  const most = largest(planes);
  return planes.map((filter) => signedPicture(width, filter, most));
}

/** What both convolutions make of a digit, a picture a channel. */
export function featurePictures(model: nn.Sequential, digits: Digits, index: number): [string[], string[]] {
  const [image] = digits.batch(Int32Array.of(index));
  const after = (layers: number): string[] => {
    const { planes, width } = featureMaps(model, layers, image);
    const most = largest(planes);
    return planes.map((map) => inkPicture(width, map, most));
  };
  return [after(FIRST), after(SECOND)];
}

export const digitPicture = (digits: Digits, index: number): string =>
  inkPicture(SIDE, digits.pixels(index), 255);
