import { fileURLToPath } from "node:url";
import { pythonEnvironment } from "../measure/python.mjs";
import { TRAINING } from "../workloads/index.mjs";
/** @import { Entry } from "../types.d.ts" */

export const OURS = "simdgrad";
/** Steps that are captured once and replayed. */
export const COMPILED = "simdgrad, compiled";
export const PEAK = "madd peak";
export const COPY = "wasm copy";
/** Training on batches that are there already: what loading could at best come to. */
export const COMPUTE = "compute alone";
/** What the machine allows, not somebody who competes. */
export const LIMITS = [PEAK, COPY];
/** The peers whose names the report needs. */
export const TFJS = "tfjs-wasm";
export const JAX = "jax-js";
export const ORT = "ORT-web";
export const BRAIN = "brain.js";
export const TFJS_CPU = "tfjs-cpu";
export const TORCH = "PyTorch, tuned";
/** Those that run where we do. */
export const JAVASCRIPT = [TFJS, JAX, ORT, BRAIN, TFJS_CPU];
/** Of two threads: ours and PyTorch's. */
export const COMPILED_TWICE = "simdgrad, compiled, 2 threads";
export const TORCH_TWICE = "PyTorch, 2 threads";

/** What everybody takes part in. */
const SHARED = ["gemm", "conv", "ops", "eager", ...TRAINING];

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
   * @param {string[]} families
   * @param {"installed" | "tuned"} mode
   * @param {number} [threads]
   */
  const torch = (name, families, mode, threads = 1) => ({
    name,
    families,
    command: String(python),
    args: [fileURLToPath(new URL("pytorch.py", import.meta.url)), mode, String(threads)],
    env: { ...pythonEnvironment(), ...(mode === "tuned" ? TUNED : {}), ...clock },
  });
  return [
    js(PEAK, ["gemm", "conv"], "peak", dist),
    js(COPY, ["ops"], "copy", dist),
    js(OURS, SHARED, "simdgrad", dist),
    js(COMPILED, [...TRAINING, "replay", "threads"], "simdgrad", dist, "compiled"),
    js(COMPILED_TWICE, ["threads"], "simdgrad", dist, "compiled", "2"),
    js(OURS, ["loader"], "loader", dist, "worker"),
    ...against.flatMap(({ path, dist }) => [
      js(`${OURS} at ${path}`, SHARED, "simdgrad", dist),
      js(`${COMPILED} at ${path}`, [...TRAINING, "replay", "threads"], "simdgrad", dist, "compiled"),
    ]),
    js(COMPUTE, ["loader"], "loader", dist, "memory"),
    js("prefetch, no worker", ["loader"], "loader", dist, "prefetch"),
    js("no prefetch", ["loader"], "loader", dist, "plain"),
    js(TFJS, SHARED, "tfjs", "wasm"),
    js(
      JAX,
      SHARED.filter((family) => family !== "resnet"),
      "jax",
    ),
    // Many seconds a step: one of them, or one behind a compilation, tells enough.
    { ...js(JAX, ["resnet"], "jax"), least: 2 },
    // A step of the ResNet would take it some two minutes.
    { ...js(TFJS_CPU, ["cnn", "gpt"], "tfjs", "cpu"), least: 1 },
    js(ORT, ["gemm", "conv"], "ort"),
    js(BRAIN, ["xor", "mlp"], "brain"),
    ...(python === null
      ? []
      : [
          torch("PyTorch, as installed", SHARED, "installed"),
          torch(TORCH, [...SHARED, "threads"], "tuned"),
          torch(TORCH_TWICE, ["threads"], "tuned", 2),
        ]),
  ];
}
