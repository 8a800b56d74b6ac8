import { describe, expect, it } from "vitest";
import {
  binaryCrossEntropyWithLogits,
  crossEntropy,
  mseLoss,
  nn,
  optim,
  type Tensor,
} from "../../src/index.ts";
import { compare, type GoldenTensor, type TrainingRun } from "./cases.ts";
import { toTensor, trainingRuns } from "./load.ts";

/** Arguments by the names of the goldens' vocabulary. */
interface Args {
  in: number;
  out: number;
  features: number;
  kernelSize: nn.Size2d;
  size: nn.Size2d;
  shape: number | number[];
  groups: number;
  channels: number;
  bias?: boolean;
  lr: number;
  d: number;
  heads: number;
  ff: number;
  num: number;
  dim: number;
  hidden: number;
  layers?: number;
}

/** A step of the goldens that PyTorch has no module for. */
class Step extends nn.Module {
  private readonly run: (x: Tensor) => Tensor;

  constructor(run: (x: Tensor) => Tensor) {
    super();
    this.run = run;
  }

  override forward(x: Tensor): Tensor {
    return this.run(x);
  }
}

/** Of a recurrent layer, the output goes on. */
class Chain extends nn.Sequential {
  override forward(x: Tensor): Tensor {
    let out = x;
    for (const layer of this) out = [layer.forward(out) as Tensor | [Tensor, unknown]].flat()[0] as Tensor;
    return out;
  }
}

const recurrent = ({ hidden, layers = 1 }: Args): [number, nn.RecurrentModuleOptions] => [
  hidden,
  { numLayers: layers, batchFirst: true },
];

/** Layers that exist, by the goldens' names and arguments. */
const LAYERS: Readonly<Record<string, ((args: Args) => nn.Module) | undefined>> = {
  AdaptiveAvgPool2d: ({ size }) => new nn.AdaptiveAvgPool2d(size),
  BatchNorm1d: ({ features }) => new nn.BatchNorm1d(features),
  BatchNorm2d: ({ features }) => new nn.BatchNorm2d(features),
  Conv2d: ({ in: from, out, kernelSize, ...options }) => new nn.Conv2d(from, out, kernelSize, options),
  ConvTranspose2d: ({ in: from, out, kernelSize, ...options }) =>
    new nn.ConvTranspose2d(from, out, kernelSize, options),
  Embedding: ({ num, dim }) => new nn.Embedding(num, dim),
  Flatten: () => new nn.Flatten(),
  GELU: () => new nn.GELU(),
  GroupNorm: ({ groups, channels }) => new nn.GroupNorm(groups, channels),
  GRU: (args) => new nn.GRU(args.in, ...recurrent(args)),
  Hardswish: () => new nn.Hardswish(),
  Last: () => new Step((x) => x.select(1, -1)),
  LayerNorm: ({ shape }) => new nn.LayerNorm(shape),
  Linear: ({ in: from, out, ...options }) => new nn.Linear(from, out, options),
  LeakyReLU: () => new nn.LeakyReLU(),
  LSTM: (args) => new nn.LSTM(args.in, ...recurrent(args)),
  MaxPool2d: ({ kernelSize }) => new nn.MaxPool2d(kernelSize),
  ReLU: () => new nn.ReLU(),
  RNN: (args) => new nn.RNN(args.in, ...recurrent(args)),
  SeqOut: () => new Step((x) => x),
  SiLU: () => new nn.SiLU(),
  Sigmoid: () => new nn.Sigmoid(),
  Tanh: () => new nn.Tanh(),
  TransformerEncoderLayer: ({ d, heads, ff, ...options }) =>
    new nn.TransformerEncoderLayer(d, heads, {
      ...options,
      dimFeedforward: ff,
      dropout: 0,
      batchFirst: true,
    }),
};

const LOSSES: Readonly<Record<string, ((output: Tensor, y: Tensor) => Tensor) | undefined>> = {
  crossEntropySeq: (output, y) => crossEntropy(output.flatten({ endDim: 1 }), y.reshape([-1])),
  bceWithLogits: (output, y) => binaryCrossEntropyWithLogits(output, y),
  crossEntropy: (output, y) => crossEntropy(output, y),
  mse: (output, y) => mseLoss(output, y),
};

