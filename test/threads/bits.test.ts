import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import * as sg from "../../src/index.ts";
import {
  backward,
  crossEntropy,
  init,
  manualSeed,
  nn,
  optim,
  rand,
  randint,
  randn,
  scope,
  sum,
  type Tensor,
} from "../../src/index.ts";
import { titleOf, toTensor, type OpSpec } from "../ops/spec.ts";
import { specs } from "../ops/specs/index.ts";

// Each command is shared, however small.
const worthSharing = vi.hoisted(() => vi.fn(() => true));
vi.mock(import("../../src/program/work.ts"), async (original) => ({ ...(await original()), worthSharing }));

const THREADS = [2, 3, 4];

/** The bytes of all of them. */
const bits = (tensors: readonly Tensor[]): string =>
  tensors.map((t) => Buffer.from(t.data.slice().buffer).toString("base64")).join();

/** The bytes of what `fn` gives of these, and of the gradients of those that have any. */
function bitsOf(
  inputs: readonly Tensor[],
  fn: (inputs: readonly Tensor[]) => Tensor | readonly Tensor[],
): string {
  const leaves = inputs.filter(({ dtype }) => dtype === "f32");
  for (const leaf of leaves) leaf.requiresGrad = true;
  const made = fn(inputs);
  const outs = Array.isArray(made) ? (made as readonly Tensor[]) : [made as Tensor];
  const before = bits(outs);
  const sources = outs.filter(({ requiresGrad }) => requiresGrad);
  // What comes back is neither 1 nor the same everywhere.
  const totals = sources.map((out) => sum(out.mul(out.detach().add(0.5))));
  if (totals.length > 0) backward(totals.reduce((a, b) => a.add(b)));
  return `${before};${bits(leaves.flatMap(({ grad }) => (grad ? [grad] : [])))}`;
}

type Call = (...inputs: Tensor[]) => Tensor | readonly Tensor[];
const f = (...shape: number[]): Tensor => randn(shape);
const positive = (...shape: number[]): Tensor => rand(shape).add(0.1);
const whole = (most: number, ...shape: number[]): Tensor => randint(0, most, shape);

