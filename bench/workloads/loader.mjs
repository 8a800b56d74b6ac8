import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PNG } from "pngjs";
import { random } from "./random.mjs";
import { Writer } from "./writer.mjs";
/** @import { LoaderSpec } from "../types.d.ts" */

const IMAGES = 256;
const SIDE = 64;

/** A gradient with some noise on it: neither as quick to decode as one colour nor as slow as noise. @param {() => number} next */
function paint(next) {
  const png = new PNG({ width: SIDE, height: SIDE });
  const slope = [next(), next(), next()];
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const at = 4 * (y * SIDE + x);
      slope.forEach((s, c) => (png.data[at + c] = s * x + (1 - s) * y + 16 * next()));
      png.data[at + 3] = 255;
    }
  }
  return PNG.sync.write(png);
}

/**
 * A folder of images, and what is trained on them.
 * @param {string} folder
 */
export function writeLoader(folder) {
  const images = join(folder, "images");
  mkdirSync(images);
  const next = random(1);
  for (let i = 0; i < IMAGES; i++) writeFileSync(join(images, `${i}.png`), paint(next));
  /** @type {LoaderSpec} */
  const spec = {
    kind: "loader",
    name: "loader",
    title: `CNN 3-16-32 3×3, batch 32, Adam, of PNGs of ${SIDE}×${SIDE} that are decoded on the way: a training step`,
    images: Array.from({ length: IMAGES }, (_, i) => join(images, `${i}.png`)),
    size: SIDE,
    batch: 32,
  };
  new Writer(1).save(folder, spec);
  return spec;
}
