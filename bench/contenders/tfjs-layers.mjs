/** @import { ArrayAt, Layer, TrainSpec } from "../types.d.ts" */
/** @import { Tensor, Tf } from "./tfjs.mjs" */

/** [n, c, h, w] → [n, h, w, c]: the layout that its kernels are written for. */
export const IMAGES_LAST = [0, 2, 3, 1];
/** [o, c, h, w] → [h, w, c, o] */
export const FILTERS_LAST = [2, 3, 1, 0];

/**
 * Linear layers after Flatten take their inputs as [channel, row, column]; here they come as [row, column, channel].
 * @param {Tf} tf
 * @param {Tensor} weight
 * @param {number} channels
 */
function reorder(tf, weight, channels) {
  const [out, inputs] = weight.shape;
  const side = Math.sqrt(inputs / channels);
  return tf.reshape(tf.transpose(tf.reshape(weight, [out, channels, side, side]), [0, 2, 3, 1]), [
    out,
    inputs,
  ]);
}

/**
 * All inputs in one product, then step by step; PyTorch's gates i, f, g, o. Gives the last output.
 * @param {Tf} tf
 * @param {Tensor} x [batch, time, in]
 * @param {Tensor[]} weights [in, 4·hidden] and [hidden, 4·hidden]
 * @param {Tensor[]} biases
 * @param {number} hidden
 */
function lstm(tf, x, [wi, wh], [bi, bh], hidden) {
  const [batch, time, inputs] = x.shape;
  const all = tf.add(tf.matMul(tf.reshape(x, [batch * time, inputs]), wi), tf.add(bi, bh));
  const steps = tf.unstack(tf.reshape(all, [batch, time, 4 * hidden]), 1);
  let h = tf.zeros([batch, hidden]);
  let c = tf.zeros([batch, hidden]);
  for (const step of steps) {
    const [i, f, g, o] = tf.split(tf.add(step, tf.matMul(h, wh)), 4, 1);
    c = tf.add(tf.mul(tf.sigmoid(f), c), tf.mul(tf.sigmoid(i), tf.tanh(g)));
    h = tf.mul(tf.sigmoid(o), tf.tanh(c));
  }
  return h;
}

/**
 * Likewise, gates r, z, n.
 * @param {Tf} tf
 * @param {Tensor} x [batch, time, in]
 * @param {Tensor[]} weights [in, 3·hidden] and [hidden, 3·hidden]
 * @param {Tensor[]} biases
 * @param {number} hidden
 */
function gru(tf, x, [wi, wh], [bi, bh], hidden) {
  const [batch, time, inputs] = x.shape;
  const all = tf.add(tf.matMul(tf.reshape(x, [batch * time, inputs]), wi), bi);
  const steps = tf.unstack(tf.reshape(all, [batch, time, 3 * hidden]), 1);
  let h = tf.zeros([batch, hidden]);
  for (const step of steps) {
    const [xr, xz, xn] = tf.split(step, 3, 1);
    const [hr, hz, hn] = tf.split(tf.add(tf.matMul(h, wh), bh), 3, 1);
    const z = tf.sigmoid(tf.add(xz, hz));
    const n = tf.tanh(tf.add(xn, tf.mul(tf.sigmoid(tf.add(xr, hr)), hn)));
    h = tf.add(n, tf.mul(z, tf.sub(h, n)));
  }
  return h;
}

/**
 * @param {Tf} tf
 * @param {Tensor} x
 * @param {number[]} axes what mean and variance are taken over
 * @param {Tensor} weight
 * @param {Tensor} bias
 */
function normalize(tf, x, axes, weight, bias) {
  const { mean, variance } = tf.moments(x, axes, true);
  return tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5))), weight), bias);
}

/** @param {Tf} tf @param {Tensor} x */
export const gelu = (tf, x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));

/**
 * Products take two dimensions in their fastest and best tested form.
 * @param {Tf} tf
 * @param {Tensor} x
 * @param {Tensor} weight [in, out]
 * @param {Tensor} bias
 */
function linear(tf, x, weight, bias) {
  const [inputs, outputs] = weight.shape;
  const y = tf.add(tf.matMul(tf.reshape(x, [-1, inputs]), weight), bias);
  return x.shape.length === 2 ? y : tf.reshape(y, [...x.shape.slice(0, -1), outputs]);
}

/**
 * @param {Tf} tf
 * @param {Tensor} qkv [batch, time, 3·width]
 * @param {number} heads
 * @param {Tensor} mask
 */
