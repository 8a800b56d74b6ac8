import { describe, expect, test } from "vitest";
import { Kernels, noise, variants } from "./buffers.ts";

const SIZES = [
  [0, 3, 5],
  [3, 0, 5],
  [3, 5, 0],
  [1, 1, 1],
  [1, 9, 8],
  [4, 8, 7],
  [5, 15, 9],
  [15, 5, 16],
  [16, 17, 31],
  [3, 70, 33],
  [70, 3, 40],
  [131, 9, 100],
  [65, 24, 130],
] as const;

/** Whole numbers from least to most, both ends often. */
const integers = (count: number, seed: number, least: number, most: number): number[] =>
  Array.from(noise(count, seed, 1.2), (v) =>
    Math.max(least, Math.min(most, Math.round(((v + 1) / 2) * (most - least)) + least)),
  );

describe.each(variants)("products of bytes (%s)", (variant) => {
  const kernels = new Kernels(variant);

  test.each([
    ["with a sign", 1, -128, 127, 0],
    ["with a sign and a zero point", 1, -128, 127, -37],
    ["without a sign", 0, 0, 255, 0],
    ["without a sign, with a zero point", 0, 0, 255, 200],
  ] as const)("%s", (_, signed, least, most, zero) => {
    for (const [m, n, k] of SIZES) {
      for (const gap of [0, 3]) {
        kernels.reset();
        const x = integers(m * (k + gap), 1, least, most);
        const y = integers(n * (k + gap), 2, -128, 127);
        const [A, B] = [kernels.input("u8", x), kernels.input("u8", y)];
        const [scale, bias] = [noise(n, 3), noise(n, 4)];
        const [S, T] = [kernels.input("f32", scale), kernels.input("f32", bias)];
        const [whole, scaled, shifted] = [
          kernels.output("i32", m * n),
          kernels.output("f32", m * n),
          kernels.output("f32", m * n),
        ];
        const workspace = kernels.workspace("gemm_i8", m, k);
        const layout = [m, n, k, k + gap, k + gap, signed, zero, workspace] as const;
        expect(kernels.run("gemm_i8", whole, A, B, 0, 0, ...layout)).toBe(0);
        kernels.run("gemm_i8", scaled, A, B, S, 0, ...layout);
        kernels.run("gemm_i8", shifted, A, B, S, T, ...layout);
        const sums = Array.from({ length: m * n }, (__, at) => {
          let sum = 0;
          for (let p = 0; p < k; p++) {
            const left = (x[Math.floor(at / n) * (k + gap) + p] as number) - zero;
            sum += left * (y[(at % n) * (k + gap) + p] as number);
          }
          return sum;
        });
        const what = `${m} × ${n} × ${k}`;
        expect(whole.data, what).toEqual(sums);
        const products = sums.map((sum, at) => Math.fround(Math.fround(sum) * (scale[at % n] as number)));
        expect(scaled.data, what).toEqual(products.map((v) => v + 0));
        expect(shifted.data, what).toEqual(
          products.map((v, at) => Math.fround(v + (bias[at % n] as number))),
        );
      }
    }
  });

  test("the largest sums of 65,000 terms", () => {
    kernels.reset();
    const k = 65_000;
    const A = kernels.input("u8", Array<number>(k).fill(255));
    const B = kernels.input("u8", Array<number>(k).fill(-128));
    const C = kernels.output("i32", 1);
    kernels.run("gemm_i8", C, A, B, 0, 0, 1, 1, k, k, k, 0, 0, kernels.workspace("gemm_i8", 1, k));
    expect(C.data).toEqual([-255 * 128 * k]);
  });
});
