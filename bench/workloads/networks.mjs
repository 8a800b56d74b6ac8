/** @import { Layer, TrainSpec } from "../types.d.ts" */

/**
 * @typedef {Pick<TrainSpec, "name" | "title" | "layers" | "loss" | "optimizer" | "classes"> & { input: number[], tokens?: boolean }} Network
 * `tokens`: the inputs are indices below the number of classes.
 */

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
    classes: 10,
    optimizer: { kind: "adam", lr: 1e-3 },
    input: [32, 50, 64],
  };
}

/** @param {number} from @param {number} to @returns {Layer[]} */
const convNorm = (from, to) => [
  { kind: "conv", in: from, out: to, kernel: 3, padding: 1 },
  { kind: "batchNorm", features: to },
];

/** Two convolutions beside a way past them. @param {number} channels @returns {Layer[]} */
const residualBlock = (channels) => [
  {
    kind: "residual",
    layers: [...convNorm(channels, channels), { kind: "relu" }, ...convNorm(channels, channels)],
  },
  { kind: "relu" },
];

/** Attention and an MLP, each behind a layer norm. @param {number} width @param {number} heads @returns {Layer[]} */
const transformerBlock = (width, heads) => [
  {
    kind: "residual",
    layers: [
      { kind: "layerNorm", features: width },
      { kind: "attention", width, heads },
    ],
  },
  {
    kind: "residual",
    layers: [
      { kind: "layerNorm", features: width },
      { kind: "linear", in: width, out: 4 * width },
      { kind: "gelu" },
      { kind: "linear", in: 4 * width, out: width },
    ],
  },
];

const WIDTH = 128;
const TIME = 64;
const VOCABULARY = 65;

/** @type {Record<string, Network>} */
export const NETWORKS = {
  xor: {
    name: "xor",
    title: "XOR 2-16-1 tanh, batch 4, SGD",
    layers: [{ kind: "linear", in: 2, out: 16 }, { kind: "tanh" }, { kind: "linear", in: 16, out: 1 }],
    loss: "mse",
    classes: 0,
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
    classes: 10,
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
    classes: 10,
    optimizer: { kind: "adam", lr: 1e-3 },
    input: [64, 1, 28, 28],
  },
  lstm: recurrent("lstm"),
  gru: recurrent("gru"),
  resnet: {
    name: "resnet",
    title: "ResNet 3-32 3×3, three residual blocks of 32 on 32×32, 16×16, 8×8, 32-10, batch 32, Adam",
    layers: [
      ...convNorm(3, 32),
      { kind: "relu" },
      ...residualBlock(32),
      { kind: "maxPool", size: 2 },
      ...residualBlock(32),
      { kind: "maxPool", size: 2 },
      ...residualBlock(32),
      { kind: "globalAvgPool" },
      { kind: "linear", in: 32, out: 10 },
    ],
    loss: "crossEntropy",
    classes: 10,
    optimizer: { kind: "adam", lr: 1e-3 },
    input: [32, 3, 32, 32],
  },
  gpt: {
    name: "gpt",
    title: "GPT of 4 layers, width 128, 4 heads, 64 tokens of 65, batch 16, AdamW",
    layers: [
      { kind: "embedding", vocabulary: VOCABULARY, positions: TIME, width: WIDTH },
      ...Array.from({ length: 4 }, () => transformerBlock(WIDTH, 4)).flat(),
      { kind: "layerNorm", features: WIDTH },
      { kind: "linear", in: WIDTH, out: VOCABULARY },
    ],
    loss: "crossEntropy",
    classes: VOCABULARY,
    optimizer: { kind: "adamw", lr: 1e-3 },
    input: [16, TIME],
    tokens: true,
  },
};
