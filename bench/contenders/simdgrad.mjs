import { pathToFileURL } from "node:url";
/** @import { ArrayAt, Arrays, Contender, GemmSpec, Layer, OpSpec, Ready, TrainSpec } from "../types.d.ts" */
/** @typedef {typeof import("../../dist/index.js")} Simdgrad */

/**
 * @param {string} dist
 * @returns {Promise<Contender>}
 */
export async function start(dist) {
  /** @type {Simdgrad} */
  const simdgrad = await import(pathToFileURL(dist).href);
  const { variant, reason, threads } = simdgrad.backendInfo();
  return {
    about: `${variant} (${reason}), ${threads} thread${threads === 1 ? "" : "s"}`,
    open(spec, arrays) {
      if (spec.kind === "gemm") return openGemm(simdgrad, spec, arrays);
      return spec.kind === "op" ? openOp(simdgrad, spec, arrays) : openTraining(simdgrad, spec, arrays);
    },
  };
}

/**
 * @param {Simdgrad} simdgrad
 * @param {Arrays} arrays
 */
const loader = ({ tensor }, arrays) => {
  /** @param {ArrayAt} at */
  return (at) => tensor(arrays(at), { shape: at.shape });
};

/**
 * @param {Simdgrad} simdgrad
 * @param {GemmSpec} spec
 * @param {Arrays} arrays
 * @returns {Ready}
 */
function openGemm(simdgrad, spec, arrays) {
  const { matmul } = simdgrad;
  const load = loader(simdgrad, arrays);
  const a = load(spec.arrays.a);
  const b = load(spec.arrays.b);
  return {
    step: () => matmul(a, b).dispose(),
    probe: () => Number(matmul(a, b).data.at(-1)),
  };
}

/**
 * @param {Simdgrad} simdgrad
 * @param {OpSpec} spec
 * @param {Arrays} arrays
 * @returns {Ready}
 */
function openOp(simdgrad, spec, arrays) {
  const { add, exp, gelu, layerNorm, scope, sigmoid, softmax, sum, tanh } = simdgrad;
  const load = loader(simdgrad, arrays);
  const x = load(spec.arrays.x);
  const y = spec.arrays.y ? load(spec.arrays.y) : x;
  x.requiresGrad = spec.op === "addTracked";
  const call = {
    add: () => add(x, y),
    addTracked: () => add(x, y),
    exp: () => exp(x),
    gelu: () => gelu(x),
    layerNorm: () => layerNorm(x, null, null, { normalizedShape: Number(x.shape[1]) }),
    sigmoid: () => sigmoid(x),
    softmax: () => softmax(x, { dim: -1 }),
    sum: () => sum(x),
    tanh: () => tanh(x),
    transpose: () => x.transpose(0, 1).contiguous(),
  }[spec.op];
  const times = spec.repeat ?? 1;
  return {
    step() {
      scope(() => {
        for (let i = 0; i < times; i++) call();
      });
    },
    probe: () => scope(() => Number(call().data.at(-1))),
  };
}

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

    /** @param {import("../../dist/index.js").Tensor} x */
    forward(x) {
      return select(this.layer.forward(x)[0], 1, -1);
    }
  }
  return new LastOutput();
}

/**
 * As a user writes it: no dispose, no tidy.
 * @param {Simdgrad} simdgrad
 * @param {TrainSpec} spec
 * @param {Arrays} arrays
 * @returns {Ready}
 */
function openTraining(simdgrad, spec, arrays) {
  const { crossEntropy, mseLoss, nn, optim } = simdgrad;
  const load = loader(simdgrad, arrays);
  const model = new nn.Sequential(...spec.layers.map((layer) => module(simdgrad, layer)));
  // The recurrent layers lie one level deeper here.
  const own = Object.keys(model.stateDict());
  model.loadStateDict(
    Object.fromEntries(
      own.map((key) => [key, load(/** @type {ArrayAt} */ (spec.weights[key.replace(".layer.", ".")]))]),
    ),
  );
  const batches = spec.batches.map(({ x, y }) => ({ x: load(x), y: load(y) }));
  const { kind, lr } = spec.optimizer;
  const optimizer =
    kind === "adam" ? new optim.Adam(model.parameters(), { lr }) : new optim.SGD(model.parameters(), { lr });
  const lossOf = spec.loss === "mse" ? mseLoss : crossEntropy;
  let i = 0;
  return {
    step() {
      const { x, y } = /** @type {typeof batches[0]} */ (batches[i++ % batches.length]);
      optimizer.zeroGrad();
      const loss = lossOf(model.forward(x), y);
      loss.backward();
      optimizer.step();
      return loss.item();
    },
  };
}
