import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { sequence } from "./jax-layers.mjs";
/** @import { ArrayAt, Arrays, Contender, ConvSpec, GemmSpec, OpSpec, Ready, TrainSpec } from "../types.d.ts" */

/** The package carries no types that the project's checks could rely on (peers.d.ts). */
/** @typedef {any} Jax */
/** @typedef {any} Array */

/**
 * jax-js in its best light: the whole step in one `jit`, with the optimiser written into it. Passing an array uses it
 * up; `.ref` keeps it.
 * @returns {Promise<Contender>}
 */
export async function start() {
  const jax = await import("@jax-js/jax");
  await jax.init("wasm");
  jax.defaultDevice("wasm");
  const main = createRequire(import.meta.url).resolve("@jax-js/jax");
  const { version } = JSON.parse(readFileSync(join(dirname(main), "../package.json"), "utf8"));
  return {
    about: `jax-js ${version}, wasm`,
    open(spec, arrays) {
      switch (spec.kind) {
        case "gemm":
          return openGemm(jax, spec, arrays);
        case "op":
          return openOp(jax, spec, arrays);
        case "conv":
          return openConv(jax, spec, arrays);
        case "train":
          return openTraining(jax, spec, arrays);
        default:
          throw new Error("jax-js replays whole functions only");
      }
    },
  };
}

/**
 * @param {Jax} jax
 * @param {Arrays} arrays
 */
const loader = (jax, arrays) => {
  /** @param {ArrayAt} at */
  return (at) => jax.numpy.array(arrays(at), { shape: at.shape });
};

/**
 * @param {Jax} jax
 * @param {GemmSpec} spec
 * @param {Arrays} arrays
 * @returns {Ready}
 */
function openGemm(jax, spec, arrays) {
  const load = loader(jax, arrays);
  const a = load(spec.arrays.a);
  const b = load(spec.arrays.b);
  const product = jax.jit(jax.numpy.matmul);
  return {
    async step() {
      const c = product(a.ref, b.ref);
      await c.blockUntilReady();
      c.dispose();
    },
    probe: () => Number(product(a.ref, b.ref).dataSync().at(-1)),
  };
}

const PADDED = [
  [1, 1],
  [1, 1],
];

/**
 * A convolution is linear in each operand, so that its gradient needs no result: `jit` drops it.
 * @param {Jax} jax
 * @param {ConvSpec} spec
 * @param {Arrays} arrays
 * @returns {Ready}
 */
function openConv(jax, spec, arrays) {
  const { lax, numpy } = jax;
  const load = loader(jax, arrays);
  const operands = { x: load(spec.arrays.x), w: load(spec.arrays.w), g: load(spec.arrays.g) };
  /** @typedef {typeof operands} Operands */
  /** @param {Operands} operands */
  const conv = ({ x, w, g }) => {
    if (spec.pass === "forward") g.dispose();
    return lax.convGeneralDilated(x, w, [1, 1], PADDED);
  };
  const at = spec.pass === "input" ? "x" : "w";
  /** @param {Operands} operands */
  const gradient = ({ [at]: wanted, ...others }) =>
    jax.grad((/** @type {Array} */ value) => {
      const all = /** @type {Operands} */ ({ ...others, [at]: value });
      return numpy.sum(conv({ ...all }).mul(all.g));
    })(wanted);
  const call = jax.jit(spec.pass === "forward" ? conv : gradient);
  return {
    async step() {
      const result = call(jax.tree.ref(operands));
      await result.blockUntilReady();
      result.dispose();
    },
    probe: () => Number(call(jax.tree.ref(operands)).dataSync().at(-1)),
  };
}

/**
 * @param {Jax} jax
 * @param {OpSpec} spec
 * @param {Arrays} arrays
 * @returns {Ready}
 */
