import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { median } from "./statistics.mjs";

/** @param {string} name */
const script = (name) => fileURLToPath(new URL(`../startup/${name}.mjs`, import.meta.url));

/**
 * @param {string} node
 * @param {string[]} args
 */
function lifetime(node, args) {
  const start = performance.now();
  const { status, stderr } = spawnSync(node, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`start-up: ${stderr.trim().split("\n").at(-1) ?? `code ${status}`}`);
  return performance.now() - start;
}

/**
 * From the start of a process to its end, in milliseconds: an empty module, and one that imports simdgrad, makes a
 * tensor and reads it. Fresh processes in turn; medians.
 * @param {string} node
 * @param {string} dist
 * @param {number} times
 */
export function measureStartup(node, dist, times) {
  /** @type {number[]} */
  const empty = [];
  /** @type {number[]} */
  const tensor = [];
  for (let i = -1; i < times; i++) {
    const one = lifetime(node, [script("empty")]);
    const other = lifetime(node, [script("first-tensor"), dist]);
    if (i < 0) continue; // files come from the disk once
    empty.push(one);
    tensor.push(other);
  }
  const over = tensor.map((ms, i) => ms - Number(empty[i]));
  return { empty: median(empty), tensor: median(tensor), over: median(over), times };
}
