import { Writer } from "./writer.mjs";
/** @import { ConvSpec } from "../types.d.ts" */

/** Batch, channels in and out, and pixels a side; 3×3 with padding 1. */
const [N, C, O, SIDE] = [8, 64, 64, 28];

/** Of the direct algorithm; who needs fewer operations seems the faster. */
export const CONV_FLOPS = 2 * 9 * N * C * O * SIDE * SIDE;

/** @type {{ pass: ConvSpec["pass"], title: string }[]} */
export const PASSES = [
  { pass: "forward", title: "forward" },
  { pass: "input", title: "gradient of the input" },
  { pass: "weight", title: "gradient of the weight" },
];

/**
 * The last element of a result, in double precision.
 * @param {ConvSpec["pass"]} pass
 * @param {Float32Array[]} arrays
 */
function last(pass, [x = new Float32Array(), w = new Float32Array(), g = new Float32Array()]) {
  const end = SIDE - 1;
  /** A pixel of an image of as many channels; 0 outside. @param {Float32Array} image @param {number} n @param {number} c @param {number} i @param {number} j */
  const pixel = (image, n, c, i, j) =>
    i < 0 || j < 0 || i > end || j > end ? 0 : Number(image[((n * C + c) * SIDE + i) * SIDE + j]);
  let sum = 0;
  if (pass === "weight") {
    for (let n = 0; n < N; n++) {
      for (let i = 0; i <= end; i++) {
        for (let j = 0; j <= end; j++) sum += pixel(g, n, O - 1, i, j) * pixel(x, n, C - 1, i + 1, j + 1);
      }
    }
    return sum;
  }
  for (let c = 0; c < C; c++) {
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 3; j++) {
        sum +=
          pass === "forward"
            ? Number(w[((O - 1) * C + c) * 9 + 3 * i + j]) * pixel(x, N - 1, c, end + i - 1, end + j - 1)
            : Number(w[(c * C + C - 1) * 9 + 3 * i + j]) * pixel(g, N - 1, c, end + 1 - i, end + 1 - j);
      }
    }
  }
  return sum;
}

/**
 * @param {string} folder
 * @param {ConvSpec["pass"]} pass
 * @returns {ConvSpec & { expected: number }}
 */
export function writeConv(folder, pass) {
  const writer = new Writer(9);
  const x = writer.uniform([N, C, SIDE, SIDE], -1, 1);
  const w = writer.uniform([O, C, 3, 3], -1, 1);
  const g = writer.uniform([N, O, SIDE, SIDE], -1, 1);
  const expected = last(pass, /** @type {Float32Array[]} */ (writer.parts));
  /** @type {ConvSpec} */
  const spec = { kind: "conv", name: `conv-${pass}`, pass, arrays: { x, w, g } };
  writer.save(folder, spec);
  return { ...spec, expected };
}
