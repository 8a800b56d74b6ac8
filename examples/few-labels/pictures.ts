import { SIDE, type Digits } from "../mnist/digits.ts";
import { captionedSvg, type Captioned } from "../shared/captioned.ts";
import { FRAME, gridPng, ink, paint } from "../shared/pictures.ts";

const COLUMNS = 12;
const RED = "#c0392b";

/** Two rows of digits that got the right pseudo-label, and two of those that got a wrong one. */
export function pseudoPicture(digits: Digits, answers: Uint8Array): string {
  const item = (index: number): Captioned => {
    const [truth, answer] = [digits.labels[index], answers[index]];
    const picture = paint(digits.pixels(index), SIDE, (grey) => ink(grey / 255));
    return truth === answer
      ? { picture, caption: `${answer}` }
      : { picture, caption: `${answer}, is ${truth}`, colour: RED };
  };
  const all = Array.from({ length: digits.length }, (_, index) => index);
  const isRight = (index: number): boolean => digits.labels[index] === answers[index];
  const right = all.filter(isRight).slice(0, 2 * COLUMNS);
  const wrong = all.filter((index) => !isRight(index)).slice(0, 2 * COLUMNS);
  return captionedSvg([...right, ...wrong].map(item), { columns: COLUMNS });
}

/** The labelled digits, a column a class. */
export function labelledPicture(digits: Digits, classes: number): Uint8Array {
  const indices = Array.from(digits.labels, (_, index) => index);
  const ordered = Array.from({ length: classes }, (_, label) =>
    indices.filter((index) => digits.labels[index] === label),
  );
  const rows = Array.from({ length: digits.length / classes }, (_, row) =>
    ordered.map((column) => column[row] ?? 0),
  );
  const tiles = rows.flat().map((index) => paint(digits.pixels(index), SIDE, (grey) => ink(grey / 255)));
  return gridPng(tiles, { columns: classes, gap: 1, between: FRAME });
}
