import { pathToFileURL } from "node:url";
import { sequence } from "./simdgrad-layers.mjs";
/** @import { ArrayAt, Arrays, Contender, ConvSpec, GemmSpec, OpSpec, Ready, ReplaySpec, TrainSpec } from "../types.d.ts" */
/** @typedef {import("../../dist/types/index.js").Tensor} Tensor */
/**
 * The library; other builds may lack what is new.
 * @typedef {typeof import("../../dist/types/index.js") & { compile: any, init: (options: { threads: number }) => Promise<import("../../dist/types/index.js").BackendInfo> }} Simdgrad
 */

/**
 * @param {string} dist
 * @param {string} [mode] how steps are taken: one op after another ("eager"), or replayed ("compiled")
 * @param {string} [threads]
 * @returns {Promise<Contender>}
 */
export async function start(dist, mode = "eager", threads = "1") {
  /** @type {Simdgrad} */
  const simdgrad = await import(pathToFileURL(dist).href);
  const info = await startThreads(simdgrad, Number(threads));
  const replay = mode === "compiled";
  if (replay && !("compile" in simdgrad)) throw new Error("this build has no compile()");
  const words = [`${info.variant} (${info.reason})`, `${threads} thread${threads === "1" ? "" : "s"}`];
  return {
    about: words.join(", "),
    open(spec, arrays) {
      switch (spec.kind) {
        case "gemm":
          return openGemm(simdgrad, spec, arrays);
        case "op":
          return openOp(simdgrad, spec, arrays);
        case "conv":
          return openConv(simdgrad, spec, arrays);
        case "replay":
          return openReplay(simdgrad, spec);
        case "train":
          return openTraining(simdgrad, spec, arrays, replay);
      }
    },
  };
}

/**
 * @param {Simdgrad} simdgrad
 * @param {number} threads
 */
async function startThreads({ backendInfo, init }, threads) {
  if (threads === 1) return backendInfo();
  const info = await init({ threads });
  if (info.threads !== threads) {
    throw new Error(`init({ threads: ${threads} }) gives ${info.threads}: ${info.threadsReason}`);
  }
  return info;
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
  const { add, conv2d, exp, gelu, layerNorm, matmul, maxPool2d, scope, sigmoid, softmax, sum, tanh } =
    simdgrad;
  const load = loader(simdgrad, arrays);
  const x = load(spec.arrays.x);
  const y = spec.arrays.y ? load(spec.arrays.y) : x;
  x.requiresGrad = spec.op === "addTracked";
  const call = {
    add: () => add(x, y),
    addTracked: () => add(x, y),
    depthwise: () => conv2d(x, y, null, { padding: 1, groups: Number(x.shape[1]) }),
    exp: () => exp(x),
    gelu: () => gelu(x),
    gemv: () => matmul(y, x),
    layerNorm: () => layerNorm(x, null, null, { normalizedShape: Number(x.shape[1]) }),
    maxPool: () => maxPool2d(x, { kernelSize: 2 }),
    sigmoid: () => sigmoid(x),
    softmax: () => softmax(x, { dim: -1 }),
    sum: () => sum(x),
    sumColumns: () => sum(x, { dim: 0 }),
    sumRows: () => sum(x, { dim: 1 }),
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
 * A gradient alone: a convolution is recorded once, and its rule runs again and again.
 * @param {Simdgrad} simdgrad
 * @param {ConvSpec} spec
 * @param {Arrays} arrays
 * @returns {Ready}
 */
function openConv(simdgrad, spec, arrays) {
  const { conv2d, grad, noGrad } = simdgrad;
  const load = loader(simdgrad, arrays);
  const x = load(spec.arrays.x);
  const w = load(spec.arrays.w);
  const options = { padding: 1 };
  let call = () => noGrad(() => conv2d(x, w, null, options));
  if (spec.pass !== "forward") {
    const wanted = spec.pass === "input" ? x : w;
    wanted.requiresGrad = true;
    const y = conv2d(x, w, null, options);
    const gradOutputs = [load(spec.arrays.g)];
    call = () => /** @type {Tensor} */ (grad(y, [wanted], { gradOutputs, retainGraph: true })[0]);
  }
  return { step: () => call().dispose(), probe: () => Number(call().data.at(-1)) };
}

/**
 * @param {Simdgrad} simdgrad
 * @param {ReplaySpec} spec
 * @returns {Ready}
 */
function openReplay({ compile, tensor }, { commands }) {
  const targets = Array.from({ length: commands }, () => tensor([0, 0, 0, 0]));
  const change = tensor([1, 1, 1, 1]);
  const program = compile(() => {
    for (const t of targets) t.add_(change);
  });
  return { step: () => program(), stats: () => program.stats() };
}

/**
 * As a user writes it: no dispose, no tidy.
 * @param {Simdgrad} simdgrad
 * @param {TrainSpec} spec
 * @param {Arrays} arrays
 * @param {boolean} replay
 * @returns {Ready}
 */
function openTraining(simdgrad, spec, arrays, replay) {
  const { compile, crossEntropy, keep, mseLoss } = simdgrad;
  const load = loader(simdgrad, arrays);
  const model = sequence(simdgrad, spec.layers);
  // The recurrent layers lie one level deeper here, and running statistics begin as they are.
  const own = Object.keys(model.stateDict()).flatMap((key) => {
    const at = spec.weights[key.replace(".layer.", ".")];
    return at ? [[key, load(at)]] : [];
  });
  if (own.length !== Object.keys(spec.weights).length)
    throw new Error("the model lacks weights of the workload");
  model.loadStateDict(Object.fromEntries(own), { strict: false });
  const { classes } = spec;
  // Of a sequence, each token is a sample. Kept, since a step that looks at one of eight leaves the others idle.
  const batches = spec.batches.map(({ x, y }) => ({
    x: keep(load(x)),
    y: keep(classes > 0 ? load(y).reshape([-1]) : load(y)),
  }));
  const optimizer = optimizerOf(simdgrad, spec, model.parameters());
  /** @param {Tensor} x @param {Tensor} y */
  const lossOf = (x, y) => {
    const output = model.forward(x);
    return classes > 0 ? crossEntropy(output.reshape([-1, classes]), y) : mseLoss(output, y);
  };
  /** @param {Tensor} x @param {Tensor} y */
  const train = (x, y) => {
    optimizer.zeroGrad();
    const loss = lossOf(x, y);
    loss.backward();
    optimizer.step();
    return loss;
  };
  let i = 0;
  /** @param {typeof train} f */
  const next = (f) => () => {
    const { x, y } = /** @type {typeof batches[0]} */ (batches[i++ % batches.length]);
    return f(x, y).item();
  };
  if (!replay) return { step: next(train) };
  const compiled = compile(train);
  return { step: next(compiled), stats: () => compiled.stats() };
}

/**
 * @param {Simdgrad} simdgrad
 * @param {TrainSpec} spec
 * @param {Tensor[]} parameters
 */
function optimizerOf({ optim }, { optimizer: { kind, lr } }, parameters) {
  const Optimizer = { adam: optim.Adam, adamw: optim.AdamW, sgd: optim.SGD }[kind];
  return new Optimizer(parameters, { lr });
}
