import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { JAX, ORT, OURS, TFJS } from "../contenders/list.mjs";
import { spread } from "./statistics.mjs";
/** @import { Spread } from "./statistics.mjs" */

/** The process that only begins and ends. */
export const EMPTY = "empty";

/**
 * @typedef {object} Start what a process takes from its start until it has its first product, in milliseconds
 * @property {string} contender
 * @property {Spread} whole
 * @property {Spread} over what the empty process of the same round takes
 * @property {Spread} times ours: over the empty process, round by round
 */

/** @param {string} name */
const script = (name) => fileURLToPath(new URL(`../startup/${name}.mjs`, import.meta.url));

/**
 * A model of one node: x times x.
 * @param {string} file to write
 */
async function writeModel(file) {
  const { onnx } = (await import("onnx-proto")).default;
  const { FLOAT } = onnx.TensorProto.DataType;
  /** @param {string} name */
  const value = (name) => ({
    name,
    type: { tensorType: { elemType: FLOAT, shape: { dim: [{ dimValue: 2 }, { dimValue: 2 }] } } },
  });
  const graph = {
    name: "square",
    node: [{ opType: "MatMul", input: ["x", "x"], output: ["result"] }],
    input: [value("x")],
    output: [value("result")],
  };
  const model = onnx.ModelProto.encode({ irVersion: 8, opsetImport: [{ domain: "", version: 17 }], graph });
  writeFileSync(file, model.finish());
  return file;
}

/**
 * @param {string} node
 * @param {string[]} args
 * @param {"wall" | "cpu"} clock
 * @returns {number}
 */
function lifetime(node, args, clock) {
  const { status, stdout, stderr } = spawnSync(node, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`start-up of ${args[0]}: ${stderr.trim() || `code ${status}`}`);
  return JSON.parse(stdout)[clock];
}

/**
 * Fresh processes in turn: one that does nothing, and each contender importing its package, starting its kernels, multiplying two
 * matrices and reading the result. The process's own clock, which starts with it, says how long that took.
 * @param {object} options
 * @param {string} options.node
 * @param {string} options.entry what `import "simdgrad"` finds
 * @param {number} options.times
 * @param {"wall" | "cpu"} options.clock
 * @param {string} options.folder for the peer's model
 * @returns {Promise<{ times: number, empty: Spread, starts: Start[] }>}
 */
export async function measureStartup({ node, entry, times, clock, folder }) {
  const model = await writeModel(join(folder, "square.onnx"));
  /** @type {Record<string, string[]>} */
  const programs = {
    [EMPTY]: [script("empty")],
    [OURS]: [script("simdgrad"), entry],
    [TFJS]: [script("tfjs")],
    [JAX]: [script("jax")],
    [ORT]: [script("ort"), model],
  };
  /** @type {Record<string, number[]>} */
  const taken = Object.fromEntries(Object.keys(programs).map((name) => [name, []]));
  for (let round = -1; round < times; round++) {
    for (const [name, args] of Object.entries(programs)) {
      const ms = lifetime(node, args, clock);
      if (round >= 0) taken[name]?.push(ms); // files come from the disk once
    }
  }
  const empty = taken[EMPTY] ?? [];
  /** @param {string} name */
  const over = (name) => (taken[name] ?? []).map((ms, round) => ms - Number(empty[round]));
  const ours = over(OURS);
  const starts = Object.keys(programs).flatMap((contender) => {
    if (contender === EMPTY) return [];
    const whole = spread(taken[contender] ?? []);
    const more = spread(over(contender));
    const factor = spread(over(contender).map((ms, round) => ms / Number(ours[round])));
    return whole && more && factor ? [{ contender, whole, over: more, times: factor }] : [];
  });
  return { times, empty: /** @type {Spread} */ (spread(empty)), starts };
}
