import { describe, expect, it } from "vitest";
import * as sg from "../../src/index.ts";
import { tensor, zeros, type Tensor } from "../../src/index.ts";

const row = (values: readonly number[]): Tensor => tensor([[[...values]]]);

describe("places of maxima", () => {
  it("come beside the maxima, as places in their plane", () => {
    const x = tensor(Float32Array.from([1, 5, 2, 3, 9, 4, 8, 7, 6, 0, 5, 9]), { shape: [1, 3, 4] });
    const [largest, places] = sg.maxPool2d(x, { kernelSize: [2, 2], returnIndices: true });
    expect(largest.toArray()).toEqual([[[9, 8]]]);
    expect(places.toArray()).toEqual([[[4, 6]]]);
    expect(places.dtype).toBe("i32");
    const [most, where] = sg.adaptiveMaxPool2d(x, { outputSize: [null, 1], returnIndices: true });
    expect(most.toArray()).toEqual([[[5], [9], [9]]]);
    expect(where.toArray()).toEqual([[[1], [4], [11]]]);
  });

  it("are one number in a row, and gradients still flow", () => {
    const x = row([1, 3, 2, 5, 4]);
    x.requiresGrad = true;
    const [largest, places] = sg.maxPool1d(x, { kernelSize: 2, returnIndices: true });
    expect(places.toArray()).toEqual([[[1, 3]]]);
    expect(places.requiresGrad).toBe(false);
    sg.sum(largest).backward();
    expect(x.grad?.toArray()).toEqual([[[0, 1, 0, 1, 0]]]);
    expect(sg.adaptiveMaxPool1d(row([1, 2, 0]), { outputSize: 2, returnIndices: true })[1].toArray()).toEqual(
      [[[1, 1]]],
    );
  });
});

describe("windows", () => {
  it("NaN wins, also over −∞", () => {
    const x = row([1, NaN, -Infinity, -Infinity, 3, 2]);
    expect(sg.maxPool1d(x, { kernelSize: 2 }).toArray()).toEqual([[[NaN, -Infinity, 3]]]);
  });

  it("a dilated window may lie in the padding as a whole: nothing wins, and no gradient leaves", () => {
    const x = tensor([[[1], [2]]], { requiresGrad: true });
    const [out, places] = sg.maxPool2d(x, {
      kernelSize: [2, 1],
      padding: [1, 0],
      dilation: [3, 1],
      returnIndices: true,
    });
    expect(out.toArray()).toEqual([[[-Infinity]]]);
    expect(places.toArray()).toEqual([[[-1]]]);
    const [first] = sg.grad(sg.sum(out), [x], { createGraph: true });
    expect(first?.toArray()).toEqual([[[0], [0]]]);
  });

  it("the last window of ceilMode starts inside the input or the padding before it", () => {
    // PyTorch: of 5 with stride 3 and padding 1, ⌈(5 + 2 − 2) / 3⌉ + 1 = 3 windows, the third from place 5: left out.
    const options = { kernelSize: 2, stride: 3, padding: 1, ceilMode: true };
    expect(sg.maxPool1d(row([1, 2, 3, 4, 5]), options).shape).toEqual([1, 1, 2]);
    expect(sg.maxPool1d(row([1, 2, 3, 4, 5, 6]), options).toArray()).toEqual([[[1, 4, 6]]]);
    // Of the last window the place behind the padding does not count.
    const narrow = { kernelSize: 3, stride: 2, ceilMode: true };
    expect(sg.avgPool1d(row([2, 4, 6, 8]), narrow).toArray()).toEqual([[[4, 7]]]);
    expect(sg.avgPool1d(row([2, 4, 6, 8]), { ...narrow, padding: 1 }).toArray()).toEqual([[[2, 6, 4]]]);
  });

  it("refuses a divisor that is no whole number", () => {
    const pool = (divisorOverride: number) => () =>
      sg.avgPool2d(zeros([1, 2, 2]), { kernelSize: 2, divisorOverride });
    expect(pool(0)).toThrow(/divisorOverride must be a whole number, not 0, got 0/);
    expect(pool(1.5)).toThrow(/got 1.5/);
    expect(sg.avgPool2d(zeros([1, 2, 2]).add(1), { kernelSize: 2, divisorOverride: -2 }).item()).toBe(-2);
  });
});

