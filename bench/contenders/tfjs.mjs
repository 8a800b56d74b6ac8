import { createRequire } from "node:module";
import { dirname, join } from "node:path";
/** @import { ArrayAt, Arrays, Contender, ConvSpec, GemmSpec, Layer, OpSpec, Ready, TrainSpec } from "../types.d.ts" */

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
      switch (spec.kind) {
        case "gemm":
          return openGemm(tf, spec, arrays);
        case "op":
          return openOp(tf, spec, arrays);
        case "conv":
          return openConv(tf, spec, arrays);
        case "train":
          return openTraining(tf, spec, arrays);
        default:
          throw new Error("tfjs does not replay programs");
      }
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

/** [n, c, h, w] → [n, h, w, c]: the layout that its kernels are written for. */
const IMAGES_LAST = [0, 2, 3, 1];
/** [o, c, h, w] → [h, w, c, o] */
const FILTERS_LAST = [2, 3, 1, 0];

/**
 * @param {Tf} tf
 * @param {Arrays} arrays
 * @param {ArrayAt} at
 * @param {number[]} order
 */
const permuted = (tf, arrays, at, order) =>
  tf.tidy(() => tf.transpose(tf.tensor(arrays(at), at.shape), order));

/**
 * @param {Tf} tf
 * @param {ConvSpec} spec
 * @param {Arrays} arrays
 * @returns {Ready}
 */
function openConv(tf, { pass, arrays: { x, w, g } }, arrays) {
  const images = permuted(tf, arrays, x, IMAGES_LAST);
  const filter = permuted(tf, arrays, w, FILTERS_LAST);
  const dy = permuted(tf, arrays, g, IMAGES_LAST);
  const shared = { strides: [1, 1], pad: 1, dataFormat: "NHWC" };
  // The gradients have no functions of their own: these are what theirs run.
  const call = {
    forward: () => tf.conv2d(images, filter, 1, 1),
    input: () =>
      tf.engine().runKernel("Conv2DBackpropInput", { dy, filter }, { ...shared, inputShape: images.shape }),
    weight: () =>
      tf
        .engine()
        .runKernel("Conv2DBackpropFilter", { x: images, dy }, { ...shared, filterShape: filter.shape }),
  }[pass];
  return {
    step: () => void call().dispose(),
    probe: () => Number(tf.tidy(() => call().dataSync()).at(-1)),
  };
}

/**
 * @param {Tf} tf
 * @param {OpSpec} spec
 * @param {Arrays} arrays
 * @returns {Ready}
 */
function openOp(tf, spec, arrays) {
  const load = /** @param {ArrayAt} at */ (at) =>
    at.shape.length === 4 ? permuted(tf, arrays, at, IMAGES_LAST) : tf.tensor(arrays(at), at.shape);
  const x = load(spec.arrays.x);
  let y = spec.arrays.y ? load(spec.arrays.y) : x;
  // [c, h, w, 1] → [h, w, c, 1], and a vector is a matrix of one row.
  if (spec.op === "depthwise") y = tf.tidy(() => tf.transpose(y, [1, 2, 0, 3]));
  if (spec.op === "gemv") y = tf.reshape(y, [1, -1]);
  /** @type {Partial<Record<OpSpec["op"], () => Tensor>>} */
  const calls = {
    add: () => tf.add(x, y),
    depthwise: () => tf.depthwiseConv2d(x, y, 1, 1),
    exp: () => tf.exp(x),
    gelu: () => gelu(tf, x),
    gemv: () => tf.matMul(y, x),
    // `tf.moments` would subtract the mean once more.
    layerNorm() {
      const centred = tf.sub(x, tf.mean(x, -1, true));
      const variance = tf.mean(tf.square(centred), -1, true);
      return tf.mul(centred, tf.rsqrt(tf.add(variance, 1e-5)));
    },
    maxPool: () => tf.maxPool(x, 2, 2, "valid"),
    sigmoid: () => tf.sigmoid(x),
    softmax: () => tf.softmax(x, -1),
    sum: () => tf.sum(x),
    sumColumns: () => tf.sum(x, 0),
    sumRows: () => tf.sum(x, 1),
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
const gelu = (tf, x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));

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
function network(tf, spec, load) {
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

/**
 * tfjs has no AdamW; its decay goes before Adam's step, as PyTorch has it.
 * @param {Tf} tf
 * @param {Tensor[]} variables
 * @param {number} factor
 */
function decay(tf, variables, factor) {
  for (const variable of variables) variable.assign(tf.mul(variable, factor));
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
  const { classes } = spec;
  const { variables, forward } = network(tf, spec, load);
  const batches = spec.batches.map(({ x, y }) => ({
    x: x.shape.length === 4 ? permuted(tf, arrays, x, IMAGES_LAST) : load(x),
    y:
      classes > 0
        ? tf.tidy(() => tf.cast(tf.oneHot(tf.reshape(load(y), [-1]), classes), "float32"))
        : load(y),
  }));
  const { kind, lr } = spec.optimizer;
  const optimizer = kind === "sgd" ? tf.train.sgd(lr) : tf.train.adam(lr, 0.9, 0.999, 1e-8);
  /** @param {Tensor} x @param {Tensor} y */
  const lossOf = (x, y) => {
    const output = forward(x);
    if (spec.loss === "mse") return tf.losses.meanSquaredError(y, output);
    return tf.losses.softmaxCrossEntropy(y, tf.reshape(output, [-1, classes]));
  };
  let i = 0;
  return {
    step() {
      const { x, y } = /** @type {typeof batches[0]} */ (batches[i++ % batches.length]);
      return tf.tidy(() => {
        const { value, grads } = tf.variableGrads(() => lossOf(x, y), variables);
        if (kind === "adamw") decay(tf, variables, 1 - lr * 0.01);
        optimizer.applyGradients(grads);
        return value.dataSync()[0];
      });
    },
  };
}
