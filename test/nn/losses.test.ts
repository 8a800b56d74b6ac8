import { describe, expect, it } from "vitest";
import * as sg from "../../src/index.ts";
import { manualSeed, memory, nn, rand, randint, randn, scope, tensor, type Tensor } from "../../src/index.ts";

type Op = (x: Tensor, y: Tensor, z: Tensor) => Tensor;
const pair = (): Tensor[] => [randn([4, 3]), randn([4, 3])];
const signs = (): Tensor => tensor([1, -1, 1, -1]);
const W = [1, 2, 0.5];

/** Losses beside the ops that they are: options must get through. */
const ALIKE: readonly [string, nn.Module, () => Tensor[], Op][] = [
  ["MSELoss", new nn.MSELoss({ reduction: "sum" }), pair, (x, t) => sg.mseLoss(x, t, { reduction: "sum" })],
  ["L1Loss", new nn.L1Loss(), pair, (x, t) => sg.l1Loss(x, t)],
  ["SmoothL1Loss", new nn.SmoothL1Loss({ beta: 2 }), pair, (x, t) => sg.smoothL1Loss(x, t, { beta: 2 })],
  ["HuberLoss", new nn.HuberLoss({ delta: 2 }), pair, (x, t) => sg.huberLoss(x, t, { delta: 2 })],
  [
    "CrossEntropyLoss",
    new nn.CrossEntropyLoss({ weight: W, labelSmoothing: 0.1 }),
    () => [randn([4, 3]), randint(0, 3, [4])],
    (x, t) => sg.crossEntropy(x, t, { weight: tensor(W), labelSmoothing: 0.1 }),
  ],
  [
    "NLLLoss",
    new nn.NLLLoss({ weight: W, ignoreIndex: 1 }),
    () => [randn([4, 3]), tensor([0, 1, 2, 2], { dtype: "i32" })],
    (x, t) => sg.nllLoss(x, t, { weight: tensor(W), ignoreIndex: 1 }),
  ],
  [
    "BCELoss",
    new nn.BCELoss({ weight: W }),
    () => [rand([4, 3]), rand([4, 3])],
    (x, t) => sg.binaryCrossEntropy(x, t, { weight: tensor(W) }),
  ],
  [
    "BCEWithLogitsLoss",
    new nn.BCEWithLogitsLoss({ weight: W, posWeight: 3 }),
    () => [randn([4, 3]), rand([4, 3])],
    (x, t) => sg.binaryCrossEntropyWithLogits(x, t, { weight: tensor(W), posWeight: tensor(3) }),
  ],
  [
    "KLDivLoss",
    new nn.KLDivLoss({ reduction: "batchmean", logTarget: true }),
    pair,
    (x, t) => sg.klDiv(x, t, { reduction: "batchmean", logTarget: true }),
  ],
  [
    "PoissonNLLLoss",
    new nn.PoissonNLLLoss({ full: true }),
    pair,
    (x, t) => sg.poissonNllLoss(x, t, { full: true }),
  ],
  [
    "GaussianNLLLoss",
    new nn.GaussianNLLLoss({ full: true }),
    () => [...pair(), rand([4, 3])],
    (x, t, v) => sg.gaussianNllLoss(x, t, v, { full: true }),
  ],
  ["SoftMarginLoss", new nn.SoftMarginLoss(), () => [randn([4]), signs()], (x, t) => sg.softMarginLoss(x, t)],
  [
    "HingeEmbeddingLoss",
    new nn.HingeEmbeddingLoss({ margin: 2 }),
    () => [randn([4]), signs()],
    (x, t) => sg.hingeEmbeddingLoss(x, t, { margin: 2 }),
  ],
  [
    "CosineEmbeddingLoss",
    new nn.CosineEmbeddingLoss({ margin: -0.5 }),
    () => [...pair(), signs()],
    (x, y, t) => sg.cosineEmbeddingLoss(x, y, t, { margin: -0.5 }),
  ],
  [
    "MarginRankingLoss",
    new nn.MarginRankingLoss({ margin: 2 }),
    () => [randn([4]), randn([4]), signs()],
    (x, y, t) => sg.marginRankingLoss(x, y, t, { margin: 2 }),
  ],
  [
    "TripletMarginLoss",
    new nn.TripletMarginLoss({ margin: 2, p: 1, swap: true }),
    () => [...pair(), randn([4, 3])],
    (a, p, n) => sg.tripletMarginLoss(a, p, n, { margin: 2, p: 1, swap: true }),
  ],
  [
    "CosineSimilarity",
    new nn.CosineSimilarity({ dim: 0 }),
    pair,
    (x, y) => sg.cosineSimilarity(x, y, { dim: 0 }),
  ],
  [
    "PairwiseDistance",
    new nn.PairwiseDistance({ p: 1, keepdim: true }),
    pair,
    (x, y) => sg.pairwiseDistance(x, y, { p: 1, keepdim: true }),
  ],
];

describe("losses and distances", () => {
  it.each(ALIKE)("%s is its op", (_, loss, inputs, op) => {
    scope(() => {
      manualSeed(1);
      const given = inputs();
      const got = (loss as unknown as { forward(...x: Tensor[]): Tensor }).forward(...given);
      const want = op(...(given as Parameters<Op>));
      expect(got.shape).toEqual(want.shape);
      expect(Array.from(got.data)).toEqual(Array.from(want.data));
    });
  });

  it("own a copy of their weights, which is part of the state", () => {
    const before = memory().live;
    scope(() => {
      const weight = tensor(W);
      const loss = new nn.CrossEntropyLoss({ weight });
      expect(Object.keys(loss.stateDict())).toEqual(["weight"]);
      expect(loss.parameters()).toEqual([]);
      loss.dispose();
      expect(weight.toArray()).toEqual(W);
      const binary = new nn.BCEWithLogitsLoss({ posWeight: weight });
      expect(Object.keys(binary.stateDict())).toEqual(["pos_weight"]);
      binary.dispose();
    });
    expect(memory().live).toBe(before);
  });
});
