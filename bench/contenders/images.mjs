import { readFile } from "node:fs/promises";
import { PNG } from "pngjs";
/** @import { LoaderSpec } from "../types.d.ts" */
/** @typedef {typeof import("../../dist/types/index.js")} Simdgrad */

/**
 * In JavaScript: a decoder that occupies the thread it runs in, which is what workers are for.
 * @param {string} file
 */
async function decode(file) {
  const { data: rgba, width, height } = PNG.sync.read(await readFile(file));
  const data = new Uint8Array(3 * width * height);
  for (let from = 0, at = 0; at < data.length; from += 4, at += 3) {
    for (let c = 0; c < 3; c++) data[at + c] = Number(rgba[from + c]);
  }
  return { data, height, width, channels: 3 };
}

/**
 * @param {Simdgrad} simdgrad
 * @param {LoaderSpec} spec
 */
export function images({ data }, { images }) {
  const classes = Array.from({ length: 10 }, (_, i) => String(i));
  const items = images.map((name, i) => ({ name, label: i % classes.length, decode: () => decode(name) }));
  return new data.ImageDataset(items, classes, { dtype: "f32" });
}
