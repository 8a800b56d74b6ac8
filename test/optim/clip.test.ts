import { describe, expect, it } from "vitest";
import { memory, nn, noGrad, optim, tensor } from "../../src/index.ts";

function parameters(...grads: number[][]): nn.Parameter[] {
  return grads.map((grad) => {
    const p = new nn.Parameter(tensor(grad));
    p.grad = tensor(grad);
    return p;
  });
}

const dispose = (list: { dispose(): void }[]): void => {
  for (const t of list) t.dispose();
};

describe("clipGradNorm", () => {
  it.each([
    [2, 13],
    [1, 19],
    [Infinity, 12],
    [3, Math.cbrt(27 + 64 + 1728)],
  ])("of order %d scales all gradients by one factor", (normType, length) => {
    const params = parameters([3, -4], [0, 0], [12], []);
    const before = memory().live;
    const total = optim.clipGradNorm(params, 6.5, { normType });
    expect(total.item()).toBeCloseTo(length, 5);
    const scale = Math.min(1, 6.5 / length);
    expect(params[0]?.grad?.toArray()).toEqual([expect.closeTo(3 * scale, 5), expect.closeTo(-4 * scale, 5)]);
    expect(params[2]?.grad?.item()).toBeCloseTo(12 * scale, 5);
    total.dispose();
    expect(memory().live).toBe(before);
    dispose(params);
  });

  it("leaves short ones alone, and what has no gradient", () => {
    const params = parameters([3, 4]);
    const bare = new nn.Parameter(tensor([1]));
    const total = optim.clipGradNorm([...params, bare], 5.5);
    expect(total.item()).toBe(5);
    expect(params[0]?.grad?.toArray()).toEqual([3, 4]);
    const none = optim.clipGradNorm(bare, 1);
    expect(none.item()).toBe(0);
    dispose([...params, bare, total, none]);
  });

  it("refuses bad settings, and on request gradients that are not finite", () => {
    const params = parameters([1, NaN]);
    expect(() => optim.clipGradNorm(params, -1)).toThrow(/maxNorm.*got -1/);
    expect(() => optim.clipGradNorm(params, 1, { normType: 0 })).toThrow(/normType must be > 0, got 0/);
    expect(() => optim.clipGradNorm(params, 1, { errorIfNonfinite: true })).toThrow(/norm is NaN/);
    expect(params[0]?.grad?.toArray()).toEqual([1, NaN]);
    dispose(params);
  });
});

it("clipGradValue bounds each element", () => {
  const params = parameters([3, -4, 0.25], [-1]);
  optim.clipGradValue(params, 0.5);
  expect(params.map((p) => p.grad?.toArray())).toEqual([[0.5, -0.5, 0.25], [-0.5]]);
  expect(() => optim.clipGradValue(params, NaN)).toThrow(/clipValue.*got NaN/);
  dispose(params);
});

describe("ExponentialMovingAverage", () => {
  it("copies first, then moves by 1 − decay; null takes the mean", () => {
    const [p] = parameters([1, 2]) as [nn.Parameter];
    const before = memory().live;
    const moving = new optim.ExponentialMovingAverage([p], { decay: 0.75 });
    const mean = new optim.ExponentialMovingAverage([p], { decay: null });
    for (const value of [4, 8, 3]) {
      const t = tensor([value, -value]);
      noGrad(() => p.copy_(t));
      t.dispose();
      moving.update();
      mean.update();
    }
    expect(moving.averages[0]?.toArray()).toEqual([4.5, -4.5]);
    expect(mean.averages[0]?.data[0]).toBeCloseTo(5, 6);
    expect(moving.apply(() => p.toArray())).toEqual([4.5, -4.5]);
    expect(p.toArray()).toEqual([3, -3]);
    expect(() => moving.apply(() => moving.update())).toThrow(/averages are in the parameters/);
    expect(p.toArray()).toEqual([3, -3]);
    const next = new optim.ExponentialMovingAverage([p], { decay: 0.75 });
    next.loadStateDict(moving.stateDict());
    next.update();
    expect([next.count, next.averages[0]?.toArray()]).toEqual([4, [4.125, -4.125]]);
    next.copyToParameters();
    expect(p.toArray()).toEqual([4.125, -4.125]);
    dispose([moving, mean, next]);
    expect(memory().live).toBe(before);
    p.dispose();
  });

  it("puts the weights back after what awaits", async () => {
    const [p] = parameters([1]) as [nn.Parameter];
    const average = new optim.ExponentialMovingAverage([p]);
    const t = tensor([5]);
    noGrad(() => p.copy_(t));
    const seen = await average.apply(async () => {
      await Promise.resolve();
      return p.item();
    });
    expect([seen, p.item()]).toEqual([1, 5]);
    expect(() => new optim.ExponentialMovingAverage([p], { decay: 1 })).toThrow(/decay.*got 1/);
    expect(() => new optim.ExponentialMovingAverage([])).toThrow(/no parameters/);
    dispose([average, t, p]);
  });
});