/** Ops of all families of kernels, at sizes that divide neither into lines nor into parts. */
const LARGE: Readonly<Record<string, readonly [call: Call, inputs: () => Tensor[]]>> = {
  "broadcast add": [sg.add, () => [f(37, 53), f(53)]],
  "div by columns": [sg.div, () => [f(37, 53), positive(37, 1)]],
  gelu: [(x) => sg.gelu(x), () => [f(3001)]],
  exp: [sg.exp, () => [f(3001)]],
  pow: [sg.pow, () => [positive(701), f(701)]],
  "sum of all": [(x) => sg.sum(x), () => [f(5, 2003)]],
  "sum of rows": [(x) => sg.sum(x, { dim: 1 }), () => [f(41, 203)]],
  "sum of columns": [(x) => sg.sum(x, { dim: 0 }), () => [f(203, 41)]],
  mean: [(x) => sg.mean(x, { dim: [0, 2] }), () => [f(7, 33, 29)]],
  std: [(x) => sg.std(x, { dim: 0 }), () => [f(77, 45)]],
  amax: [(x) => sg.amax(x, { dim: 1 }), () => [f(41, 203)]],
  argmax: [(x) => sg.argmax(x, { dim: 0 }), () => [f(203, 41)]],
  prod: [(x) => sg.prod(x, { dim: 0 }), () => [f(9, 141)]],
  softmax: [(x) => sg.softmax(x, { dim: -1 }), () => [f(45, 91)]],
  "logSoftmax of columns": [(x) => sg.logSoftmax(x, { dim: 0 }), () => [f(45, 91)]],
  logsumexp: [(x) => sg.logsumexp(x, { dim: 1 }), () => [f(45, 91)]],
  cumsum: [(x) => sg.cumsum(x, { dim: 0 }), () => [f(45, 91)]],
  cumprod: [(x) => sg.cumprod(x, { dim: 1 }), () => [f(45, 9)]],
  matmul: [sg.matmul, () => [f(129, 77), f(77, 93)]],
  "a long inner dimension": [sg.matmul, () => [f(9, 1500), f(1500, 11)]],
  "a matrix and a row": [sg.matmul, () => [f(1, 300), f(300, 517)]],
  "a matrix and a column": [sg.matmul, () => [f(517, 300), f(300, 1)]],
  bmm: [sg.bmm, () => [f(7, 19, 23), f(7, 23, 17)]],
  "matmul of transposed": [
    (a, b) => sg.matmul(a.transpose(0, 1), b.transpose(0, 1)),
    () => [f(77, 65), f(93, 77)],
  ],
  "matmul of a broadcast batch": [sg.matmul, () => [f(3, 1, 19, 23), f(5, 23, 17)]],
  linear: [sg.linear, () => [f(33, 70), f(45, 70), f(45)]],
  attention: [
    (q, k, v) => sg.scaledDotProductAttention(q, k, v),
    () => [f(2, 3, 37, 16), f(2, 3, 37, 16), f(2, 3, 37, 16)],
  ],
  "causal attention": [
    (q, k, v) => sg.scaledDotProductAttention(q, k, v, { isCausal: true }),
    () => [f(2, 2, 45, 8), f(2, 2, 45, 8), f(2, 2, 45, 8)],
  ],
  conv2d: [(x, w, b) => sg.conv2d(x, w, b, { padding: 1 }), () => [f(3, 5, 17, 19), f(11, 5, 3, 3), f(11)]],
  "conv2d of many channels": [
    (x, w) => sg.conv2d(x, w, null, { padding: 1 }),
    () => [f(2, 32, 12, 12), f(48, 32, 3, 3)],
  ],
  "conv2d by strides": [
    (x, w) => sg.conv2d(x, w, null, { stride: 2, padding: 2 }),
    () => [f(3, 6, 21, 18), f(10, 6, 5, 5)],
  ],
  "conv2d 1×1": [(x, w) => sg.conv2d(x, w, null), () => [f(3, 24, 9, 11), f(20, 24, 1, 1)]],
  depthwise: [
    (x, w) => sg.conv2d(x, w, null, { padding: 1, groups: 24 }),
    () => [f(3, 24, 13, 11), f(24, 1, 3, 3)],
  ],
  convTranspose2d: [
    (x, w) => sg.convTranspose2d(x, w, null, { stride: 2 }),
    () => [f(2, 6, 9, 7), f(6, 5, 3, 3)],
  ],
  conv1d: [(x, w) => sg.conv1d(x, w, null), () => [f(3, 9, 65), f(7, 9, 5)]],
  maxPool2d: [(x) => sg.maxPool2d(x, { kernelSize: 2 }), () => [f(3, 5, 18, 22)]],
  avgPool2d: [(x) => sg.avgPool2d(x, { kernelSize: 3, stride: 2, padding: 1 }), () => [f(3, 5, 18, 22)]],
  layerNorm: [(x, w, b) => sg.layerNorm(x, w, b), () => [f(45, 67), f(67), f(67)]],
  groupNorm: [(x, w, b) => sg.groupNorm(x, w, b, { numGroups: 3 }), () => [f(5, 12, 7, 9), f(12), f(12)]],
  interpolate: [(x) => sg.interpolate(x, { size: [23, 17], mode: "bilinear" }), () => [f(2, 5, 11, 13)]],
  gather: [(x, i) => sg.gather(x, i, { dim: 1 }), () => [f(45, 67), whole(67, 45, 91)]],
  indexSelect: [(x, i) => sg.indexSelect(x, i, { dim: 0 }), () => [f(45, 67), whole(45, 301)]],
  embedding: [(i, w) => sg.embedding(i, w), () => [whole(101, 7, 45), f(101, 24)]],
  crossEntropy: [(x, y) => crossEntropy(x, y), () => [f(145, 11), whole(11, 145)]],
  sort: [(x) => Object.values<Tensor>(sg.sort(x, { dim: 1 })), () => [f(45, 167)]],
  "a transposed copy": [(x) => x.permute([2, 0, 1]).contiguous(), () => [f(23, 31, 19)]],
  cat: [(a, b) => sg.cat([a, b], { dim: 1 }), () => [f(45, 67), f(45, 31)]],
  dropout: [(x) => sg.dropout(x, { p: 0.3 }), () => [f(3001)]],
  random: [() => [randn([1003]), rand([1003]), randint(0, 77, [1003]), sg.randperm(1003)], () => []],
  "half to float": [(x) => sg.to(sg.to(x, "bf16"), "f32"), () => [f(1003)]],
  compare: [(a, b) => sg.where(sg.gt(a, b), a, b), () => [f(45, 67), f(45, 67)]],
};

