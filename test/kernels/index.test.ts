import { describe, expect, test } from "vitest";
import { Kernels, noise, variants, type Buffer } from "./buffers.ts";

const SIZES = [0, 1, 3, 4, 5, 15, 16, 17, 300];

/** [outer, size, inner, count]: `count` of `size` along the middle. */
const SHAPES = [
  [1, 10, 1, 7],
  [1, 10, 16, 40],
  [1, 100, 200, 33],
  [3, 5, 4, 9],
  [4, 1, 17, 3],
  [2, 6, 5, 0],
  [0, 6, 5, 2],
  [5, 3, 1, 4],
  [200, 4, 3, 5],
] as const;

/** Indices −size … size − 1. */
const indices = (count: number, size: number, seed: number): Int32Array =>
  Int32Array.from(noise(count, seed), (x) => Math.floor(x * size));
const wrap = (index: number, size: number): number => (index + size) % size;

describe.each(variants)("indexing, %s", (variant) => {
  const kernels = new Kernels(variant);

  test.each(SIZES)("offsets of %i indices, set and added", (n) => {
    kernels.reset();
    const index = indices(n, 7, 3);
    const [x, out] = [kernels.input("i32", index), kernels.output("i32", n)];
    expect(kernels.run("offsets_i32", out, x, n, 7, -5, 0)).toBe(0);
    const once = Array.from(index, (i) => wrap(i, 7) * -5);
    expect(out.data).toEqual(once.map((v) => v + 0));
    const sum = kernels.output("i32", once);
    expect(kernels.run("offsets_i32", sum, x, n, 7, 100, 1)).toBe(0);
    expect(sum.data).toEqual(once.map((v, i) => v + wrap(index[i] as number, 7) * 100));
  });

  test("a bad index is a code, and nothing is written", () => {
    for (const n of [1, 4, 9]) {
      for (const bad of [4, -5, 2 ** 31 - 1, -(2 ** 31)]) {
        for (let at = 0; at < n; at++) {
          kernels.reset();
          const index = kernels.input(
            "i32",
            Array.from({ length: n }, (_, i) => (i === at ? bad : i % 4)),
          );
          const out = kernels.input("i32", new Int32Array(n)); // an input: must stay
          expect(kernels.run("offsets_i32", out, index, n, 4, 1, 0)).toBe(at + 1);
          expect(kernels.run("oneHot_f32", out, index, n, 4)).toBe(at + 1);
        }
      }
    }
  });

  test.each(SHAPES)("gather of [%i, %i, %i] by %i", (outer, size, inner, count) => {
    for (const [kind, suffix] of [
      ["f32", "32"],
      ["u8", "8"],
    ] as const) {
      kernels.reset();
      const x = Array.from(noise(outer * size * inner, 1, 100), (v) => Math.abs(Math.trunc(v)));
      const [row, full] = [indices(count, size, 3), indices(outer * count * inner, size, 4)];
      const xIn = kernels.input(kind, x);
      const offsets = (index: Int32Array): Buffer =>
        kernels.input(
          "i32",
          index.map((i) => wrap(i, size) * inner),
        );
      const [rowIn, fullIn] = [offsets(row), offsets(full)];
      const byRow = kernels.output(kind, outer * count * inner);
      const byElement = kernels.output(kind, outer * count * inner);
      const layout = [3, outer, count, inner, size * inner, 0, 1];
      const perRow = kernels.input("i32", [...layout, 0, 1, 0]);
      const perElement = kernels.input("i32", [...layout, count * inner, inner, 1]);
      const want = [row, full].map((index, k) =>
        Array.from({ length: outer * count * inner }, (_, at) => {
          const [o, c, i] = [Math.floor(at / count / inner), Math.floor(at / inner) % count, at % inner];
          return x[(o * size + wrap(index[k === 0 ? c : at] as number, size)) * inner + i];
        }),
      );
      expect(kernels.run(`gather_${suffix}`, byRow, xIn, rowIn, perRow)).toBe(0);
      expect(kernels.run(`gather_${suffix}`, byElement, xIn, fullIn, perElement)).toBe(0);
      expect([byRow.data, byElement.data]).toEqual(want);
    }
  });

  const MODES: readonly ((a: number, b: number) => number)[] = [
    (_, b) => b,
    (a, b) => a + b,
    (a, b) => a * b,
    Math.max,
    Math.min,
  ];
  const MODE_CASES = [
    ["f32", "f32", [0, 1, 2, 3, 4]],
    ["i32", "i32", [0, 1, 2, 3, 4]],
    ["u8", "8", [0]],
  ] as const;

  test.each(SHAPES)("scatter to [%i, %i, %i] by %i", (outer, size, inner, count) => {
    for (const [kind, suffix, modes] of MODE_CASES) {
      for (const mode of modes) {
        for (const whole of [false, true]) {
          kernels.reset();
          const round = kind === "f32" ? Math.fround : (v: number): number => v | 0;
          const make = (n: number, seed: number): number[] =>
            Array.from(noise(n, seed, 90), (v) => (kind === "f32" ? v : Math.abs(Math.trunc(v))));
          const x = make(outer * size * inner, 1);
          const src = make(outer * count * inner, 2);
          const index = indices(whole ? src.length : count, size, 5);
          const out = kernels.output(kind, x);
          const offsets = kernels.input(
            "i32",
            index.map((i) => wrap(i, size) * inner),
          );
          const dims = kernels.input("i32", [
            ...[3, outer, count, inner, size * inner, 0, 1, count * inner, inner, 1],
            ...(whole ? [count * inner, inner, 1] : [0, 1, 0]),
          ]);
          const args = [out, kernels.input(kind, src), offsets, ...(suffix === "8" ? [] : [mode]), dims];
          expect(kernels.run(`scatter_${suffix}`, ...args)).toBe(0);
          const want = [...x];
          const combine = MODES[mode] as (a: number, b: number) => number;
          src.forEach((value, at) => {
            const [o, c, i] = [Math.floor(at / count / inner), Math.floor(at / inner) % count, at % inner];
            const place = (o * size + wrap(index[whole ? at : c] as number, size)) * inner + i;
            want[place] = round(combine(want[place] as number, value));
          });
          expect(out.data).toEqual(want);
        }
      }
    }
  });

  test("scatter along the only dimension, from one value", () => {
    kernels.reset();
    const out = kernels.output("f32", [1, 2, 3, 4]);
    const dims = kernels.input("i32", [1, 3, 0, 0, 1]);
    kernels.run("scatter_f32", out, kernels.input("f32", [10]), kernels.input("i32", [3, 0, 3]), 1, dims);
    expect(out.data).toEqual([11, 2, 3, 24]);
  });

  test.each(SIZES)("nonzero of %i bytes, and their indices", (n) => {
    for (const share of [-2, 0, 0.9, 2]) {
      kernels.reset();
      const mask = Array.from(noise(n, 3), (v) => (v < share ? 1 : 0));
      const positions = mask.flatMap((bit, i) => (bit ? [i] : []));
      const out = kernels.output("i32", positions.length);
      expect(kernels.run("nonzero_i32", out, kernels.input("u8", mask), n)).toBe(0);
      expect(out.data).toEqual(positions);
      const where = kernels.output("i32", positions.length * 3);
      const dims = kernels.input("i32", [3, 5, 4, 16]);
      kernels.run("unravel_i32", where, kernels.input("i32", positions), positions.length, dims);
      expect(where.data).toEqual(positions.flatMap((p) => [Math.floor(p / 64), (p >> 4) & 3, p & 15]));
    }
  });

  test.each(SIZES)("oneHot of %i", (n) => {
    kernels.reset();
    const index = Array.from({ length: n }, (_, i) => (i * 3) % 5);
    const out = kernels.output("f32", n * 5);
    expect(kernels.run("oneHot_f32", out, kernels.input("i32", index), n, 5)).toBe(0);
    expect(out.data).toEqual(index.flatMap((c) => [0, 1, 2, 3, 4].map((k) => Number(k === c))));
  });
});
