import { Writer } from "./writer.mjs";
/** @import { ArrayAt, Layer, TrainSpec } from "../types.d.ts" */
/** @import { Network } from "./networks.mjs" */

/** Two label sets over the same inputs: the loss stays well above 0, so fast contenders do not train into denormals. */
const INPUTS = 4;

/** What one layer has to learn: a shape and its fan-in, or the value that all begin with, by key. @param {Layer} layer */
function parametersOf(layer) {
  /** @type {Record<string, { shape: number[], fanIn: number } | { shape: number[], value: number }>} */
  const found = {};
  /** @param {string} prefix @param {number[]} shape */
  const affine = (prefix, shape) => {
    const fanIn = shape.slice(1).reduce((a, b) => a * b, 1);
    found[`${prefix}weight`] = { shape, fanIn };
    found[`${prefix}bias`] = { shape: [Number(shape[0])], fanIn };
  };
  switch (layer.kind) {
    case "linear":
      affine("", [layer.out, layer.in]);
      break;
    case "conv":
      affine("", [layer.out, layer.in, layer.kernel, layer.kernel]);
      break;
    case "lstm":
    case "gru": {
      const rows = (layer.kind === "lstm" ? 4 : 3) * layer.hidden;
      const fanIn = layer.hidden;
      found["weight_ih_l0"] = { shape: [rows, layer.in], fanIn };
      found["weight_hh_l0"] = { shape: [rows, layer.hidden], fanIn };
      found["bias_ih_l0"] = { shape: [rows], fanIn };
      found["bias_hh_l0"] = { shape: [rows], fanIn };
      break;
    }
    case "batchNorm":
    case "layerNorm":
      found["weight"] = { shape: [layer.features], value: 1 };
      found["bias"] = { shape: [layer.features], value: 0 };
      break;
    case "embedding":
      found["tokens.weight"] = { shape: [layer.vocabulary, layer.width], fanIn: layer.width };
      found["positions.weight"] = { shape: [layer.positions, layer.width], fanIn: layer.width };
      break;
    case "attention":
      affine("qkv.", [3 * layer.width, layer.width]);
      affine("proj.", [layer.width, layer.width]);
      break;
  }
  return found;
}

/**
 * PyTorch's default range, ±1/√fan-in, and its keys: the layers of a residual stand in its field `layers`.
 * @param {Writer} writer
 * @param {Layer[]} layers
 * @param {string} [prefix]
 * @returns {Record<string, ArrayAt>}
 */
function writeWeights(writer, layers, prefix = "") {
  /** @type {Record<string, ArrayAt>} */
  const weights = {};
  for (const [i, layer] of layers.entries()) {
    if (layer.kind === "residual") {
      Object.assign(weights, writeWeights(writer, layer.layers, `${prefix}${i}.layers.`));
      continue;
    }
    for (const [key, parameter] of Object.entries(parametersOf(layer))) {
      const { shape } = parameter;
      if ("value" in parameter) {
        weights[`${prefix}${i}.${key}`] = writer.filled(shape, parameter.value);
        continue;
      }
      const bound = 1 / Math.sqrt(parameter.fanIn);
      weights[`${prefix}${i}.${key}`] = writer.uniform(shape, -bound, bound);
    }
  }
  return weights;
}

/**
 * @param {Writer} writer
 * @param {Network} network
 */
function writeBatches(writer, { loss, input, classes, tokens }) {
  if (loss === "mse") {
    const x = writer.add(input, Float32Array.of(0, 0, 0, 1, 1, 0, 1, 1));
    return [{ x, y: writer.add([4, 1], Float32Array.of(0, 1, 1, 0)) }];
  }
  const inputs = Array.from({ length: INPUTS }, () =>
    tokens ? writer.labels(input, classes) : writer.uniform(input, 0, 1),
  );
  const labels = tokens ? input : input.slice(0, 1);
  return [...inputs, ...inputs].map((x) => ({ x, y: writer.labels(labels, classes) }));
}

/**
 * @param {string} folder
 * @param {Network} network
 * @param {string} [name] of the files, where a network is measured in another way too
 * @returns {TrainSpec}
 */
export function writeTraining(folder, network, name = network.name) {
  const writer = new Writer(1);
  const weights = writeWeights(writer, network.layers);
  /** @type {TrainSpec} */
  const spec = { kind: "train", ...network, name, weights, batches: writeBatches(writer, network) };
  writer.save(folder, spec);
  return spec;
}