/** Three steps; the bytes of all that they leave. */
function train(model: nn.Module, optimizer: optim.Optimizer, loss: () => Tensor): string {
  for (let i = 0; i < 3; i++) {
    optimizer.zeroGrad();
    loss().backward();
    optim.clipGradNorm(model.parameters(), 1);
    optimizer.step();
  }
  return bits(Object.values(model.stateDict()));
}

const TRAINING: Readonly<Record<string, () => string>> = {
  "a convolutional network": () => {
    const model = new nn.Sequential(
      new nn.Conv2d(1, 6, 3, { padding: 1 }),
      new nn.BatchNorm2d(6),
      new nn.ReLU(),
      new nn.MaxPool2d(2),
      new nn.Flatten(),
      new nn.Dropout(0.2),
      new nn.Linear(6 * 49, 10),
    );
    const loss = (): Tensor => crossEntropy(model.forward(randn([9, 1, 14, 14])), randint(0, 10, [9]));
    return train(model, new optim.AdamW(model.parameters(), { lr: 0.01 }), loss);
  },
  "a recurrent network": () => {
    const model = new nn.LSTM(11, 23);
    const loss = (): Tensor =>
      model
        .forward(randn([7, 5, 11]))[0]
        .square()
        .mean();
    return train(model, new optim.SGD(model.parameters(), { lr: 0.1, momentum: 0.9 }), loss);
  },
};

/** Every case by its title: what it gives, anew each time. */
const cases = new Map<string, () => string>();
for (const [name, spec] of Object.entries<OpSpec>(specs)) {
  spec.samples.forEach((sample, i) => {
    cases.set(`${name} ${titleOf(i, sample)}`, () =>
      bitsOf(sample.inputs.map(toTensor), (inputs) => spec.call(inputs, sample.attrs)),
    );
  });
}
for (const [name, [call, inputs]] of Object.entries(LARGE))
  cases.set(name, () => bitsOf(inputs(), (made) => call(...made)));
for (const [name, run] of Object.entries(TRAINING)) cases.set(name, run);

function results(): Map<string, string> {
  const made = new Map<string, string>();
  for (const [title, run] of cases) {
    manualSeed(5);
    scope(() => {
      made.set(title, run());
    });
  }
  return made;
}

describe("the same bits as on one thread", () => {
  let alone: Map<string, string>;
  beforeAll(async () => {
    await init({ threads: 1 });
    alone = results();
  });
  afterAll(() => init({ threads: 1 }));

  it.each(THREADS)("on %i, of every op and of training steps", async (threads) => {
    expect((await init({ threads })).threads).toBe(threads);
    worthSharing.mockClear();
    const shared = results();
    const different = [...alone]
      .filter(([title, made]) => shared.get(title) !== made)
      .map(([title]) => title);
    expect(different).toEqual([]);
    expect(worthSharing).toHaveBeenCalled();
  });
});
