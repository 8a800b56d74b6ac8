import { afterEach, describe, expect, it } from "vitest";
import { noGrad } from "../../src/autograd/mode.ts";
import { transforms as t, type BatchContext, type Transform } from "../../src/data/index.ts";
import { drawsOf } from "../../src/data/transforms/draws.ts";
import { beta } from "../../src/data/transforms/mixing.ts";
import { DTypeError, IndexOutOfRangeError, ShapeError, ValueError } from "../../src/errors.ts";
import { crossEntropy } from "../../src/ops/classloss.ts";
import { tensor, zeros } from "../../src/tensor/create.ts";
import { heap } from "../../src/wasm/engine.ts";
import { context } from "./pictures.ts";

afterEach(() => expect(heap().stats.live).toBe(0));

/** Image i is all i + 1, and so is its class i: what a sample is made of can be read off. */
function mixed(transform: Transform, indices: readonly number[], options: Partial<BatchContext> = {}) {
  return noGrad(() => {
    const n = indices.length;
    const images = tensor(
      indices.flatMap((i) => new Array<number>(24).fill(i + 1)),
      { shape: [n, 1, 4, 6] },
    );
    const labels = tensor([...indices], { dtype: "i32" });
    const [x, y] = transform(
      [images, labels] as const,
      context(n, { ...options, indices: Int32Array.from(indices) }),
    );
    expect([x.shape, y.shape]).toEqual([
      [n, 1, 4, 6],
      [n, 8],
    ]);
    const [pixels, shares] = [Array.from(x.data), Array.from(y.data)];
    // Any loss over classes takes them.
    expect(crossEntropy(zeros([n, 8]), y).item()).toBeCloseTo(Math.log(8), 5);
    return indices.map((_, row) => ({
      pixels: pixels.slice(row * 24, (row + 1) * 24),
      shares: shares.slice(row * 8, (row + 1) * 8),
    }));
  });
}

const ALL = [0, 1, 2, 3, 4, 5, 6];

describe.each<[string, Transform]>([
  ["mixUp", t.mixUp({ numClasses: 8, alpha: 0.7 })],
  ["cutMix", t.cutMix({ numClasses: 8, alpha: 0.7 })],
])("%s", (name, transform) => {
  it("mixes labels as it mixes images, each with one other", () => {
    for (let epoch = 0; epoch < 20; epoch++) {
      const partners = mixed(transform, ALL, { epoch }).map(({ pixels, shares }, i) => {
        const others = ALL.filter((k) => k !== i && (shares[k] as number) > 0);
        expect(others.length).toBeLessThanOrEqual(1);
        const own = shares[i] as number;
        const [k = i] = others;
        expect(own + (k === i ? 0 : (shares[k] as number))).toBeCloseTo(1, 6);
        if (name === "cutMix") {
          expect(pixels.filter((v) => v === i + 1).length / 24).toBeCloseTo(own, 6);
          expect(pixels.every((v) => v === i + 1 || v === k + 1)).toBe(true);
        } else for (const v of pixels) expect(v).toBeCloseTo(own * (i + 1) + (1 - own) * (k + 1), 5);
        return k;
      });
      // No sample is another's twice.
      const met = partners.filter((k, i) => k !== i);
      expect(new Set(met).size).toBe(met.length);
    }
  });

  it("does the same in any order of the batch, and something else in another epoch", () => {
    const order = [3, 1, 6, 0, 5, 2, 4];
    const all = mixed(transform, ALL);
    expect(mixed(transform, order)).toEqual(order.map((i) => all[i]));
    expect(mixed(transform, ALL)).toEqual(all);
    expect(mixed(transform, ALL, { epoch: 1 })).not.toEqual(all);
  });

  it("leaves a batch of one as it is", () => {
    const [{ pixels, shares }] = mixed(transform, [3]) as [ReturnType<typeof mixed>[number]];
    for (const v of pixels) expect(v).toBeCloseTo(4, 5);
    expect(shares.map((v) => Math.round(v * 1e6) / 1e6)).toEqual([0, 0, 0, 1, 0, 0, 0, 0]);
  });

  it("takes probabilities, bytes and more than two parts", () => {
    noGrad(() => {
      const soft = tensor([0.5, 0.5, 0, 1], { shape: [2, 2] });
      const extra = tensor([1, 2]);
      const [, y, rest] = transform([zeros([2, 1, 2, 2]), soft, extra] as const, context(2));
      expect(rest).toBe(extra);
      for (let row = 0; row < 2; row++)
        expect((y.data[row * 2] as number) + (y.data[row * 2 + 1] as number)).toBeCloseTo(1, 6);
      expect(Array.from(soft.data)).toEqual([0.5, 0.5, 0, 1]);
      const bytes = tensor([7, 0], { dtype: "u8" });
      expect(transform([zeros([2, 1, 2, 2]), bytes], context(2))[1]?.shape).toEqual([2, 8]);
    });
  });

  it.each<[string, () => unknown, new (message: string) => Error, string]>([
    [
      "no labels",
      () => transform(zeros([2, 1, 2, 2]), context(2)),
      ValueError,
      `${name}: takes a batch [images, labels]`,
    ],
    [
      "labels of another number",
      () => transform([zeros([2, 1, 2, 2]), zeros([3, 4])], context(2)),
      ShapeError,
      `${name}: 2 samples by the context's indices, got [3, 4]`,
    ],
    [
      "numbers as labels",
      () => transform([zeros([2, 1, 2, 2]), zeros([2])], context(2)),
      ShapeError,
      "must be classes i32 [n] or probabilities f32 [n, classes], got f32 [2]",
    ],
    [
      "pairs of classes",
      () => transform([zeros([2, 1, 2, 2]), zeros([2, 2], { dtype: "i32" })], context(2)),
      DTypeError,
      "got i32 [2, 2]",
    ],
    [
      "a class too many",
      () => transform([zeros([1, 1, 2, 2]), tensor([8], { dtype: "i32" })], context(1)),
      IndexOutOfRangeError,
      "8",
    ],
    [
      "no number of classes",
      () => t[name as "mixUp"]()([zeros([1, 1, 2, 2]), tensor([0], { dtype: "i32" })], context(1)),
      ValueError,
      `${name}: labels are classes, so it needs the option numClasses`,
    ],
    ["alpha 0", () => t[name as "mixUp"]({ alpha: 0 }), ValueError, `${name}: alpha must be a finite number`],
  ])("refuses %s", (_, call, kind, message) => {
    expect(() => noGrad(call)).toThrow(kind);
    expect(() => noGrad(call)).toThrow(message);
  });
});

it.each([0.01, 0.2, 0.5, 0.51, 1, 2, 8])("beta(%d) has the moments that it should", (a) => {
  const n = 4000;
  const values = Array.from({ length: n }, (_, i) =>
    beta(drawsOf(context(1, { indices: Int32Array.of(i) }), 0), a),
  );
  const mean = values.reduce((sum, v) => sum + v, 0) / n;
  const moment = (k: number): number => values.reduce((sum, v) => sum + (v - 0.5) ** k, 0) / n;
  // Var = 1 / (4(2a + 1)), kurtosis = 3 − 6 / (2a + 3).
  const variance = 1 / (4 * (2 * a + 1));
  expect(values.every((v) => v >= 0 && v <= 1)).toBe(true);
  expect(Math.abs(mean - 0.5)).toBeLessThan(4 * Math.sqrt(variance / n));
  expect(Math.abs(moment(2) / variance - 1)).toBeLessThan(0.1);
  expect(Math.abs(moment(4) / variance ** 2 - (3 - 6 / (2 * a + 3)))).toBeLessThan(0.3);
});
