import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
/** @import { Contender } from "../types.d.ts" */

const PAGE = 65536;

/**
 * How fast wasm moves bytes from one place to another: the limit of what computes next to nothing.
 * @param {string} dist
 * @returns {Promise<Contender>}
 */
export async function start(dist) {
  /** @type {typeof import("../../dist/types/index.js")} */
  const simdgrad = await import(pathToFileURL(dist).href);
  const { variant } = simdgrad.backendInfo();
  const file = join(dirname(fileURLToPath(pathToFileURL(dist))), `../simdgrad.${variant}.wasm`);
  return {
    about: `memory.copy by simdgrad.${variant}.wasm`,
    async open(spec, read) {
      if (spec.kind !== "op") throw new Error("a copy stands beside ops only");
      const values = read(spec.arrays.x);
      const bytes = values.byteLength;
      const memory = new WebAssembly.Memory({ initial: 2 + Math.ceil((2 * bytes) / PAGE), maximum: 65536 });
      const { instance } = await WebAssembly.instantiate(readFileSync(file), { env: { memory } });
      const copy = /** @type {(...numbers: number[]) => number} */ (instance.exports.copy_32);
      new Float32Array(memory.buffer, PAGE).set(values);
      // One dimension of so many elements, both sides without gaps.
      new Int32Array(memory.buffer, 1024).set([1, values.length, 1, 1]);
      return { step: () => void copy(PAGE + bytes, PAGE, 1024, 0, 1), bytes: 2 * bytes };
    },
  };
}
