import { describe, expect, it } from "vitest";
import {
  arange,
  full,
  manualSeed,
  rand,
  randint,
  randn,
  randperm,
  scope,
  tensor,
  zeros,
} from "../../src/index.ts";

describe("making tensors", () => {
  it("takes numbers, nested arrays, typed arrays and booleans", () => {
    expect(tensor(3).shape).toEqual([]);
    expect(
      tensor([
        [1, 2],
        [3, 4],
      ]).toArray(),
    ).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(tensor([[true], [false]]).dtype).toBe("bool");
    expect(tensor(Int32Array.of(1, 2)).dtype).toBe("i32");
    expect(tensor(Uint8Array.of(1, 200)).dtype).toBe("u8");
    expect(tensor(new Float64Array([0.5, 1.5]), { shape: [2, -1] }).shape).toEqual([2, 1]);
    expect(tensor([]).shape).toEqual([0]);
  });

  it("refuses what it cannot hold, by place and value", () => {
    expect(() => tensor([[1, 2], [3]])).toThrow(
      "tensor: ragged data: [1] has 1 entries, its neighbours have 2",
    );
    expect(() => tensor([1, 2, 3], { shape: [2, 2] })).toThrow(
      /3 values do not fill shape \[2, 2\] \(4 elements\)/,
    );
    expect(() => tensor([1.5], { dtype: "i32" })).toThrow(/value 1.5 at position 0 does not fit i32/);
    expect(() => tensor([300], { dtype: "u8" })).toThrow(/300.*0 to 255/);
    expect(() => tensor([1], { dtype: "f64" as "f32" })).toThrow(/unknown dtype "f64"/);
    expect(() => tensor("no" as unknown as number)).toThrow(/must be a number, an array or a typed array/);
    expect(() => zeros([2, -3])).toThrow("zeros: sizes must be whole numbers ≥ 0, got [2, -3]");
    expect(() => zeros([1.5])).toThrow(/got \[1.5\]/);
    expect(() => tensor([1], { dtype: "i32", requiresGrad: true })).toThrow(
      /only f32 tensors have gradients/,
    );
    expect(() => arange(0, 1, 0)).toThrow(/step not 0/);
    expect(() => tensor([1, 2]).item()).toThrow(
      "item: needs one element, got shape [2]; use toArray() or data",
    );
  });

  it("counts with arange", () => {
    expect(arange(4).toArray()).toEqual([0, 1, 2, 3]);
    expect(arange(1, 2, 0.25).toArray()).toEqual([1, 1.25, 1.5, 1.75]);
    expect(arange(3, 0, -1).toArray()).toEqual([3, 2, 1]);
  });
});

describe("the random stream", () => {
  it("repeats from its seed and moves on", () => {
    manualSeed(42);
    const first = rand([5]).toArray();
    const second = rand([5]).toArray();
    expect(second).not.toEqual(first);
    manualSeed(42);
    expect(rand([5]).toArray()).toEqual(first);
    expect(() => {
      manualSeed(-1);
    }).toThrow(/whole number from 0/);
  });

  it("has the moments it should", () => {
    manualSeed(1);
    scope(() => {
      const u = rand([100_000]);
      expect(u.mean().item()).toBeCloseTo(0.5, 2);
      const n = randn([100_000]);
      expect(n.mean().item()).toBeCloseTo(0, 1);
      expect(n.std().item()).toBeCloseTo(1, 2);
      expect([...randperm(100).data].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
      expect(new Set(randint(3, 6, [200]).data)).toEqual(new Set([3, 4, 5]));
    });
  });
});

describe("printing", () => {
  it.each([
    [tensor(1.5), "tensor(1.5000)"],
    [tensor([1, 2]), "tensor([1., 2.])"],
    [
      tensor([
        [1.5, -2],
        [NaN, Infinity],
      ]),
      "tensor([[ 1.5000, -2.0000],\n        [    nan,     inf]])",
    ],
    [tensor([1e-8, 1]), "tensor([1.0000e-8, 1.0000e+0])"],
    [tensor(Int32Array.of(-3, 14)), "tensor([-3, 14], i32)"],
    [tensor([true, false]), "tensor([ true, false], bool)"],
    [zeros([0, 3]), "tensor([], shape [0, 3])"],
    [full([2000], 7), "tensor([7., 7., 7., ..., 7., 7., 7.])"],
  ])("%#", (t, text) => {
    expect(t.toString()).toBe(text);
  });
});

describe("views and reading", () => {
  it("share memory and read in their own order", () => {
    const t = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(t.transpose(0, 1).toArray()).toEqual([
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
    expect(t.slice({ dim: 1, start: 1 }).toArray()).toEqual([
      [2, 3],
      [5, 6],
    ]);
    expect(t.select(0, 1).storage).toBe(t.storage);
    expect(t.transpose(0, 1).data).toEqual(Float32Array.of(1, 4, 2, 5, 3, 6));
    expect(t.read((view) => Array.from(view).reduce((a, b) => a + b, 0))).toBe(21);
    const row = t.select(0, 0);
    t.dispose();
    expect(row.toArray()).toEqual([1, 2, 3]);
  });
});
