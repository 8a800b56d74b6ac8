import { createRequire } from "node:module";
import { dirname, join } from "node:path";
/** @import { ArrayAt, Arrays, Contender, GemmSpec, OpSpec, Ready, TrainSpec } from "../types.d.ts" */

/** The packages carry no types that the project's checks could rely on (peers.d.ts). */
/** @typedef {any} Tf */
/** @typedef {any} Tensor */

/**
 * TensorFlow.js in its best light: low-level ops in `tidy`, NHWC, no layers API.
 * @param {string} backend
 * @returns {Promise<Contender>}
 */
export async function start(backend) {
  const tf = await import("@tensorflow/tfjs");
  const require = createRequire(import.meta.url);
  let about = `tfjs ${tf.version.tfjs}, ${backend}`;
  if (backend === "wasm") {
    const wasm = await import("@tensorflow/tfjs-backend-wasm");
    const main = require.resolve("@tensorflow/tfjs-backend-wasm");
    wasm.setWasmPaths(join(dirname(main), "/"));
    wasm.setThreadsCount(1);
    about += (await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT")) ? " with SIMD" : " without SIMD";
  }
  if (!(await tf.setBackend(backend))) throw new Error(`tfjs: backend ${backend} does not start`);
  return {
    about,
    open(spec, arrays) {
      if (spec.kind === "gemm") return openGemm(tf, spec, arrays);
      return spec.kind === "op" ? openOp(tf, spec, arrays) : openTraining(tf, spec, arrays);
    },
  };
}

/**
 * @param {Tf} tf
 * @param {GemmSpec} spec
 * @param {Arrays} arrays
 * @returns {Ready}
 */
function openGemm(tf, spec, arrays) {
  const { a, b } = spec.arrays;
  const left = tf.tensor(arrays(a), a.shape);
  const right = tf.tensor(arrays(b), b.shape);
  return {
    step: () => void tf.matMul(left, right).dispose(),
    probe: () => Number(tf.tidy(() => tf.matMul(left, right).dataSync()).at(-1)),
  };
}

/**
 * @param {Tf} tf
 * @param {OpSpec} spec
 * @param {Arrays} arrays
 * @returns {Ready}
 */
function openOp(tf, spec, arrays) {
  const x = tf.tensor(arrays(spec.arrays.x), spec.arrays.x.shape);
  const y = spec.arrays.y ? tf.tensor(arrays(spec.arrays.y), spec.arrays.y.shape) : x;
  /** @type {Partial<Record<OpSpec["op"], () => Tensor>>} */
  const calls = {
    add: () => tf.add(x, y),
    exp: () => tf.exp(x),
    gelu: () => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)),
    layerNorm() {
      const { mean, variance } = tf.moments(x, -1, true);
      return tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5)));
    },
    sigmoid: () => tf.sigmoid(x),
    softmax: () => tf.softmax(x, -1),
    sum: () => tf.sum(x),
    tanh: () => tf.tanh(x),
    transpose: () => tf.transpose(x),
  };
  const call = calls[spec.op];
  if (!call) throw new Error("tfjs records only inside a function that it differentiates");
  const times = spec.repeat ?? 1;
  return {
    step() {
      tf.tidy(() => {
        for (let i = 0; i < times; i++) call();
      });
    },
    probe: () => Number(tf.tidy(() => call().dataSync()).at(-1)),
  };
}

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
 * @param {TrainSpec} spec
 * @param {(at: ArrayAt) => Tensor} load
 * @returns {{ variables: Tensor[], forward: (x: Tensor) => Tensor }}
 */
function network(tf, spec, load) {
  /** @type {Tensor[]} */
  const variables = [];
  let channels = 0;
  /** @param {number} i */
  const bias = (i) => variable(load(/** @type {ArrayAt} */ (spec.weights[`${i}.bias`])));
  /** @param {Tensor} value */
  const variable = (value) => {
    const made = tf.variable(value);
    variables.push(made);
    return made;
  };
  /** @type {((x: Tensor) => Tensor)[]} */
  const steps = spec.layers.map((layer, i) => {
    const at = /** @type {ArrayAt} */ (spec.weights[`${i}.weight`]);
    switch (layer.kind) {
      case "linear": {
        const afterFlatten = spec.layers[i - 1]?.kind === "flatten";
        const weight = variable(
          tf.tidy(() => tf.transpose(afterFlatten ? reorder(tf, load(at), channels) : load(at))),
        );
        const b = bias(i);
        return (x) => tf.add(tf.matMul(x, weight), b);
      }
      case "conv": {
        const weight = variable(tf.tidy(() => tf.transpose(load(at), [2, 3, 1, 0])));
        const b = bias(i);
        channels = layer.out;
        return (x) => tf.add(tf.conv2d(x, weight, 1, layer.padding), b);
      }
      case "lstm":
      case "gru": {
        /** @param {string} name @returns {ArrayAt} */
        const at = (name) => /** @type {ArrayAt} */ (spec.weights[`${i}.${name}_l0`]);
        const turned = ["weight_ih", "weight_hh"].map((name) =>
          variable(tf.tidy(() => tf.transpose(load(at(name))))),
        );
        const biases = ["bias_ih", "bias_hh"].map((name) => variable(load(at(name))));
        const run = layer.kind === "lstm" ? lstm : gru;
        return (x) => run(tf, x, turned, biases, layer.hidden);
      }
      case "maxPool":
        return (x) => tf.maxPool(x, layer.size, layer.size, "valid");
      case "flatten":
        return (x) => tf.reshape(x, [x.shape[0], -1]);
      case "relu":
        return (x) => tf.relu(x);
      case "tanh":
        return (x) => tf.tanh(x);
    }
  });
  return { variables, forward: (x) => steps.reduce((value, f) => f(value), x) };
}

/**
 * @param {Tf} tf
 * @param {TrainSpec} spec
 * @param {Arrays} arrays
 * @returns {Ready}
 */
function openTraining(tf, spec, arrays) {
  /** @param {ArrayAt} at */
  const load = (at) => tf.tensor(arrays(at), at.shape, at.dtype === "i32" ? "int32" : "float32");
  const { variables, forward } = network(tf, spec, load);
  const batches = spec.batches.map(({ x, y }) => ({
    x: x.shape.length === 4 ? tf.tidy(() => tf.transpose(load(x), [0, 2, 3, 1])) : load(x),
    y: y.dtype === "i32" ? tf.tidy(() => tf.cast(tf.oneHot(load(y), 10), "float32")) : load(y),
  }));
  const { kind, lr } = spec.optimizer;
  const optimizer = kind === "adam" ? tf.train.adam(lr, 0.9, 0.999, 1e-8) : tf.train.sgd(lr);
  /** @type {(y: Tensor, output: Tensor) => Tensor} */
  const lossOf = spec.loss === "mse" ? tf.losses.meanSquaredError : tf.losses.softmaxCrossEntropy;
  let i = 0;
  return {
    step() {
      const { x, y } = /** @type {typeof batches[0]} */ (batches[i++ % batches.length]);
      return tf.tidy(() => optimizer.minimize(() => lossOf(y, forward(x)), true, variables).dataSync()[0]);
    },
  };
}
