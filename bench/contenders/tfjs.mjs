import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { FILTERS_LAST, gelu, IMAGES_LAST, network } from "./tfjs-layers.mjs";
/** @import { ArrayAt, Arrays, Contender, ConvSpec, GemmSpec, OpSpec, Ready, TrainSpec } from "../types.d.ts" */

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
