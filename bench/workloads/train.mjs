import { Writer } from "./writer.mjs";
/** @import { ArrayAt, Layer, TrainSpec } from "../types.d.ts" */

/** @typedef {Pick<TrainSpec, "name" | "title" | "layers" | "loss" | "optimizer"> & { input: number[] }} Network */

/** @param {"lstm" | "gru"} kind @returns {Network} */
function recurrent(kind) {
  return {
    name: kind,
    title: `${kind.toUpperCase()} 64-128 over 50 steps, 128-10, batch 32, Adam`,
    layers: [
      { kind, in: 64, hidden: 128 },
      { kind: "linear", in: 128, out: 10 },
    ],
    loss: "crossEntropy",
    optimizer: { kind: "adam", lr: 1e-3 },
    input: [32, 50, 64],
  };
}

/** @type {Record<string, Network>} */
export const NETWORKS = {
  xor: {
    name: "xor",
    title: "XOR 2-16-1 tanh, batch 4, SGD",
    layers: [{ kind: "linear", in: 2, out: 16 }, { kind: "tanh" }, { kind: "linear", in: 16, out: 1 }],
    loss: "mse",
    optimizer: { kind: "sgd", lr: 0.1 },
    input: [4, 2],
  },
  mlp: {
    name: "mlp",
    title: "MLP 784-256-128-10 ReLU, batch 64, Adam",
    layers: [
      { kind: "linear", in: 784, out: 256 },
      { kind: "relu" },
      { kind: "linear", in: 256, out: 128 },
      { kind: "relu" },
      { kind: "linear", in: 128, out: 10 },
    ],
    loss: "crossEntropy",
    optimizer: { kind: "adam", lr: 1e-3 },
    input: [64, 784],
  },
  cnn: {
    name: "cnn",
    title: "CNN 1-16-32 3×3, 1568-128-10, batch 64, Adam",
    layers: [
      { kind: "conv", in: 1, out: 16, kernel: 3, padding: 1 },
      { kind: "relu" },
      { kind: "maxPool", size: 2 },
      { kind: "conv", in: 16, out: 32, kernel: 3, padding: 1 },
      { kind: "relu" },
      { kind: "maxPool", size: 2 },
      { kind: "flatten" },
      { kind: "linear", in: 1568, out: 128 },
      { kind: "relu" },
      { kind: "linear", in: 128, out: 10 },
    ],
    loss: "crossEntropy",
    optimizer: { kind: "adam", lr: 1e-3 },
    input: [64, 1, 28, 28],
  },
  lstm: recurrent("lstm"),
  gru: recurrent("gru"),
};

/** Two label sets over the same inputs: the loss stays well above 0, so fast contenders do not train into denormals. */
const INPUTS = 4;

/**
 * PyTorch's default range: ±1/√fan-in.
 * @param {Writer} writer
 * @param {Layer[]} layers
 */
function writeWeights(writer, layers) {
  /** @type {Record<string, ArrayAt>} */
  const weights = {};
  for (const [i, layer] of layers.entries()) {
    if (layer.kind === "lstm" || layer.kind === "gru") {
      const rows = (layer.kind === "lstm" ? 4 : 3) * layer.hidden;
      const bound = 1 / Math.sqrt(layer.hidden);
      weights[`${i}.weight_ih_l0`] = writer.uniform([rows, layer.in], -bound, bound);
      weights[`${i}.weight_hh_l0`] = writer.uniform([rows, layer.hidden], -bound, bound);
      weights[`${i}.bias_ih_l0`] = writer.uniform([rows], -bound, bound);
      weights[`${i}.bias_hh_l0`] = writer.uniform([rows], -bound, bound);
      continue;
    }
    if (layer.kind !== "linear" && layer.kind !== "conv") continue;
    const shape =
      layer.kind === "linear" ? [layer.out, layer.in] : [layer.out, layer.in, layer.kernel, layer.kernel];
    const bound = 1 / Math.sqrt(shape.slice(1).reduce((a, b) => a * b, 1));
    weights[`${i}.weight`] = writer.uniform(shape, -bound, bound);
    weights[`${i}.bias`] = writer.uniform([layer.out], -bound, bound);
  }
  return weights;
}

/**
 * @param {Writer} writer
 * @param {Network} network
 */
function writeBatches(writer, { loss, input }) {
  if (loss === "mse") {
    const x = writer.add(input, Float32Array.of(0, 0, 0, 1, 1, 0, 1, 1));
    return [{ x, y: writer.add([4, 1], Float32Array.of(0, 1, 1, 0)) }];
  }
  const inputs = Array.from({ length: INPUTS }, () => writer.uniform(input, 0, 1));
  return [...inputs, ...inputs].map((x) => ({ x, y: writer.labels(Number(input[0]), 10) }));
}

/**
 * @param {string} folder
 * @param {Network} network
 * @returns {TrainSpec}
 */
export function writeTraining(folder, network) {
  const writer = new Writer(1);
  const weights = writeWeights(writer, network.layers);
  /** @type {TrainSpec} */
  const spec = { kind: "train", ...network, weights, batches: writeBatches(writer, network) };
  writer.save(folder, spec);
  return spec;
}