function openOp(jax, spec, arrays) {
  const { lax, nn, numpy } = jax;
  const load = loader(jax, arrays);
  const operands = [spec.arrays.x, ...(spec.arrays.y ? [spec.arrays.y] : [])].map(load);
  /** @type {Partial<Record<OpSpec["op"], (x: Array, y: Array) => Array>>} */
  const calls = {
    depthwise: (x, y) => lax.convGeneralDilated(x, y, [1, 1], PADDED, { featureGroupCount: x.shape[1] }),
    exp: numpy.exp,
    gelu: (x) => nn.gelu(x, { approximate: false }),
    gemv: (x, y) => numpy.matmul(y, x),
    layerNorm: (x) => nn.standardize(x, -1, { epsilon: 1e-5 }),
    maxPool: (x) => lax.reduceWindow(x, (/** @type {Array} */ values) => numpy.max(values), [2, 2], [2, 2]),
    sigmoid: nn.sigmoid,
    softmax: (x) => nn.softmax(x, -1),
    sum: (x) => numpy.sum(x),
    sumColumns: (x) => numpy.sum(x, 0),
    sumRows: (x) => numpy.sum(x, 1),
    tanh: numpy.tanh,
    // The sum with 0 makes it move the elements.
    transpose: (x) => numpy.transpose(x).add(0),
  };
  const f = calls[spec.op];
  if (!f) throw new Error("jax-js compiles whole functions: there is no single op to time");
  const call = jax.jit(f);
  const run = () => call(...operands.map((operand) => operand.ref));
  return {
    async step() {
      const result = run();
      await result.blockUntilReady();
      result.dispose();
    },
    probe: () => Number(run().dataSync().at(-1)),
  };
}

/**
 * @param {Jax} jax
 * @param {TrainSpec} spec
 * @returns {(weights: Record<string, Array>, x: Array, y: Array) => Array}
 */
function lossOf(jax, spec) {
  const { numpy, nn } = jax;
  const { classes } = spec;
  const forward = sequence(jax, spec.layers);
  if (spec.loss === "mse") return (weights, x, y) => numpy.mean(numpy.square(forward(weights, x).sub(y)));
  return (weights, x, y) =>
    numpy.mean(numpy.sum(nn.logSoftmax(forward(weights, x), -1).mul(nn.oneHot(y, classes)), -1)).neg();
}

/**
 * One step as a pure function of weights, moments, step count and batch.
 * @param {Jax} jax
 * @param {TrainSpec} spec
 */
function stepOf(jax, spec) {
  const { numpy } = jax;
  const { kind, lr } = spec.optimizer;
  const differentiate = jax.valueAndGrad(lossOf(jax, spec));
  /** @typedef {{ weights: Record<string, Array>, m: Record<string, Array>, v: Record<string, Array>, t: Array }} State */
  /**
   * @param {State} state
   * @param {Array} x
   * @param {Array} y
   * @returns {[State, Array]}
   */
  const step = ({ weights, m, v, t }, x, y) => {
    const [loss, gradients] = differentiate(jax.tree.ref(weights), x, y);
    /** @type {State} */
    const next = { weights: {}, m: {}, v: {}, t: t.add(1) };
    const correct1 = numpy.subtract(1, numpy.power(0.9, next.t.ref));
    const correct2 = numpy.subtract(1, numpy.power(0.999, next.t.ref));
    for (const [name, weight] of Object.entries(weights)) {
      const g = gradients[name];
      if (kind === "sgd") {
        next.weights[name] = weight.sub(g.mul(lr));
        continue;
      }
      next.m[name] = m[name].mul(0.9).add(g.ref.mul(0.1));
      next.v[name] = v[name].mul(0.999).add(numpy.square(g).mul(0.001));
      const denominator = numpy.sqrt(next.v[name].ref.div(correct2.ref)).add(1e-8);
      const change = next.m[name].ref.div(correct1.ref).div(denominator).mul(lr);
      next.weights[name] = (kind === "adamw" ? weight.mul(1 - lr * 0.01) : weight).sub(change);
    }
    correct1.dispose();
    correct2.dispose();
    return [next, loss];
  };
  return step;
}

/**
 * @param {Jax} jax
 * @param {TrainSpec} spec
 * @param {Arrays} arrays
 * @returns {Ready}
 */
function openTraining(jax, spec, arrays) {
  const load = loader(jax, arrays);
  const batches = spec.batches.map(({ x, y }) => ({ x: load(x), y: load(y) }));
  const entries = Object.entries(spec.weights);
  const weights = Object.fromEntries(entries.map(([name, at]) => [name, load(at)]));
  const zeros = () =>
    spec.optimizer.kind === "sgd"
      ? {}
      : Object.fromEntries(entries.map(([name, at]) => [name, jax.numpy.zeros(at.shape)]));
  const step = jax.jit(stepOf(jax, spec));
  let state = { weights, m: zeros(), v: zeros(), t: jax.numpy.zeros([]) };
  let i = 0;
  return {
    async step() {
      const { x, y } = /** @type {typeof batches[0]} */ (batches[i++ % batches.length]);
      const [next, loss] = step(state, x.ref, y.ref);
      state = next;
      return loss.dataSync()[0];
    },
  };
}
