/** @import { Layer } from "../types.d.ts" */
/** @import { Simdgrad, Tensor } from "./simdgrad.mjs" */

/**
 * @param {Simdgrad} simdgrad
 * @param {Layer} layer
 */
function module(simdgrad, layer) {
  const { nn } = simdgrad;
  switch (layer.kind) {
    case "linear":
      return new nn.Linear(layer.in, layer.out);
    case "conv":
      return new nn.Conv2d(layer.in, layer.out, layer.kernel, { padding: layer.padding });
    case "maxPool":
      return new nn.MaxPool2d(layer.size);
    case "lstm":
    case "gru":
      return lastOutput(simdgrad, layer);
    case "batchNorm":
      return new nn.BatchNorm2d(layer.features);
    case "layerNorm":
      return new nn.LayerNorm(layer.features);
    case "residual":
      return residual(simdgrad, layer.layers);
    case "embedding":
      return embedding(simdgrad, layer);
    case "attention":
      return attention(simdgrad, layer);
    case "globalAvgPool":
      return globalAvgPool(simdgrad);
    case "gelu":
      return new nn.GELU();
    case "relu":
      return new nn.ReLU();
    case "tanh":
      return new nn.Tanh();
    case "flatten":
      return new nn.Flatten();
  }
}

/**
 * A recurrent layer of which the last output counts.
 * @param {Simdgrad} simdgrad
 * @param {Extract<Layer, { hidden: number }>} spec
 */
function lastOutput({ nn, select }, spec) {
  const Recurrent = spec.kind === "lstm" ? nn.LSTM : nn.GRU;
  class LastOutput extends nn.Module {
    layer = new Recurrent(spec.in, spec.hidden, { batchFirst: true });

    /** @param {Tensor} x */
    forward(x) {
      return select(this.layer.forward(x)[0], 1, -1);
    }
  }
  return new LastOutput();
}

/**
 * @param {Simdgrad} simdgrad
 * @param {Layer[]} layers
 */
function residual(simdgrad, layers) {
  const { add, nn } = simdgrad;
  class Residual extends nn.Module {
    layers = sequence(simdgrad, layers);

    /** @param {Tensor} x */
    forward(x) {
      return add(x, this.layers.forward(x));
    }
  }
  return new Residual();
}

/**
 * @param {Simdgrad} simdgrad
 * @param {Extract<Layer, { kind: "embedding" }>} spec
 */
function embedding({ add, nn }, { vocabulary, positions, width }) {
  class TokensAndPositions extends nn.Module {
    tokens = new nn.Embedding(vocabulary, width);
    positions = new nn.Embedding(positions, width);

    /** @param {Tensor} x all positions long */
    forward(x) {
      return add(this.tokens.forward(x), this.positions.weight);
    }
  }
  return new TokensAndPositions();
}

/**
 * @param {Simdgrad} simdgrad
 * @param {Extract<Layer, { kind: "attention" }>} spec
 */
function attention({ nn, scaledDotProductAttention }, { width, heads }) {
  class Attention extends nn.Module {
    qkv = new nn.Linear(width, 3 * width);
    proj = new nn.Linear(width, width);

    /** @param {Tensor} x */
    forward(x) {
      const [batch, time] = /** @type {[number, number]} */ (x.shape);
      const qkv = this.qkv
        .forward(x)
        .reshape([batch, time, 3, heads, width / heads])
        .permute([2, 0, 3, 1, 4]);
      const [q, k, v] = /** @type {[Tensor, Tensor, Tensor]} */ ([0, 1, 2].map((i) => qkv.select(0, i)));
      const y = scaledDotProductAttention(q, k, v, { isCausal: true });
      return this.proj.forward(y.transpose(1, 2).reshape([batch, time, width]));
    }
  }
  return new Attention();
}

/** @param {Simdgrad} simdgrad */
function globalAvgPool({ mean, nn }) {
  class GlobalAvgPool extends nn.Module {
    /** @param {Tensor} x */
    forward(x) {
      return mean(x, { dim: [2, 3] });
    }
  }
  return new GlobalAvgPool();
}

/**
 * @param {Simdgrad} simdgrad
 * @param {Layer[]} layers
 * @returns {import("../../dist/types/index.js").nn.Sequential}
 */
export const sequence = (simdgrad, layers) =>
  new simdgrad.nn.Sequential(...layers.map((layer) => module(simdgrad, layer)));