describe("running statistics", () => {
  const x = (): Tensor =>
    tensor(Float32Array.from([1, 2, 4, 7, 3, 3, 5, 5, 0, 1, 0, 1]), { shape: [2, 2, 3] });

  it("follow the unbiased variance over the batch", () => {
    const [runningMean, runningVar] = [zeros([2]), zeros([2]).add(1)];
    sg.batchNorm(x(), { runningMean, runningVar, training: true, momentum: 0.5 });
    // Channel 0 has 1 2 4 5 5 0, channel 1 has 7 3 3 1 0 1.
    const close = (t: Tensor, want: number[]): void => {
      for (const [i, v] of want.entries()) expect(t.data[i]).toBeCloseTo(v, 5);
    };
    close(runningMean, [17 / 12, 15 / 12]);
    close(runningVar, [0.5 + 0.5 * ((71 - 289 / 6) / 5), 0.5 + 0.5 * ((69 - 225 / 6) / 5)]);
  });

  it("of instances follow the mean over the samples, also behind strides", () => {
    // Columns of one tensor: each a view with gaps.
    const both = zeros([2, 2]).add(tensor([0, 1]));
    const [runningMean, runningVar] = [sg.select(both, 1, 0), sg.select(both, 1, 1)];
    sg.instanceNorm(x(), { runningMean, runningVar, momentum: 1 });
    const want = [
      [(7 / 3 + 10 / 3) / 2, (21 - 49 / 3 + (50 - 100 / 3)) / 4],
      [(13 / 3 + 2 / 3) / 2, (67 - 169 / 3 + (2 - 4 / 3)) / 4],
    ];
    for (const [i, pair] of want.entries())
      for (const [j, v] of pair.entries()) expect(both.data[i * 2 + j]).toBeCloseTo(v, 5);
    const strided = sg.batchNorm(x(), { runningMean, runningVar });
    const plain = sg.batchNorm(x(), {
      runningMean: sg.clone(runningMean),
      runningVar: sg.clone(runningVar),
    });
    expect(strided.toArray()).toEqual(plain.toArray());
  });

  it("learn nothing of an empty batch", () => {
    const [runningMean, runningVar] = [zeros([2]), zeros([2])];
    const weight = zeros([2]).add(1);
    weight.requiresGrad = true;
    const out = sg.batchNorm(zeros([0, 2, 3]), { weight, runningMean, runningVar, training: true });
    expect(out.shape).toEqual([0, 2, 3]);
    sg.sum(out).backward();
    expect(weight.grad?.toArray()).toEqual([0, 0]);
    expect(runningMean.toArray()).toEqual([0, 0]);
  });

  it("must be given both, in f32, and not freed", () => {
    expect(() => sg.batchNorm(x(), { runningMean: zeros([2]) })).toThrow(/give runningMean and runningVar/);
    const gone = zeros([2]);
    gone.dispose();
    expect(() => sg.batchNorm(x(), { runningMean: gone, runningVar: zeros([2]) })).toThrow(sg.DisposedError);
  });

  it("weight and bias come alone, too", () => {
    const options = { runningMean: zeros([2]), runningVar: zeros([2]).add(1), eps: 0 };
    const scaled = sg.batchNorm(x(), { ...options, weight: tensor([2, 3]) });
    expect(scaled.toArray()).toEqual(sg.mul(x(), tensor([[2], [3]])).toArray());
    const bias = tensor([1, 2], { requiresGrad: true });
    const shifted = sg.batchNorm(x(), { ...options, bias });
    expect(shifted.toArray()).toEqual(sg.add(x(), tensor([[1], [2]])).toArray());
    sg.sum(shifted).backward();
    expect(bias.grad?.toArray()).toEqual([6, 6]);
  });
});

describe("grids", () => {
  it("NaN counts as −1, infinity lies outside or at the edge", () => {
    const x = tensor([
      [
        [
          [1, 2],
          [3, 4],
        ],
      ],
    ]);
    const at = (gx: number, gy: number, paddingMode: "zeros" | "border" | "reflection"): number =>
      sg.gridSample(x, tensor([[[[gx, gy]]]]), { paddingMode, alignCorners: true }).item();
    expect(at(NaN, 1, "border")).toBe(3);
    expect(at(Infinity, -1, "border")).toBe(2);
    expect(at(Infinity, -1, "zeros")).toBe(0);
    expect([1, 2]).toContain(at(-Infinity, -1, "reflection"));
    expect(at(3e38, -3e38, "zeros")).toBe(0);
  });

  it("bicubic: NaN counts as −1, what is far away is outside or the edge", () => {
    const x = tensor([[[[1, 2], [3, 4]]]]); // prettier-ignore
    const at = (gx: number, gy: number, paddingMode: "zeros" | "border"): number =>
      sg.gridSample(x, tensor([[[[gx, gy]]]]), { mode: "bicubic", paddingMode, alignCorners: true }).item();
    expect(at(NaN, 1, "border")).toBe(3);
    expect(at(Infinity, -1, "border")).toBe(2);
    expect(at(-3e38, 1, "border")).toBe(3);
    expect(at(-Infinity, 3e38, "zeros")).toBe(0);
  });

  it("bicubic passes through the pixels and overshoots between them", () => {
    const x = tensor([[[[0, 0, 1, 1]]]]);
    const places = tensor([[[-1, -1 / 3, -2 / 3, 1 / 3, 1].map((gx) => [gx, 0])]]);
    const out = sg.gridSample(x, places, { mode: "bicubic", paddingMode: "border", alignCorners: true });
    const expected = [0, 0, -0.09375, 1, 1];
    for (const [i, v] of expected.entries()) expect(out.data[i]).toBeCloseTo(v, 6);
  });

  it("nearest gives the grid a gradient of 0", () => {
    const grid = zeros([1, 1, 1, 2]);
    grid.requiresGrad = true;
    sg.sum(sg.gridSample(zeros([1, 1, 2, 2]).add(1), grid, { mode: "nearest" })).backward();
    expect(grid.grad?.toArray()).toEqual([[[[0, 0]]]]);
  });

  it("a place on an edge gets no gradient where padding clips", () => {
    const grid = tensor([[[[1, 0.2]]]], { requiresGrad: true });
    const x = tensor([
      [
        [
          [1, 2],
          [4, 8],
        ],
      ],
    ]);
    sg.sum(sg.gridSample(x, grid, { paddingMode: "border", alignCorners: true })).backward();
    expect(grid.grad?.data[0]).toBeCloseTo(0, 9);
    expect(grid.grad?.data[1]).toBeCloseTo(3, 5);
  });
});
