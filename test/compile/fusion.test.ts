import { describe, expect, it } from "vitest";
import { compile, conv2d, linear, manualSeed, noGrad, randn, relu, type Tensor } from "../../src/index.ts";

/** What three calls give eagerly and compiled, and how many commands were put together. */
function both(make: () => Tensor[], fn: (...args: Tensor[]) => Tensor): { same: boolean; fused: number } {
  const run = compile((...args: Tensor[]) => noGrad(() => fn(...args)));
  let same = true;
  for (let i = 0; i < 3; i++) {
    manualSeed(i);
    const args = make();
    const eager = noGrad(() => fn(...args)).data;
    const compiled = run(...args).data;
    same &&= Buffer.compare(Buffer.from(eager.buffer), Buffer.from(compiled.buffer)) === 0;
  }
  return { same, fused: run.stats()?.fused ?? 0 };
}

describe("fusion changes no bit", () => {
  it.each<[string, () => Tensor[], (...args: Tensor[]) => Tensor, number]>([
    [
      "linear and relu",
      () => [randn([65, 33]), randn([31, 33]), randn([31])],
      (x, w, b) => relu(linear(x, w, b)),
      1,
    ],
    ["a product and relu", () => [randn([5, 300]), randn([300, 70])], (a, b) => relu(a.matmul(b)), 1],
    [
      "relu of what is read again",
      () => [randn([5, 300]), randn([300, 70])],
      (a, b) => {
        const y = a.matmul(b);
        return relu(y).add(y);
      },
      0,
    ],
    [
      "relu of a part",
      () => [randn([64, 32]), randn([32, 16])],
      (a, b) => relu(a.matmul(b).slice({ end: 32 })),
      0,
    ],
    [
      "convolution and relu",
      () => [randn([2, 3, 11, 9]), randn([8, 3, 3, 3]), randn([8])],
      (x, w, b) => relu(conv2d(x, w, b, { padding: 1 })),
      1,
    ],
    [
      "a wide 3 × 3 convolution and relu",
      () => [randn([2, 32, 16, 16]), randn([32, 32, 3, 3]), randn([32])],
      (x, w, b) => relu(conv2d(x, w, b, { padding: 1 })),
      1,
    ],
    [
      "a chain over tiles",
      () => [randn([100, 333]), randn([100, 333]), randn([])],
      (x, y, s) => x.mul(y).tanh().add(s).sub(x).exp().mul(3).neg(),
      7,
    ],
    ["a chain across the making of a number", () => [randn([20000])], (x) => x.exp().mul(3), 2],
    [
      "a chain with writes in place",
      () => [randn([20000]), randn([20000])],
      (x, y) => {
        const z = x.mul(2);
        z.add_(y).mul_(x);
        return z.sigmoid();
      },
      4,
    ],
    [
      "views that overlap",
      () => [randn([20001])],
      (x) => {
        const z = x.mul(1.5);
        const early = z.slice({ end: 20000 });
        const late = z.slice({ start: 1 });
        return early.add(late).add(late.exp());
      },
      2,
    ],
    [
      "an element of what the chain makes",
      () => [randn([20000])],
      (x) => {
        const z = x.exp();
        return z.mul(z.slice({ start: 19999 }).reshape([])).tanh();
      },
      2,
    ],
    ["short maps, which stay as they are", () => [randn([100])], (x) => x.exp().neg().tanh(), 0],
  ])("%s", (_, make, fn, fused) => {
    expect(both(make, fn)).toEqual({ same: true, fused });
  });
});
