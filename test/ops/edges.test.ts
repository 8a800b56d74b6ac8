import { describe, expect, it } from "vitest";
import * as sg from "../../src/index.ts";
import { tensor, type DType, type Tensor } from "../../src/index.ts";

/** Points that differences of the reference cannot judge: kinks, ties and zeros, where the rule is PyTorch's. */
function gradientAt(values: readonly number[], f: (x: Tensor) => Tensor): number[] {
  return sg.scope(() => {
    const x = tensor([...values], { requiresGrad: true });
    sg.sum(f(x)).backward();
    return Array.from((x.grad as Tensor).data);
  });
}

describe("gradients at kinks", () => {
  it.each([
    ["hardtanh at its bounds", [-1, 0, 1], sg.hardtanh, [0, 1, 0]],
    ["clamp at its bounds", [-1, 0, 1], (x) => sg.clamp(x, { min: -1, max: 1 }), [1, 1, 1]],
    ["relu6 at its bounds", [0, 3, 6], sg.relu6, [0, 1, 0]],
    ["hardswish at its corners", [-3, 3], sg.hardswish, [0, 1]],
    ["softshrink at its corners", [-0.5, 0.5, 1], sg.softshrink, [0, 0, 1]],
    ["abs at 0 and NaN", [0, -0, NaN], sg.abs, [0, 0, 0]],
    ["a norm of zeros", [0, 0], (x) => sg.norm(x), [0, 0]],
    ["a norm of order ½ with a zero", [0, 4], (x) => sg.norm(x, { p: 0.5 }), [0, 1]],
    ["an infinite norm with ties", [2, -2, 1], (x) => sg.norm(x, { p: Infinity }), [0.5, -0.5, 0]],
    ["std of equal values", [3, 3, 3], (x) => sg.std(x), [0, 0, 0]],
    ["max with ties", [1, 3, 3], (x) => sg.max(x), [0, 0.5, 0.5]],
    ["max along a dimension with ties", [1, 3, 3], (x) => sg.max(x, { dim: 0 })[0], [0, 1, 0]],
    ["cumprod with zeros", [2, 0, 3, 0], (x) => sg.cumprod(x, { dim: 0 }), [1, 8, 0, 0]],
    ["elu far above 0", [100], sg.elu, [1]],
  ] as [string, number[], (x: Tensor) => Tensor, number[]][])("%s", (_, values, f, want) => {
    expect(gradientAt(values, f)).toEqual(want);
  });

  it("binary cross-entropy at 0 and 1 is large, not infinite", () => {
    const target = tensor([0, 1, 0]);
    const got = gradientAt([0, 0, 1], (x) => sg.binaryCrossEntropy(x, target, { reduction: "none" }));
    expect(got).toEqual([0, Math.fround(-1e12), Math.fround(1e12)]);
  });

  it("a second derivative far above an exponential's range", () => {
    const x = tensor([200], { requiresGrad: true });
    const [first] = sg.grad(sg.sum(sg.selu(x)), [x], { createGraph: true });
    const [second] = sg.grad(sg.sum(first as Tensor), [x]);
    expect((second as Tensor).item()).toBe(0);
  });
});

describe("whole numbers, bytes and bools", () => {
  const of = (dtype: DType): Tensor => tensor(Int32Array.of(1, 0, 1, 1, 1, 0), { dtype, shape: [2, 3] });

  it.each(["f32", "i32", "u8", "bool"] as const)("movement keeps %s", (dtype) => {
    const x = of(dtype);
    const moved = [
      sg.tile(x, [2]),
      sg.repeatInterleave(x, 2, { dim: 0 }),
      sg.pad(x, [1, 1], { value: 1 }),
      sg.pad(x, [1, 1], { mode: "reflect" }),
      sg.roll(x, 1),
      sg.tril(x),
      sg.triu(x),
      sg.diagonal(x),
    ];
    expect(moved.map((t) => t.dtype)).toEqual(moved.map(() => dtype));
    expect(Array.from(sg.tril(x).data)).toEqual([1, 0, 0, 1, 1, 0]);
    expect(Array.from(sg.roll(x, 1).data)).toEqual([0, 1, 0, 1, 1, 1]);
  });

  it.each(["i32", "u8", "bool"] as const)("sums and extrema of %s are i32", (dtype) => {
    const x = of(dtype);
    const [values, indices] = sg.max(x, { dim: 1 });
    const results = [sg.cumsum(x, { dim: 1 }), sg.cumprod(x, { dim: 1 }), sg.max(x), values, indices];
    expect(results.map((t) => t.dtype)).toEqual(results.map(() => "i32"));
    expect(Array.from(sg.cumsum(x, { dim: 1 }).data)).toEqual([1, 1, 2, 1, 2, 2]);
    expect([...values.data, ...indices.data]).toEqual([1, 1, 0, 0]);
  });

  it("repeats are tensors of their own", () => {
    const x = tensor([1]);
    for (const copy of [sg.tile(x, [3]), sg.tile(x, [1]), sg.repeatInterleave(x, 1), sg.roll(x, 1)]) {
      copy.fill_(5);
      expect(x.item()).toBe(1);
    }
  });
});

describe("signs of nothing", () => {
  it("sign is 0 at −0 and NaN", () => {
    expect(Array.from(sg.sign(tensor([-0, NaN, -2])).data)).toEqual([0, 0, -1]);
  });

  it("chunks of an empty dimension", () => {
    expect(sg.chunk(sg.zeros([0, 2]), 3).map((t) => t.shape)).toEqual([
      [0, 2],
      [0, 2],
      [0, 2],
    ]);
  });
});