function attend(tf, qkv, heads, mask) {
  const [batch, time, triple] = qkv.shape;
  const size = triple / 3 / heads;
  const [q, k, v] = tf.unstack(
    tf.transpose(tf.reshape(qkv, [batch, time, 3, heads, size]), [2, 0, 3, 1, 4]),
    0,
  );
  const scores = tf.add(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(size)), mask);
  const y = tf.matMul(tf.softmax(scores, -1), v);
  return tf.reshape(tf.transpose(y, [0, 2, 1, 3]), [batch, time, triple / 3]);
}

/**
 * A matrix that hides what comes later.
 * @param {Tf} tf
 * @param {number} time
 */
const causal = (tf, time) =>
  tf.tensor(
    Float32Array.from({ length: time * time }, (_, i) => (i % time > Math.floor(i / time) ? -1e9 : 0)),
    [time, time],
  );

/**
 * Running statistics are left out: a training step's losses do not show them.
 * @param {Tf} tf
 * @param {TrainSpec} spec
 * @param {(at: ArrayAt) => Tensor} load
 * @returns {{ variables: Tensor[], forward: (x: Tensor) => Tensor }}
 */
export function network(tf, spec, load) {
  /** @type {Tensor[]} */
  const variables = [];
  let channels = 0;
  /** @param {string} name @param {(value: Tensor) => Tensor} [turn] */
  const variable = (name, turn = (value) => value) => {
    const at = /** @type {ArrayAt} */ (spec.weights[name]);
    const made = tf.variable(tf.tidy(() => turn(load(at))));
    variables.push(made);
    return made;
  };
  const turned = /** @param {Tensor} value */ (value) => tf.transpose(value);
  /**
   * @param {Layer[]} layers
   * @param {string} prefix
   * @returns {(x: Tensor) => Tensor}
   */
  const sequence = (layers, prefix) => {
    const steps = layers.map((layer, i) => step(layer, `${prefix}${i}.`, layers[i - 1]));
    return (x) => steps.reduce((value, f) => f(value), x);
  };
  /**
   * @param {Layer} layer
   * @param {string} prefix
   * @param {Layer | undefined} before
   * @returns {(x: Tensor) => Tensor}
   */
  const step = (layer, prefix, before) => {
    /** @param {string} name @param {(value: Tensor) => Tensor} [turn] */
    const own = (name, turn) => variable(prefix + name, turn);
    switch (layer.kind) {
      case "linear": {
        const afterFlatten = before?.kind === "flatten";
        const weight = own("weight", (value) => turned(afterFlatten ? reorder(tf, value, channels) : value));
        const bias = own("bias");
        return (x) => linear(tf, x, weight, bias);
      }
      case "conv": {
        const weight = own("weight", (value) => tf.transpose(value, FILTERS_LAST));
        const bias = own("bias");
        channels = layer.out;
        return (x) => tf.add(tf.conv2d(x, weight, 1, layer.padding), bias);
      }
      case "lstm":
      case "gru": {
        const weights = ["weight_ih_l0", "weight_hh_l0"].map((name) => own(name, turned));
        const biases = ["bias_ih_l0", "bias_hh_l0"].map((name) => own(name));
        const run = layer.kind === "lstm" ? lstm : gru;
        return (x) => run(tf, x, weights, biases, layer.hidden);
      }
      case "batchNorm":
      case "layerNorm": {
        const weight = own("weight");
        const bias = own("bias");
        const axes = layer.kind === "batchNorm" ? [0, 1, 2] : [-1];
        return (x) => normalize(tf, x, axes, weight, bias);
      }
      case "residual": {
        const inner = sequence(layer.layers, `${prefix}layers.`);
        return (x) => tf.add(x, inner(x));
      }
      case "embedding": {
        const tokens = own("tokens.weight");
        const positions = own("positions.weight");
        return (x) => tf.add(tf.gather(tokens, x), positions);
      }
      case "attention": {
        const [qkv, qkvBias] = [own("qkv.weight", turned), own("qkv.bias")];
        const [proj, projBias] = [own("proj.weight", turned), own("proj.bias")];
        const mask = causal(tf, Number(spec.batches[0]?.x.shape[1]));
        return (x) => linear(tf, attend(tf, linear(tf, x, qkv, qkvBias), layer.heads, mask), proj, projBias);
      }
      case "maxPool":
        return (x) => tf.maxPool(x, layer.size, layer.size, "valid");
      case "globalAvgPool":
        return (x) => tf.mean(x, [1, 2]);
      case "flatten":
        return (x) => tf.reshape(x, [x.shape[0], -1]);
      case "relu":
        return (x) => tf.relu(x);
      case "tanh":
        return (x) => tf.tanh(x);
      case "gelu":
        return (x) => gelu(tf, x);
    }
  };
  return { forward: sequence(spec.layers, ""), variables };
}
