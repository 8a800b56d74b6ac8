import { noGrad, type nn } from "simdgrad";
import { SIDE, type Digits } from "../digits.ts";
import { firstLayers } from "../model.ts";
import { inkPicture, signedPicture } from "./pictures.ts";

/** How many layers of the model end with the ReLU behind the first and the second convolution. */
const FIRST = 2;
const SECOND = 5;

const largest = (values: Iterable<number>): number => {
  let most = 0;
  for (const value of values) most = Math.max(most, Math.abs(value));
  return most;
};

/** `values` in pieces of `size`. */
const pieces = <T extends { length: number; subarray(from: number, to: number): T }>(
  values: T,
  size: number,
): T[] => Array.from({ length: values.length / size }, (_, i) => values.subarray(i * size, (i + 1) * size));

/** The weights of the first convolution, a picture a filter. */
export function filterPictures(model: nn.Sequential): string[] {
  const weight = model.stateDict()["0.weight"];
  if (weight === undefined) return [];
  const width = weight.shape[3] ?? 1;
  const height = weight.shape[2] ?? 1;
  const values = weight.data;
  const most = largest(values);
  return pieces(values, width * height).map((filter) => signedPicture(width, filter, most));
}

/** What both convolutions make of a digit, a picture a channel. */
export function featurePictures(model: nn.Sequential, digits: Digits, index: number): [string[], string[]] {
  const after = (layers: number): string[] =>
    noGrad(() => {
      const [image] = digits.batch(Int32Array.of(index));
      const maps = firstLayers(model, layers).eval().forward(image);
      const width = maps.shape[3] ?? 1;
      const values = maps.data;
      const most = largest(values);
      return pieces(values, width * (maps.shape[2] ?? 1)).map((map) => inkPicture(width, map, most));
    });
  return [after(FIRST), after(SECOND)];
}

export const digitPicture = (digits: Digits, index: number): string =>
  inkPicture(SIDE, digits.pixels(index), 255);
