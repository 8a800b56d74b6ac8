import { fileURLToPath } from "node:url";
import { pythonEnvironment } from "../measure/python.mjs";
import { SHARED } from "../workloads/index.mjs";
/** @import { Entry } from "../types.d.ts" */

export const OURS = "simdgrad";
export const PEAK = "madd peak";
export const COPY = "wasm copy";
/** Training on batches that are there already: what loading could at best come to. */
export const COMPUTE = "compute alone";
/** What the machine allows, not somebody who competes. */
export const LIMITS = [PEAK, COPY];

/** Keeps glibc from giving pages back to the system after every step. */
const TUNED = {
  MALLOC_MMAP_MAX_: "0",
  MALLOC_TRIM_THRESHOLD_: "68719476736",
  MALLOC_TOP_PAD_: "268435456",
  ATEN_CPU_CAPABILITY: "avx512",
};

/**
 * @param {object} options
 * @param {string} options.node runs the JavaScript contenders
 * @param {string} options.dist our bundle for Node
 * @param {{ path: string, dist: string }[]} options.against other builds: where they came from and their bundles
 * @param {string | null} options.python that has PyTorch
 * @param {boolean} options.cpu count processor time
 * @returns {Entry[]}
 */
export function contenders({ node, dist, against, python, cpu }) {
  const clock = { BENCH_CLOCK: cpu ? "cpu" : "wall" };
  /**
   * @param {string} name
   * @param {string[]} families
   * @param {...string} args
   */
  const js = (name, families, ...args) => ({
    name,
    families,
    command: node,
    args: [fileURLToPath(new URL("../worker.mjs", import.meta.url)), ...args],
    env: { ...process.env, ...clock },
  });
  /**
   * @param {string} name
   * @param {string} mode
   * @param {NodeJS.ProcessEnv} extra
   */
  const torch = (name, mode, extra) => ({
    name,
    families: SHARED,
    command: String(python),
    args: [fileURLToPath(new URL("pytorch.py", import.meta.url)), mode],
    env: { ...pythonEnvironment(), ...extra, ...clock },
  });
  return [
    js(PEAK, ["gemm"], "peak", dist),
    js(COPY, ["ops"], "copy", dist),
    js(OURS, SHARED, "simdgrad", dist),
    js(OURS, ["loader"], "loader", dist, "worker"),
    ...against.map(({ path, dist }) => js(`${OURS} at ${path}`, SHARED, "simdgrad", dist)),
    js(COMPUTE, ["loader"], "loader", dist, "memory"),
    js("prefetch, no worker", ["loader"], "loader", dist, "prefetch"),
    js("no prefetch", ["loader"], "loader", dist, "plain"),
    js("tfjs-wasm", SHARED, "tfjs", "wasm"),
    js("jax-js", SHARED, "jax"),
    // Nine seconds a step: one of them tells enough.
    { ...js("tfjs-cpu", ["cnn"], "tfjs", "cpu"), once: true },
    ...(python === null
      ? []
      : [torch("PyTorch, as installed", "installed", {}), torch("PyTorch, tuned", "tuned", TUNED)]),
  ];
}
