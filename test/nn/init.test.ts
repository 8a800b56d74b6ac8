import { describe, expect, it } from "vitest";
import { manualSeed, matmul, memory, nn, noGrad, scope, zeros, type Tensor } from "../../src/index.ts";

const { init } = nn;

function moments(t: Tensor): { mean: number; std: number; least: number; most: number } {
  const x = Array.from(t.data);
  const mean = x.reduce((a, b) => a + b, 0) / x.length;
  const std = Math.sqrt(x.reduce((a, b) => a + (b - mean) * (b - mean), 0) / x.length);
  return { mean, std, least: Math.min(...x), most: Math.max(...x) };
}

/** Fills zeros, as a parameter, without leaving anything behind. */
function filled(shape: readonly number[], fill: (t: Tensor) => Tensor, check: (t: Tensor) => void): void {
  const before = memory().live;
  scope(() => {
    manualSeed(7);
    const t = new nn.Parameter(zeros(shape));
    expect(fill(t)).toBe(t);
    expect(t.isLeaf).toBe(true);
    expect(t.requiresGrad).toBe(true);
    check(t);
    t.dispose();
  });
  expect(memory().live).toBe(before);
}

/** 60 inputs of 9 taps and 40 outputs: fan in 540, fan out 360. */
const CONV = [40, 60, 3, 3];

