import { Writer } from "./writer.mjs";
/** @import { OpSpec } from "../types.d.ts" */

/** A million elements: more than the caches near the core hold. Rows of 1,024 would make transpositions a test of cache conflicts. */
const SIDE = 1000;
const BYTES = 4 * SIDE * SIDE;

/**
 * @typedef {object} Op
 * @property {OpSpec["op"]} op
 * @property {string} title
 * @property {number} bytes that must be read and written at least
 * @property {(row: Float32Array) => number} last the last element of the result, from the last row (or column) of x
 * @property {boolean} bound whether moving the bytes is what takes the time
 */

/** @param {Float32Array} row */
const lastOf = (row) => Number(row.at(-1));
/** @param {Float32Array} row @param {(x: number) => number} f */
const mean = (row, f) => row.reduce((total, x) => total + f(x), 0) / row.length;

/** @type {Op[]} */
export const OPS = [
  { op: "exp", title: "exp", bytes: 2 * BYTES, last: (row) => Math.exp(lastOf(row)), bound: false },
  { op: "tanh", title: "tanh", bytes: 2 * BYTES, last: (row) => Math.tanh(lastOf(row)), bound: false },
  {
    op: "sigmoid",
    title: "sigmoid",
    bytes: 2 * BYTES,
    last: (row) => 1 / (1 + Math.exp(-lastOf(row))),
    bound: false,
  },
  { op: "gelu", title: "gelu", bytes: 2 * BYTES, last: (row) => gelu(lastOf(row)), bound: false },
  {
    op: "softmax",
    title: "softmax of rows",
    bytes: 2 * BYTES,
    last: (row) => Math.exp(lastOf(row)) / (mean(row, Math.exp) * row.length),
    bound: false,
  },
  {
    op: "layerNorm",
    title: "layer norm of rows",
    bytes: 2 * BYTES,
    last: (row) => {
      const middle = mean(row, (x) => x);
      const variance = mean(row, (x) => (x - middle) ** 2);
      return (lastOf(row) - middle) / Math.sqrt(variance + 1e-5);
    },
    bound: true,
  },
  { op: "sum", title: "sum of all", bytes: BYTES, last: () => NaN, bound: true },
  { op: "transpose", title: "transpose, dense", bytes: 2 * BYTES, last: lastOf, bound: true },
];

/** @param {number} x by the error function's series, exact enough for |x| ≤ 2 */
function gelu(x) {
  const z = x / Math.SQRT2;
  let term = z;
  let sum = z;
  for (let n = 1; n < 60; n++) {
    term *= (-z * z) / n;
    sum += term / (2 * n + 1);
  }
  return (x / 2) * (1 + (2 / Math.sqrt(Math.PI)) * sum);
}

/**
 * @param {string} folder
 * @param {Op} op
 * @returns {OpSpec & { expected: number }}
 */
export function writeOp(folder, { op, last }) {
  const writer = new Writer(7);
  const x = writer.uniform([SIDE, SIDE], -2, 2);
  const values = /** @type {Float32Array} */ (writer.parts[0]);
  /** @type {OpSpec} */
  const spec = { kind: "op", name: `op-${op}`, op, arrays: { x } };
  writer.save(folder, spec);
  // The sum is some hundreds: as exact as f32 allows, it stands for itself.
  const expected = op === "sum" ? values.reduce((total, v) => total + v, 0) : last(values.slice(-SIDE));
  return { ...spec, expected };
}

/** Adds of 16 elements in one step: what an op costs where there is next to nothing to compute. */
export const ADDS = 1000;

/**
 * @param {string} folder
 * @param {boolean} tracked
 * @returns {OpSpec & { expected: number }}
 */
export function writeAdds(folder, tracked) {
  const writer = new Writer(8);
  const x = writer.uniform([16], -2, 2);
  const y = writer.uniform([16], -2, 2);
  const [left, right] = /** @type {Float32Array[]} */ (writer.parts);
  /** @type {OpSpec} */
  const spec = {
    kind: "op",
    name: tracked ? "add-grad" : "add",
    op: tracked ? "addTracked" : "add",
    arrays: { x, y },
    repeat: ADDS,
  };
  writer.save(folder, spec);
  return { ...spec, expected: Number(left?.at(-1)) + Number(right?.at(-1)) };
}
