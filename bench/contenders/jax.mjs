import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
/** @import { ArrayAt, Arrays, Contender, GemmSpec, Layer, OpSpec, Ready, TrainSpec } from "../types.d.ts" */

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
      if (spec.kind === "gemm") return openGemm(jax, spec, arrays);
      return spec.kind === "op" ? openOp(jax, spec, arrays) : openTraining(jax, spec, arrays);
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

/**
 * @param {Jax} jax
 * @param {OpSpec} spec
 * @param {Arrays} arrays
 * @returns {Ready}
 */
function openOp(jax, spec, arrays) {
  const { nn, numpy } = jax;
  const x = loader(jax, arrays)(spec.arrays.x);
  /** @type {Partial<Record<OpSpec["op"], (x: Array) => Array>>} */
  const calls = {
    exp: numpy.exp,
    gelu: (x) => nn.gelu(x, { approximate: false }),
    layerNorm: (x) => nn.standardize(x, -1, { epsilon: 1e-5 }),
    sigmoid: nn.sigmoid,
    softmax: (x) => nn.softmax(x, -1),
    sum: (x) => numpy.sum(x),
    tanh: numpy.tanh,
    // The sum with 0 makes it move the elements.
    transpose: (x) => numpy.transpose(x).add(0),
  };
  const f = calls[spec.op];
  if (!f) throw new Error("jax-js compiles whole functions: there is no single op to time");
  const call = jax.jit(f);
  return {
    async step() {
      const result = call(x.ref);
      await result.blockUntilReady();
      result.dispose();
    },
    probe: () => Number(call(x.ref).dataSync().at(-1)),
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
 * @param {Jax} jax
 * @param {TrainSpec} spec
 * @returns {(weights: Record<string, Array>, x: Array) => Array}
 */
function network({ numpy, lax, nn }, spec) {
  /** @type {((weights: Record<string, Array>, x: Array) => Array)[]} */
  const steps = spec.layers.map((layer, i) => {
    switch (layer.kind) {
      case "linear":
        return (weights, x) => numpy.matmul(x, weights[`${i}.weight`].transpose()).add(weights[`${i}.bias`]);
      case "conv": {
        const sides = [layer.padding, layer.padding];
        return (weights, x) =>
          lax
            .convGeneralDilated(x, weights[`${i}.weight`], [1, 1], [sides, sides])
            .add(weights[`${i}.bias`].reshape([layer.out, 1, 1]));
      }
      case "lstm":
      case "gru":
        return (weights, x) => recurrent({ numpy, nn }, layer, (name) => weights[`${i}.${name}_l0`], x);
      case "maxPool": {
        const window = [layer.size, layer.size];
        return (_, x) =>
          lax.reduceWindow(x, (/** @type {Array} */ values) => numpy.max(values), window, window);
      }
      case "flatten":
        return (_, x) => x.reshape([x.shape[0], -1]);
      case "relu":
        return (_, x) => nn.relu(x);
      case "tanh":
        return (_, x) => numpy.tanh(x);
    }
  });
  return (weights, x) => steps.reduce((value, f) => f(weights, value), x);
}

/**
 * @param {Jax} jax
 * @param {TrainSpec} spec
 * @returns {(weights: Record<string, Array>, x: Array, y: Array) => Array}
 */
function lossOf(jax, spec) {
  const { numpy, nn } = jax;
  const forward = network(jax, spec);
  if (spec.loss === "mse") return (weights, x, y) => numpy.mean(numpy.square(forward(weights, x).sub(y)));
  return (weights, x, y) =>
    numpy.mean(numpy.sum(nn.logSoftmax(forward(weights, x), -1).mul(nn.oneHot(y, 10)), -1)).neg();
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
      next.weights[name] = weight.sub(change);
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
