import { Writer } from "./writer.mjs";
/** @import { OpSpec } from "../types.d.ts" */

/** A million elements: more than the caches near the core hold. Columns of a power of two are where caches conflict. */
const SIDE = 1024;
const BYTES = 4 * SIDE * SIDE;

/** @typedef {{ x: Float32Array, y: Float32Array }} Operands */

/**
 * @typedef {object} Op
 * @property {OpSpec["op"]} op
 * @property {string} title
 * @property {number[]} [x] shape of the operand; default a square
 * @property {number[]} [y] shape of another one
 * @property {number} bytes that must be read and written at least
 * @property {(operands: Operands) => number} last the last element of the result
 * @property {boolean} [bound] whether moving the bytes is what takes the time
 */

/** @param {Operands} operands */
const lastRow = ({ x }) => x.slice(-SIDE);
/** @param {Operands} operands */
const lastColumn = ({ x }) => Float32Array.from({ length: SIDE }, (_, i) => Number(x[i * SIDE + SIDE - 1]));
/** @param {Float32Array} row */
const lastOf = (row) => Number(row.at(-1));
/** @param {Float32Array} row @param {(x: number) => number} f */
const mean = (row, f) => row.reduce((total, x) => total + f(x), 0) / row.length;
/** @param {Float32Array} values */
const total = (values) => values.reduce((sum, v) => sum + v, 0);

/** Pooling and depthwise convolution: batch, channels, pixels a side. */
const [N, C, PIXELS] = [8, 128, 28];
const IMAGES = [N, C, PIXELS, PIXELS];
const IMAGE_BYTES = 4 * N * C * PIXELS * PIXELS;

/** @type {Op[]} */
export const OPS = [
  {
    op: "gemv",
    title: "vector × matrix",
    y: [SIDE],
    bytes: BYTES,
    last: (operands) => total(lastColumn(operands).map((v, i) => v * Number(operands.y[i]))),
  },
  { op: "exp", title: "exp", bytes: 2 * BYTES, last: ({ x }) => Math.exp(lastOf(x)) },
  { op: "tanh", title: "tanh", bytes: 2 * BYTES, last: ({ x }) => Math.tanh(lastOf(x)) },
  { op: "sigmoid", title: "sigmoid", bytes: 2 * BYTES, last: ({ x }) => 1 / (1 + Math.exp(-lastOf(x))) },
  { op: "gelu", title: "gelu", bytes: 2 * BYTES, last: ({ x }) => gelu(lastOf(x)) },
  {
    op: "softmax",
    title: "softmax of rows",
    bytes: 2 * BYTES,
    last: (operands) => Math.exp(lastOf(operands.x)) / (mean(lastRow(operands), Math.exp) * SIDE),
  },
  {
    op: "layerNorm",
    title: "layer norm of rows",
    bytes: 2 * BYTES,
    last(operands) {
      const row = lastRow(operands);
      const middle = mean(row, (x) => x);
      const variance = mean(row, (x) => (x - middle) ** 2);
      return (lastOf(row) - middle) / Math.sqrt(variance + 1e-5);
    },
    bound: true,
  },
  // Some hundreds: as exact as f32 allows.
  { op: "sum", title: "sum of all", bytes: BYTES, last: ({ x }) => total(x), bound: true },
  {
    op: "sumRows",
    title: "sums of rows",
    bytes: BYTES,
    last: (operands) => total(lastRow(operands)),
    bound: true,
  },
  {
    op: "sumColumns",
    title: "sums of columns",
    bytes: BYTES,
    last: (operands) => total(lastColumn(operands)),
    bound: true,
  },
  { op: "transpose", title: "transpose, dense", bytes: 2 * BYTES, last: ({ x }) => lastOf(x), bound: true },
  {
    op: "maxPool",
    title: `max pooling 2×2 of ${IMAGES.join("×")}`,
    x: IMAGES,
    bytes: 1.25 * IMAGE_BYTES,
    last: ({ x }) => Math.max(...[1, 2, PIXELS + 1, PIXELS + 2].map((i) => Number(x.at(-i)))),
  },
  {
    op: "depthwise",
    title: `depthwise convolution 3×3 of ${IMAGES.join("×")}`,
    x: IMAGES,
    y: [C, 1, 3, 3],
    bytes: 2 * IMAGE_BYTES,
    // The kernel's right column and lowest row lie outside.
    last({ x, y }) {
      const taps = [0, 1].flatMap((i) => [0, 1].map((j) => [9 - 3 * i - j, (1 - i) * PIXELS + 2 - j]));
      return taps.reduce((sum, [k, at]) => sum + Number(y.at(-Number(k))) * Number(x.at(-Number(at))), 0);
    },
  },
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
export function writeOp(folder, { op, x = [SIDE, SIDE], y, last }) {
  const writer = new Writer(7);
  const arrays = { x: writer.uniform(x, -2, 2), ...(y && { y: writer.uniform(y, -2, 2) }) };
  const [left = new Float32Array(), right = left] = /** @type {Float32Array[]} */ (writer.parts);
  /** @type {OpSpec} */
  const spec = { kind: "op", name: `op-${op}`, op, arrays };
  writer.save(folder, spec);
  return { ...spec, expected: last({ x: left, y: right }) };
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
