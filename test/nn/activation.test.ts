import { describe, expect, it } from "vitest";
import * as sg from "../../src/index.ts";
import { manualSeed, nn, randn, scope, sum, tensor, type Tensor } from "../../src/index.ts";

const X = [-4, -1.5, -0.3, 0, 0.3, 1.5, 4, 25];
const minus = (x: Tensor): Tensor => sg.neg(x);

/** Layers beside the ops that they are. */
const ALIKE: readonly [nn.Layer, (x: Tensor) => Tensor][] = [
  [new nn.ReLU(), sg.relu],
  [new nn.ReLU6(), sg.relu6],
  [new nn.LeakyReLU({ negativeSlope: 0.3 }), (x) => sg.leakyRelu(x, { negativeSlope: 0.3 })],
  [new nn.PReLU({ init: 0.3 }), (x) => sg.leakyRelu(x, { negativeSlope: 0.3 })],
  [new nn.RReLU({ lower: 0.1, upper: 0.5 }).eval(), (x) => sg.leakyRelu(x, { negativeSlope: 0.3 })],
  [new nn.ELU({ alpha: 0.5 }), (x) => sg.elu(x, { alpha: 0.5 })],
  [new nn.CELU({ alpha: 0.5 }), (x) => sg.celu(x, { alpha: 0.5 })],
  [new nn.SELU(), sg.selu],
  [new nn.GELU(), sg.gelu],
  [new nn.GELU({ approximate: "tanh" }), (x) => sg.gelu(x, { approximate: "tanh" })],
  [new nn.SiLU(), sg.silu],
  [new nn.Mish(), sg.mish],
  [new nn.Sigmoid(), sg.sigmoid],
  [new nn.LogSigmoid(), sg.logsigmoid],
  [new nn.Tanh(), sg.tanh],
  [
    new nn.Softplus({ beta: 2, threshold: 3 }),
    (x: Tensor): Tensor => sg.softplus(x, { beta: 2, threshold: 3 }),
  ],
  [new nn.Softsign(), sg.softsign],
  [new nn.Softshrink({ lambd: 0.2 }), (x) => sg.softshrink(x, { lambd: 0.2 })],
  [new nn.Hardshrink({ lambd: 0.2 }), (x) => sg.hardshrink(x, { lambd: 0.2 })],
  [new nn.Tanhshrink(), sg.tanhshrink],
  [new nn.Hardtanh({ minVal: -2, maxVal: 0.5 }), (x) => sg.hardtanh(x, { minVal: -2, maxVal: 0.5 })],
  [new nn.Hardsigmoid(), sg.hardsigmoid],
  [new nn.Hardswish(), sg.hardswish],
  [new nn.Threshold(0.1, 20), (x) => sg.threshold(x, { threshold: 0.1, value: 20 })],
  [new nn.GLU({ dim: 0 }), (x) => sg.glu(x, { dim: 0 })],
  [new nn.Softmax({ dim: 0 }), (x) => sg.softmax(x, { dim: 0 })],
  [new nn.LogSoftmax({ dim: 0 }), (x) => sg.logSoftmax(x, { dim: 0 })],
  [new nn.Softmin({ dim: 0 }), (x) => sg.softmax(minus(x), { dim: 0 })],
];

describe("activations", () => {
  it.each(ALIKE.map(([layer, op]) => [String(layer), layer, op] as const))("%s is its op", (_, layer, op) => {
    scope(() => {
      const got = Array.from(layer.forward(tensor(X)).data);
      const want = op(tensor(X)).data;
      got.forEach((y, i) => {
        expect(y).toBeCloseTo(want[i] as number, 6);
      });
    });
  });

  it("PReLU learns a slope for each channel, and refuses another number of them", () => {
    scope(() => {
      const layer = new nn.PReLU({ numParameters: 2, init: 0.5 });
      const x = tensor(
        [
          [
            [1, -2],
            [-4, 0],
          ],
        ],
        { requiresGrad: true },
      );
      const y = layer.forward(x);
      expect(y.toArray()).toEqual([
        [
          [1, -1],
          [-2, 0],
        ],
      ]);
      sum(y).backward();
      expect(layer.weight.grad?.toArray()).toEqual([-2, -4]);
      expect(x.grad?.toArray()).toEqual([
        [
          [1, 0.5],
          [0.5, 0.5],
        ],
      ]);
      expect(() => layer.forward(randn([2, 3]))).toThrow("PReLU: takes 2 channels, got [2, 3] ([n, c, ...])");
      layer.dispose();
    });
  });

  it("RReLU draws slopes in training", () => {
    scope(() => {
      manualSeed(1);
      const slopes = Array.from(new nn.RReLU().forward(tensor(new Array<number>(1000).fill(-1))).data);
      expect(Math.min(...slopes)).toBeGreaterThanOrEqual(-1 / 3);
      expect(Math.max(...slopes)).toBeLessThanOrEqual(-1 / 8);
      expect(slopes.reduce((a, b) => a + b) / 1000).toBeCloseTo(-11 / 48, 2);
      expect(new nn.RReLU().forward(tensor([0.5, 2])).toArray()).toEqual([0.5, 2]);
    });
  });

  it("Softmax2d takes images alone", () => {
    scope(() => {
      const y = new nn.Softmax2d().forward(randn([2, 3, 4, 5]));
      for (const total of sum(y, { dim: 1 }).data) expect(total).toBeCloseTo(1, 6);
      expect(() => new nn.Softmax2d().forward(randn([2, 3]))).toThrow(/Softmax2d: takes \[n, c, h, w\]/);
    });
  });
});

describe("Embedding", () => {
  it("reads rows; the padding row is 0 and stays", () => {
    scope(() => {
      const layer = new nn.Embedding(4, 2, { paddingIdx: -1 });
      expect(Array.from(layer.weight.data).slice(6)).toEqual([0, 0]);
      const index = tensor([[0, 3, 3]], { dtype: "i32" });
      const y = layer.forward(index);
      expect(y.shape).toEqual([1, 3, 2]);
      sum(y).backward();
      expect(layer.weight.grad?.toArray()).toEqual([
        [1, 1],
        [0, 0],
        [0, 0],
        [0, 0],
      ]);
      expect(() => layer.forward(tensor([4], { dtype: "i32" }))).toThrow(/embedding: .*4/);
      expect(() => new nn.Embedding(4, 2, { paddingIdx: 4 })).toThrow(/Embedding: paddingIdx 4 is outside/);
      layer.dispose();
    });
  });

  it("starts from a table, frozen unless told otherwise, and leaves the table alone", () => {
    scope(() => {
      const table = tensor([
        [1, 2],
        [3, 4],
      ]);
      const layer = nn.Embedding.fromPretrained(table);
      expect(layer.weight.requiresGrad).toBe(false);
      expect(layer.forward(tensor([1], { dtype: "i32" })).toArray()).toEqual([[3, 4]]);
      const tuned = nn.Embedding.fromPretrained(table, { freeze: false, paddingIdx: 0 });
      expect(tuned.weight.requiresGrad).toBe(true);
      expect(tuned.weight.toArray()).toEqual(table.toArray());
      expect(() => nn.Embedding.fromPretrained(tensor([1]))).toThrow(
        /weight must be \[num, dim\], got \[1\]/,
      );
      layer.dispose();
      tuned.dispose();
    });
  });
});