describe("init", () => {
  it.each([
    ["uniform_", (t) => init.uniform_(t, -1, 3), 2 / Math.sqrt(3), 1],
    ["normal_", (t) => init.normal_(t, 1, 2), 2, 1],
    ["kaimingUniform_", (t) => init.kaimingUniform_(t), Math.sqrt(2 / 540), 0],
    ["kaimingNormal_", (t) => init.kaimingNormal_(t), Math.sqrt(2 / 540), 0],
    ["kaiming, backward", (t) => init.kaimingNormal_(t, { mode: "fanOut" }), Math.sqrt(2 / 360), 0],
    ["kaiming, tanh", (t) => init.kaimingNormal_(t, { nonlinearity: "tanh" }), 5 / 3 / Math.sqrt(540), 0],
    ["kaiming, slope", (t) => init.kaimingUniform_(t, { a: 2 }), Math.sqrt(2 / 5 / 540), 0],
    ["xavierUniform_", (t) => init.xavierUniform_(t), Math.sqrt(2 / 900), 0],
    ["xavierNormal_", (t) => init.xavierNormal_(t, 3), 3 * Math.sqrt(2 / 900), 0],
    // The variance of a normal distribution cut off at ±1: 1 − 2φ(1) / (2Φ(1) − 1).
    ["truncNormal_", (t) => init.truncNormal_(t, 0, 1, -1, 1), Math.sqrt(0.29112509), 0],
    ["truncNormal_, wide", (t) => init.truncNormal_(t, 0, 0.02), 0.02, 0],
  ] as [string, (t: Tensor) => Tensor, number, number][])(
    "%s has its mean and spread",
    (_, fill, std, mean) => {
      filled(CONV, fill, (t) => {
        const got = moments(t);
        expect(Math.abs(got.mean - mean)).toBeLessThan(0.03 * std);
        expect(Math.abs(got.std / std - 1)).toBeLessThan(0.02);
      });
    },
  );

  it("truncNormal_ stays within its bounds, off the middle as well", () => {
    filled(
      [5000],
      (t) => init.truncNormal_(t, 1, 2, 2, 4),
      (t) => {
        const { mean, least, most } = moments(t);
        expect(least).toBeGreaterThanOrEqual(2);
        expect(most).toBeLessThanOrEqual(4);
        // 1 + 2·(φ(½) − φ(3/2)) / (Φ(3/2) − Φ(½)).
        expect(mean).toBeCloseTo(1 + (2 * (0.35206533 - 0.1295176)) / (0.9331928 - 0.69146246), 1);
      },
    );
    scope(() => {
      expect(() => init.truncNormal_(zeros([2]), 0, 1, 8, 9)).toThrow(
        /truncNormal_: \[8, 9\] holds next to nothing/,
      );
    });
  });

  it.each([
    [[5, 5], 1],
    [[3, 8], 2],
    [[8, 3], 1],
    [[40, 60, 3, 3], 0.5],
  ])("orthogonal_ %j: products of rows, or columns, are those of the identity", (shape, gain) => {
    filled(
      shape,
      (t) => init.orthogonal_(t, gain),
      (t) => {
        noGrad(() => {
          const rows = shape[0] as number;
          const flat = t.reshape([rows, -1]);
          const wide = rows <= (flat.shape[1] as number) ? flat : flat.transpose(0, 1);
          const products = matmul(wide, wide.transpose(0, 1));
          const n = wide.shape[0] as number;
          products.data.forEach((v, i) => {
            const want = i % (n + 1) === 0 ? gain * gain : 0;
            expect(Math.abs(v - want)).toBeLessThan(2e-6);
          });
        });
      },
    );
  });

  it("constant_, ones_, zeros_ and eye_ are exact", () => {
    filled(
      [2, 3],
      (t) => init.eye_(init.constant_(t, 7)),
      (t) => {
        expect(t.toArray()).toEqual([
          [1, 0, 0],
          [0, 1, 0],
        ]);
      },
    );
    filled(
      [2],
      (t) => init.constant_(t, 0.25),
      (t) => {
        expect(t.toArray()).toEqual([0.25, 0.25]);
        expect(init.ones_(t).toArray()).toEqual([1, 1]);
        expect(init.zeros_(t).toArray()).toEqual([0, 0]);
      },
    );
  });

  it("dirac_ makes a convolution that keeps its input", () => {
    scope(() => {
      const layer = new nn.Conv2d(4, 4, 3, { padding: 1, groups: 2, bias: false });
      init.dirac_(layer.weight, 2);
      const x = init.normal_(zeros([1, 4, 5, 5]));
      expect(Array.from(layer.forward(x).data)).toEqual(Array.from(x.data));
      layer.dispose();
    });
  });

  it("sparse_ zeroes its share of each column", () => {
    filled(
      [10, 50],
      (t) => init.sparse_(t, 0.25, 2),
      (t) => {
        const columns = Array.from({ length: 50 }, (_, c) =>
          Array.from(t.data).filter((v, i) => i % 50 === c && v === 0),
        );
        expect(new Set(columns.map((zeroes) => zeroes.length))).toEqual(new Set([3]));
        const first = Array.from(t.data).map((v) => v === 0);
        expect(
          new Set(Array.from({ length: 10 }, (_, r) => first.slice(r * 50, r * 50 + 50).join())).size,
        ).toBe(10);
      },
    );
  });

  it("knows the gains", () => {
    expect(init.calculateGain("linear")).toBe(1);
    expect(init.calculateGain("relu")).toBe(Math.SQRT2);
    expect(init.calculateGain("leakyRelu", 1)).toBe(1);
    expect(() => init.calculateGain("gelu" as "relu")).toThrow(/calculateGain: knows .* got "gelu"/);
  });

  it("gives the same numbers for the same seed, and refuses what it does not fit", () => {
    scope(() => {
      const draw = (): number[] => {
        manualSeed(3);
        return Array.from(init.orthogonal_(zeros([6, 4])).data);
      };
      expect(draw()).toEqual(draw());
      expect(() => init.orthogonal_(zeros([3]))).toThrow(
        /orthogonal_: takes a tensor of 2 dimensions or more/,
      );
      expect(() => init.eye_(zeros([3]))).toThrow("eye_: takes a tensor of 2 dimensions, got [3]");
      expect(() => init.dirac_(zeros([3, 2]))).toThrow(/dirac_: takes the weight of a convolution/);
      expect(() => init.sparse_(zeros([3, 2]), 2)).toThrow("sparse_: sparsity must lie in [0, 1], got 2");
      expect(() => init.normal_(zeros([2, 3]).transpose(0, 1))).toThrow("normal_: takes a dense f32 tensor");
    });
  });
});
