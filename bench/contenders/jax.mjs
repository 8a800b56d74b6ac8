import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
/** @import { ArrayAt, Arrays, Contender, ConvSpec, GemmSpec, Layer, OpSpec, Ready, TrainSpec } from "../types.d.ts" */

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
 * All inputs in one product, then step by step, unrolled; PyTorch's order of the gates. Gives the last output.
 * @param {Jax} jax
 * @param {Extract<Layer, { hidden: number }>} layer
 * @param {(name: string) => Array} weight
 * @param {Array} x [batch, time, in]
 */
function recurrent({ numpy, nn }, { kind, hidden }, weight, x) {
  const [batch, time] = x.shape;
  const biases = kind === "lstm" ? weight("bias_ih").add(weight("bias_hh")) : weight("bias_ih");
  const all = numpy.matmul(x, weight("weight_ih").transpose()).add(biases);
  const wh = weight("weight_hh").transpose();
  const bh = weight("bias_hh");
  /** @param {Array} gates @param {number} k */
  const gate = (gates, k) => gates.ref.slice([], [k * hidden, (k + 1) * hidden]);
  let h = numpy.zeros([batch, hidden]);
  let c = numpy.zeros([batch, hidden]);
  for (let t = 0; t < time; t++) {
    const step = all.ref.slice([], t);
    if (kind === "lstm") {
      const gates = step.add(numpy.matmul(h, wh.ref));
      c = nn
        .sigmoid(gate(gates, 1))
        .mul(c)
        .add(nn.sigmoid(gate(gates, 0)).mul(numpy.tanh(gate(gates, 2))));
      h = nn.sigmoid(gate(gates, 3)).mul(numpy.tanh(c.ref));
    } else {
      const gates = numpy.matmul(h.ref, wh.ref).add(bh.ref);
      const r = nn.sigmoid(gate(step, 0).add(gate(gates, 0)));
      const z = nn.sigmoid(gate(step, 1).add(gate(gates, 1)));
      const n = numpy.tanh(gate(step, 2).add(r.mul(gate(gates, 2))));
      h = n.ref.add(z.mul(h.sub(n)));
    }
  }
  return h;
}

/**
 * Normalises over the axes; without running statistics, which a training step's losses do not show.
 * @param {Jax} jax
 * @param {Array} x
 * @param {number | number[]} axis
 * @param {Array} weight
 * @param {Array} bias
 */
const normalize = ({ nn }, x, axis, weight, bias) =>
  nn.standardize(x, axis, { epsilon: 1e-5 }).mul(weight).add(bias);

/**
 * @param {Jax} jax
 * @param {Array} qkv [batch, time, 3·width]
 * @param {number} heads
 */
function attend({ nn, numpy }, qkv, heads) {
  const [batch, time, triple] = qkv.shape;
  const size = triple / 3 / heads;
  const all = qkv.reshape([batch, time, 3, heads, size]).transpose([2, 0, 3, 1, 4]);
  const [q, k, v] = [all.ref.slice(0), all.ref.slice(1), all.slice(2)];
  const scores = numpy.matmul(q, k.transpose([0, 1, 3, 2])).mul(1 / Math.sqrt(size));
  const future = numpy.triu(numpy.ones([time, time]), 1).mul(-1e9);
  const y = numpy.matmul(nn.softmax(scores.add(future), -1), v);
  return y.transpose([0, 2, 1, 3]).reshape([batch, time, triple / 3]);
}

/** @typedef {(weights: Record<string, Array>, x: Array) => Array} Step */

/**
 * @param {Jax} jax
 * @param {Layer} layer
 * @param {string} prefix
 * @returns {Step}
 */
function stepOfLayer(jax, layer, prefix) {
  const { numpy, lax, nn } = jax;
  /** @param {Record<string, Array>} weights @param {string} name */
  const own = (weights, name) => weights[prefix + name];
  /** @param {Record<string, Array>} weights @param {string} of @param {Array} x */
  const linear = (weights, of, x) =>
    numpy.matmul(x, own(weights, `${of}weight`).transpose()).add(own(weights, `${of}bias`));
  switch (layer.kind) {
    case "linear":
      return (weights, x) => linear(weights, "", x);
    case "conv": {
      const sides = [layer.padding, layer.padding];
      return (weights, x) =>
        lax
          .convGeneralDilated(x, own(weights, "weight"), [1, 1], [sides, sides])
          .add(own(weights, "bias").reshape([layer.out, 1, 1]));
    }
    case "lstm":
    case "gru":
      return (weights, x) => recurrent(jax, layer, (name) => own(weights, `${name}_l0`), x);
    case "batchNorm":
      return (weights, x) => {
        const shape = [layer.features, 1, 1];
        const [weight, bias] = [own(weights, "weight").reshape(shape), own(weights, "bias").reshape(shape)];
        return normalize(jax, x, [0, 2, 3], weight, bias);
      };
    case "layerNorm":
      return (weights, x) => normalize(jax, x, -1, own(weights, "weight"), own(weights, "bias"));
    case "residual": {
      const inner = sequence(jax, layer.layers, `${prefix}layers.`);
      return (weights, x) => x.ref.add(inner(weights, x));
    }
    case "embedding":
      return (weights, x) =>
        numpy.take(own(weights, "tokens.weight"), x, 0).add(own(weights, "positions.weight"));
    case "attention":
      return (weights, x) => linear(weights, "proj.", attend(jax, linear(weights, "qkv.", x), layer.heads));
    case "maxPool": {
      const window = [layer.size, layer.size];
      return (_, x) =>
        lax.reduceWindow(x, (/** @type {Array} */ values) => numpy.max(values), window, window);
    }
    case "globalAvgPool":
      return (_, x) => numpy.mean(x, [2, 3]);
    case "flatten":
      return (_, x) => x.reshape([x.shape[0], -1]);
    case "relu":
      return (_, x) => nn.relu(x);
    case "tanh":
      return (_, x) => numpy.tanh(x);
    case "gelu":
      return (_, x) => nn.gelu(x, { approximate: false });
  }
}

/**
 * @param {Jax} jax
 * @param {Layer[]} layers
 * @param {string} [prefix]
 * @returns {Step}
 */
function sequence(jax, layers, prefix = "") {
  const steps = layers.map((layer, i) => stepOfLayer(jax, layer, `${prefix}${i}.`));
  return (weights, x) => steps.reduce((value, f) => f(weights, value), x);
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
