import { noGrad } from "simdgrad";
import { CLASSES, SIDE, type Digits } from "../mnist/digits.ts";
import { FRAME, gridPng, ink, paint } from "../shared/pictures.ts";
import type { RowReader } from "./reader.ts";

/** Pixels of a column of the table of beliefs, and of its margins: together as wide as a digit. */
const COLUMN = 2;
const MARGIN = (SIDE - COLUMN * CLASSES) / 2;

/** Some digits, and to the right of each row what the reader believes after it: a column for each of 0 … 9, black for certain. */
export function beliefPicture(model: RowReader, digits: Digits, shown: readonly number[]): Uint8Array {
  const [images] = digits.batch(Int32Array.from(shown));
  const beliefs = noGrad(() => model.eval().forward(images).softmax({ dim: 1 }).data);
  const tiles = shown.flatMap((index, i) => {
    const table = Float32Array.from({ length: SIDE * SIDE }, (_, at) => {
      const label = Math.floor(((at % SIDE) - MARGIN) / COLUMN);
      const row = Math.floor(at / SIDE);
      return label >= 0 && label < CLASSES ? Number(beliefs[(i * CLASSES + label) * SIDE + row]) : 0;
    });
    return [paint(digits.pixels(index), SIDE, (grey) => ink(grey / 255)), paint(table, SIDE)];
  });
  return gridPng(tiles, { columns: 8, scale: 3, gap: 4, between: FRAME });
}
