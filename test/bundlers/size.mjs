/** What a build shipped: scripts and kernels, without source maps. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

/** @param {string} folder */
function filesOf(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.([cm]?js|wasm)$/.test(entry.name))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
}

/**
 * Bytes as they are, and file by file through gzip.
 * @param {string} folder
 */
export function sizeOf(folder) {
  const files = filesOf(folder);
  const sum = (/** @type {number[]} */ numbers) => numbers.reduce((a, b) => a + b, 0);
  return {
    raw: sum(files.map((file) => file.length)),
    gzip: sum(files.map((file) => gzipSync(file, { level: 9 }).length)),
  };
}

/**
 * Whether any file of a folder holds a text.
 * @param {string} folder
 * @param {string} text
 */
export const holds = (folder, text) => filesOf(folder).some((file) => file.includes(text));