type AnyOptimizer = Pick<optim.Optimizer, "zeroGrad" | "step">;

const OPTIMIZERS: Readonly<Record<string, ((params: Tensor[], args: Args) => AnyOptimizer) | undefined>> = {
  Adam: (params, args) => new optim.Adam(params, args),
  AdamW: (params, args) => new optim.AdamW(params, args),
  RMSprop: (params, args) => new optim.RMSprop(params, args),
  SGD: (params, args) => new optim.SGD(params, args),
};

/** What a run needs that does not exist yet. */
function missing(run: TrainingRun): string[] {
  return [
    ...run.layers.map(([name]) => name).filter((name) => LAYERS[name] === undefined),
    ...(LOSSES[run.loss] ? [] : [run.loss]),
    ...(OPTIMIZERS[run.optimizer] ? [] : [run.optimizer]),
  ];
}

/**
 * Batch norm takes a bias before it out again, so that its gradient is rounding noise, which Adam scales to full steps; the running mean
 * follows that bias.
 */
function followsNoise(run: TrainingRun, key: string): boolean {
  const [at, name] = key.split(".");
  const isNorm = (i: number): boolean => run.layers[i]?.[0].startsWith("BatchNorm") ?? false;
  const layer = Number(at);
  return (name === "bias" && isNorm(layer + 1)) || (name === "running_mean" && isNorm(layer) && layer > 0);
}

/** Softmax takes out again what the keys' bias adds to all scores alike: of an attention's bias, all but its middle third. */
function steady(key: string, actual: Tensor, expected: GoldenTensor): [Tensor, GoldenTensor][] {
  if (!key.endsWith("in_proj_bias")) return [[actual, expected]];
  const length = actual.size / 3;
  return [0, 2 * length].map((start) => [
    actual.narrow({ dim: 0, start, length }),
    { ...expected, shape: [length], data: expected.data.slice(start, start + length) },
  ]);
}

function train(run: TrainingRun): void {
  const layers = run.layers.map(([name, args]) => LAYERS[name]?.(args as unknown as Args) as nn.Layer);
  const model = new Chain(...layers);
  const { missing, unexpected } = model.loadStateDict(
    Object.fromEntries(Object.entries(run.init).map(([key, t]) => [key, toTensor(t)])),
    { strict: false },
  );
  expect(unexpected).toEqual([]);
  // The goldens leave out the batch counter, which trains nothing.
  expect(missing.filter((key) => !key.endsWith("num_batches_tracked"))).toEqual([]);
  const optimizer = OPTIMIZERS[run.optimizer]?.(
    model.parameters(),
    run.optimizerArgs as unknown as Args,
  ) as AnyOptimizer;
  const batches = run.batches.map(({ x, y }) => [toTensor(x), toTensor(y)] as const);
  for (const [step, expected] of run.losses.entries()) {
    const [x, y] = batches[step % batches.length] as readonly [Tensor, Tensor];
    optimizer.zeroGrad();
    const loss = LOSSES[run.loss]?.(model.forward(x), y) as Tensor;
    const value = loss.item();
    expect(
      Math.abs(value - expected),
      `loss of step ${step}: ${value} against ${expected}`,
    ).toBeLessThanOrEqual(1e-3 * Math.abs(expected));
    loss.backward();
    if (run.clipGradNorm !== null) optim.clipGradNorm(model.parameters(), run.clipGradNorm);
    optimizer.step();
  }
  const state = model.stateDict();
  for (const [key, expected] of Object.entries(run.final)) {
    if (followsNoise(run, key)) continue;
    for (const [actual, part] of steady(key, state[key] as Tensor, expected))
      compare(key, actual, part, { absolute: 1e-4, relative: 1e-3 });
  }
  model.dispose();
}

describe("golden training", () => {
  for (const run of trainingRuns()) {
    const absent = missing(run);
    if (absent.length === 0) {
      it(run.name, () => {
        train(run);
      });
    } else it.todo(`${run.name}: ${absent.join(", ")} does not exist yet`);
  }
});
