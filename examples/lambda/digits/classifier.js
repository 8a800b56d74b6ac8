import { compile, io, noGrad, softmax, tensor } from "simdgrad";
import { AREA, SIDE } from "./read.js";

/** @typedef {{ digit: number, probabilities: number[] }} Answer */

/**
 * @typedef {object} Classifier
 * @property {(ink: Float32Array<ArrayBuffer>, count: number) => Answer[]} classify `count` digits of 28 × 28, ink from 0 to 1
 */

/**
 * A network from a model file, which says what its layers are and what becomes of the ink before it gets there.
 * @param {Uint8Array<ArrayBuffer>} file
 * @param {{ name: string, most: number }} options what errors call the file; how many digits come at once
 * @returns {Classifier}
 */
export function createClassifier(file, { name, most }) {
  const { model, classes, preprocessing } = io.load(file, { name });
  if (classes.length !== 10 || classes.some((digit, i) => digit !== String(i)))
    throw new Error(
      `${name}: its classes must be the digits 0 to 9, they are ${classes.join(", ") || "none"}`,
    );
  const sizes = sizesUpTo(most);
  // A program for each size of batch, all of them kept.
  const network = compile((x) => softmax(model.forward(io.preprocess(x, preprocessing)), { dim: 1 }), {
    cacheSize: sizes.length,
  });

  /** @type {Classifier["classify"]} */
  const classify = (ink, count) => {
    const size = sizes.find((size) => size >= count) ?? count;
    const padded = new Float32Array(size * AREA);
    padded.set(ink.subarray(0, count * AREA));
    const x = () => tensor(padded, { shape: [size, 1, SIDE, SIDE] });
    const probabilities = noGrad(() => network(x()).data);
    return Array.from({ length: count }, (_, i) => answer(probabilities.subarray(i * 10, (i + 1) * 10)));
  };
  // Records the programs, so that the first request finds them.
  for (const size of sizes) classify(new Float32Array(size * AREA), size);
  return { classify };
}

/**
 * 1, 2, 4 … up to `most`: few programs, and never more than twice the work.
 * @param {number} most
 */
function sizesUpTo(most) {
  const sizes = [];
  for (let size = 1; size < most; size *= 2) sizes.push(size);
  return [...sizes, most];
}

/**
 * @param {ArrayLike<number>} probabilities
 * @returns {Answer}
 */
function answer(probabilities) {
  const list = Array.from(probabilities);
  const digit = list.indexOf(Math.max(...list));
  return { digit, probabilities: list.map((p) => Math.round(p * 1e6) / 1e6) };
}
