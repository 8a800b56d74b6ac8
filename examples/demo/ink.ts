/**
 * A drawing the way MNIST's authors made theirs (http://yann.lecun.com/exdb/mnist): scaled, with its aspect, into a box
 * of 20 × 20 with grey edges, then placed in 28 × 28 by its centre of mass.
 */
import { AREA, SIDE } from "../mnist/digits.ts";

const BOX = 20;
/** Where the digits of the files have their centre of mass, on average: pixel (14, 14), whose middle this is. */
const CENTRE = 14.5;

/** Grey levels of a picture, row by row, 0 for paper. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly grey: ArrayLike<number>;
}

interface Extent {
  /** First and one past the last row or column with ink. */
  from: number;
  to: number;
  /** Centre of mass. */
  mass: number;
}

/** Where the ink lies along one axis, given the ink of each row or column; null without any. */
function extentOf(profile: Float64Array): Extent | null {
  const from = profile.findIndex((sum) => sum > 0);
  if (from < 0) return null;
  let to = from;
  let total = 0;
  let moment = 0;
  profile.forEach((sum, i) => {
    if (sum > 0) to = i + 1;
    total += sum;
    moment += sum * (i + 0.5);
  });
  return { from, to, mass: moment / total };
}

/** Which part of the source goes into each of the 28 pixels: its centre of mass at CENTRE, nothing outside the frame. */
function placement({ from, to, mass }: Extent, scale: number): (pixel: number) => number {
  const size = (to - from) * scale;
  const start = Math.min(Math.max(CENTRE - (mass - from) * scale, 0), SIDE - size);
  return (pixel) => from + (pixel - start) / scale;
}

/** 28 × 28 from 0 to 1, or null for an empty picture. */
export function toDigit({ width, height, grey }: Picture): Float32Array | null {
  const rows = new Float64Array(height);
  const columns = new Float64Array(width);
  let most = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const value = grey[y * width + x] ?? 0;
      rows[y] = (rows[y] ?? 0) + value;
      columns[x] = (columns[x] ?? 0) + value;
      if (value > most) most = value;
    }
  }
  const vertical = extentOf(rows);
  const horizontal = extentOf(columns);
  if (vertical === null || horizontal === null) return null;

  const scale = BOX / Math.max(vertical.to - vertical.from, horizontal.to - horizontal.from);
  const yAt = placement(vertical, scale);
  const xAt = placement(horizontal, scale);
  const digit = new Float32Array(AREA);
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      const sum = sumOf({ width, height, grey }, xAt(column), xAt(column + 1), yAt(row), yAt(row + 1));
      digit[row * SIDE + column] = (sum * scale * scale) / most;
    }
  }
  return digit;
}

/** The grey in a rectangle; pixels that it cuts count by their share. */
function sumOf({ width, height, grey }: Picture, x0: number, x1: number, y0: number, y1: number): number {
  let sum = 0;
  for (let y = Math.max(0, Math.floor(y0)); y < Math.min(height, y1); y++) {
    const share = Math.min(y + 1, y1) - Math.max(y, y0);
    let line = 0;
    for (let x = Math.max(0, Math.floor(x0)); x < Math.min(width, x1); x++) {
      line += (grey[y * width + x] ?? 0) * (Math.min(x + 1, x1) - Math.max(x, x0));
    }
    sum += line * share;
  }
  return sum;
}
