import { Writer } from "./writer.mjs";
/** @import { GemmSpec } from "../types.d.ts" */

export const SIZES = [64, 128, 256, 512, 1024];

/**
 * Square matrices, C = A·B.
 * @param {string} folder
 * @param {number} n
 * @returns {GemmSpec & { expected: number }}
 */
export function writeGemm(folder, n) {
  const writer = new Writer(n);
  const a = writer.uniform([n, n], -1, 1);
  const b = writer.uniform([n, n], -1, 1);
  const [left, right] = /** @type {Float32Array[]} */ (writer.parts);
  let expected = 0;
  for (let k = 0; k < n; k++) {
    expected += Number(left?.[(n - 1) * n + k]) * Number(right?.[k * n + n - 1]);
  }
  /** @type {GemmSpec} */
  const spec = { kind: "gemm", name: `gemm-${n}`, n, arrays: { a, b } };
  writer.save(folder, spec);
  return { ...spec, expected };
}
