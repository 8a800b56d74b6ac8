import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";

/**
 * @typedef {{ file: string, bytes: number, gzip: number }} Size
 */

/**
 * What users download.
 * @param {string} dist
 * @returns {Size[]}
 */
export function measureSizes(dist) {
  const files = [
    "simdgrad.simd.wasm",
    "simdgrad.relaxed.wasm",
    "node/chunks/runtime.js",
    "browser/chunks/runtime.js",
  ];
  return files.map((file) => {
    const bytes = readFileSync(join(dirname(dist), "..", file));
    return { file, bytes: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length };
  });
}
