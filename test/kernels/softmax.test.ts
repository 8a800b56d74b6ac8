import { describe, expect, test } from "vitest";
import { columnsOf, expectClose, Kernels, noise, variants } from "./buffers.ts";

const SHAPES = [
  ...[1, 3, 4, 5, 15, 16, 17, 1000].flatMap((n) => [
    [3, n, 1],
    [2, n, 5],
    [2, 3, n],
    [n, 3, 1],
  ]),
  [2, 5, 0],
  [0, 5, 1],
] as [number, number, number][];

const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0);
const logSumExp = (x: number[]): number => {
  const m = Math.max(...x);
  return Math.abs(m) === Infinity ? m : m + Math.log(sum(x.map((value) => Math.exp(value - m))));
};
const logSoftmax = (x: number[]): number[] => {
  const m = Math.max(...x); // NaN where it is infinite, as in PyTorch
  const rest = Math.log(sum(x.map((value) => Math.exp(value - m))));
  return x.map((value) => value - m - rest);
};
const softmax = (x: number[]): number[] => logSoftmax(x).map(Math.exp);
const RULES = { softmax_f32: softmax, logSoftmax_f32: logSoftmax };

const gradOfSoftmax = (g: number[], y: number[]): number[] => {
  const dot = sum(g.map((value, i) => value * (y[i] as number)));
  return g.map((value, i) => (y[i] as number) * (value - dot));
};
const gradOfLogSoftmax = (g: number[], y: number[]): number[] => {
  const total = sum(g);
  return g.map((value, i) => value - Math.exp(y[i] as number) * total);
};
const GRADS = {
  softmaxGrad_f32: [softmax, gradOfSoftmax],
  logSoftmaxGrad_f32: [logSoftmax, gradOfLogSoftmax],
} as const;

describe.each(variants)("softmax, %s", (variant) => {
  const kernels = new Kernels(variant);

  test.each(Object.entries(RULES))("%s", (name, rule) => {
    for (const [outer, n, inner] of SHAPES) {
      kernels.reset();
      const x = kernels.input("f32", noise(outer * n * inner, n, 9));
      const out = kernels.output("f32", x.count);
      expect(kernels.run(name, out, x, outer, n, inner)).toBe(0);
      const expected = columnsOf(x.data, outer, n, inner).flatMap(rule);
      expectClose(columnsOf(out.data, outer, n, inner).flat(), expected, {
        absolute: 2e-7,
        what: `[${outer}, ${n}, ${inner}]`,
      });
    }
  });

  test("logsumexp_f32", () => {
    for (const [outer, n, inner] of [...SHAPES, [2, 0, 3], [2, 0, 1]] as const) {
      kernels.reset();
      const x = kernels.input("f32", noise(outer * n * inner, n, 9));
      const out = kernels.output("f32", outer * inner);
      kernels.run("logsumexp_f32", out, x, outer, n, inner);
      expectClose(out.data, columnsOf(x.data, outer, n, inner).map(logSumExp));
    }
  });

  test.each(Object.entries(GRADS))("%s", (name, [forward, rule]) => {
    for (const [outer, n, inner] of SHAPES) {
      kernels.reset();
      const y = kernels.input("f32", noise(outer * n * inner, n, 3));
      // The columns' values, put back where they came from.
      const results = columnsOf(y.data, outer, n, inner).map(forward);
      const put = y.data.map((_, at) => {
        const o = Math.floor(at / (n * inner));
        return results[o * inner + (at % inner)]?.[Math.floor(at / inner) % n] as number;
      });
      y.set(put);
      const g = kernels.input("f32", noise(y.count, 5));
      const dx = kernels.output("f32", y.count);
      kernels.run(name, dx, g, y, outer, n, inner);
      const [gs, ys] = [columnsOf(g.data, outer, n, inner), columnsOf(y.data, outer, n, inner)];
      const expected = gs.flatMap((group, i) => rule(group, ys[i] as number[]));
      expectClose(columnsOf(dx.data, outer, n, inner).flat(), expected, {
        absolute: 5e-7,
        what: `[${outer}, ${n}, ${inner}]`,
      });
    }
  });

  test.each([1, 4])("extreme values, inner = %i", (inner) => {
    const groups = [
      [1000, 1000, -1000, 999],
      [-1e38, 1e38, 0, 0],
      [-Infinity, 0, 1, -Infinity],
      [-Infinity, -Infinity, -Infinity, -Infinity],
      [Infinity, 0, 1, 2],
      [NaN, 0, 1, 2],
    ];
    for (const group of groups) {
      kernels.reset();
      const x = kernels.input(
        "f32",
        group.flatMap((value) => Array<number>(inner).fill(value)),
      );
      const out = kernels.output("f32", x.count);
      const sums = kernels.output("f32", inner);
      for (const [name, rule] of Object.entries(RULES)) {
        kernels.run(name, out, x, 1, 4, inner);
        expectClose(columnsOf(out.data, 1, 4, inner)[0] as number[], rule(group), {
          what: `${name} ${group.join()}`,
        });
      }
      kernels.run("logsumexp_f32", sums, x, 1, 4, inner);
      expectClose(sums.data, Array<number>(inner).fill(logSumExp(group)), { what: String(group) });
    }
  });
});
