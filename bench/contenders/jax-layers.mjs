/** @import { Layer } from "../types.d.ts" */
/** @import { Array, Jax } from "./jax.mjs" */

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
export function sequence(jax, layers, prefix = "") {
  const steps = layers.map((layer, i) => stepOfLayer(jax, layer, `${prefix}${i}.`));
  return (weights, x) => steps.reduce((value, f) => f(weights, value), x);
}
