import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
/** @import { Contender } from "../types.d.ts" */

/** A call of 50 µs or so: V8 cannot swap code under a running call, and replaces it at the next. */
const ITERATIONS = 32768;

/**
 * What this machine's `madd` gives inside wasm, in the binary that simdgrad has chosen: no product can be faster.
 * @param {string} dist
 * @returns {Promise<Contender>}
 */
export async function start(dist) {
  /** @type {typeof import("../../dist/types/index.js")} */
  const simdgrad = await import(pathToFileURL(dist).href);
  const { variant } = simdgrad.backendInfo();
  const file = join(dirname(fileURLToPath(pathToFileURL(dist))), `../simdgrad.${variant}.wasm`);
  const memory = new WebAssembly.Memory({ initial: 32, maximum: 65536 });
  const { instance } = await WebAssembly.instantiate(readFileSync(file), { env: { memory } });
  const peak = /** @type {(...numbers: number[]) => number} */ (instance.exports.maddPeak);
  return {
    about: `simdgrad.${variant}.wasm`,
    open: () => ({ step: () => void peak(1024, ITERATIONS, 0, 1), flops: ITERATIONS * 12 * 4 * 2 }),
  };
}
