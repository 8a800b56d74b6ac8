import { describe, expect, test } from "vitest";
import { Kernels, noise, variants, type Buffer } from "./buffers.ts";

const SIZES = [0, 1, 3, 4, 5, 15, 16, 17, 63, 64, 65, 1000];

/** Philox 4×32-10 by its definition, on BigInt. */
function philox(key: readonly bigint[], counter: readonly bigint[]): number[] {
  let [k0, k1] = key as [bigint, bigint];
  let [c0, c1, c2, c3] = counter as [bigint, bigint, bigint, bigint];
  for (let round = 0; round < 10; round++) {
    const [p0, p1] = [0xd2511f53n * c0, 0xcd9e8d57n * c2];
    [c0, c1, c2, c3] = [(p1 >> 32n) ^ c1 ^ k0, p1 & 0xffffffffn, (p0 >> 32n) ^ c3 ^ k1, p0 & 0xffffffffn];
    k0 = (k0 + 0x9e3779b9n) & 0xffffffffn;
    k1 = (k1 + 0xbb67ae85n) & 0xffffffffn;
  }
  return [c0, c1, c2, c3].map(Number);
}

const moments = (values: readonly number[]): { mean: number; variance: number; kurtosis: number } => {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length;
  const fourth = values.reduce((sum, x) => sum + (x - mean) ** 4, 0) / values.length;
  return { mean, variance, kurtosis: fourth / variance ** 2 };
};

test("the reference is Philox: a known answer of Random123", () => {
  expect(philox([0n, 0n], [0n, 0n, 0n, 0n])).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
});

describe.each(variants)("random numbers, %s", (variant) => {
  const kernels = new Kernels(variant);
  const state = (...words: number[]): Buffer => kernels.input("i32", words);
  /** The first `count` words of a stream, from the bits of randint over all of i32's range. */
  function words(count: number, ...seed: number[]): number[] {
    const out = kernels.output("i32", count);
    // hi − lo wraps to 0, which stands for 2^32.
    kernels.run("randint_i32", out, count, 0, 0, state(...seed));
    return out.data.map((word) => word >>> 0);
  }

  test("known answers of Random123", () => {
    kernels.reset();
    expect(words(4, 0, 0, 0, 0)).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
  });

  test("blocks follow the 64-bit counter, also across its words", () => {
    kernels.reset();
    const seed = [0x12345678, 0x9abcdef0, 0xfffffffe, 0x00000007];
    const expected = Array.from({ length: 5 }, (_, block) => {
      const counter = ((7n << 32n) | 0xfffffffen) + BigInt(block);
      return philox([0x12345678n, 0x9abcdef0n], [counter & 0xffffffffn, counter >> 32n, 0n, 0n]);
    }).flat();
    expect(words(18, ...seed)).toEqual(expected.slice(0, 18));
    // Kernels that do two blocks at a time draw the same words.
    const uniform = kernels.output("f32", 18);
    kernels.run("uniform_f32", uniform, 18, 0, 1, state(...seed));
    expect(uniform.data).toEqual(expected.slice(0, 18).map((word) => (word >>> 8) / 2 ** 24));
  });

  test("philoxAdvance carries", () => {
    kernels.reset();
    const buffer = kernels.output("i32", [1, 2, -3, 9]);
    expect(kernels.run("philoxAdvance", buffer, 5)).toBe(0);
    expect(buffer.data).toEqual([1, 2, 2, 10]);
  });

  test.each(SIZES)("of %i: the beginning of a longer stream", (n) => {
    kernels.reset();
    const seed = state(7, 8, 9, 0);
    const x = kernels.input("f32", noise(1000, 3));
    const run = (count: number): number[][] => {
      const f = [0, 1, 2].map(() => kernels.output("f32", count)) as [Buffer, Buffer, Buffer];
      const b = [0, 1].map(() => kernels.output("u8", count)) as [Buffer, Buffer];
      const i = kernels.output("i32", count);
      kernels.run("uniform_f32", f[0], count, -1, 3, seed);
      kernels.run("normal_f32", f[1], count, 1, 2, seed);
      kernels.run("bernoulli_8", b[0], count, 0.3, seed);
      kernels.run("dropout_f32", f[2], b[1], x, count, 0.4, seed);
      kernels.run("randint_i32", i, count, -5, 5, seed);
      return [...f, ...b, i].map((buffer) => buffer.data.slice(0, n));
    };
    expect(run(n)).toEqual(run(1000));
  });

  test("moments", () => {
    kernels.reset();
    const n = 200_000;
    const out = kernels.output("f32", n);
    const seed = state(1, 0, 0, 0);
    kernels.run("uniform_f32", out, n, -1, 3, seed);
    const uniform = moments(out.data);
    expect(Math.abs(uniform.mean - 1)).toBeLessThan(0.015);
    expect(Math.abs(uniform.variance - 16 / 12)).toBeLessThan(0.015);
    expect(Math.min(...out.data.slice(0, 50_000))).toBeGreaterThanOrEqual(-1);
    expect(Math.max(...out.data.slice(0, 50_000))).toBeLessThan(3);
    kernels.run("normal_f32", out, n, 1, 2, seed);
    const normal = moments(out.data);
    expect(Math.abs(normal.mean - 1)).toBeLessThan(0.025);
    expect(Math.abs(normal.variance - 4)).toBeLessThan(0.06);
    expect(Math.abs(normal.kurtosis - 3)).toBeLessThan(0.06);
    // Neighbours, which share a radius, do not go together.
    const values = out.data.map((value) => (value - 1) / 2);
    const together = values.reduce((sum, value, i) => sum + value * (values[i ^ 1] as number), 0) / n;
    expect(Math.abs(together)).toBeLessThan(0.012);
  });

  test("normal is Box and Muller's rule", () => {
    kernels.reset();
    const [n, seed] = [64, [3, 1, 4, 1]] as const;
    const out = kernels.output("f32", n);
    kernels.run("normal_f32", out, n, 0, 1, state(...seed));
    const bits = words(n, ...seed);
    out.data.forEach((is, i) => {
      const [u, v] = [(bits[i & ~1] as number) / 2 ** 32 + 2 ** -33, (bits[i | 1] as number) / 2 ** 32];
      const angle = 2 * Math.PI * v;
      const should = Math.sqrt(-2 * Math.log(u)) * (i % 2 === 0 ? Math.cos(angle) : Math.sin(angle));
      expect(Math.abs(is - should)).toBeLessThan(2e-6);
    });
  });

  test.each([0, 0.25, 0.5, 1])("bernoulli and dropout, p = %d", (p) => {
    kernels.reset();
    const n = 20_000;
    const seed = state(5, 6, 7, 8);
    const [hits, mask] = [kernels.output("u8", n), kernels.output("u8", n)];
    const [y, dx] = [kernels.output("f32", n), kernels.output("f32", n)];
    const x = kernels.input("f32", noise(n, 1));
    kernels.run("bernoulli_8", hits, n, p, seed);
    kernels.run("dropout_f32", y, mask, x, n, p, seed);
    const drop = kernels.input("u8", mask.data);
    kernels.run("dropoutGrad_f32", dx, x, drop, n, p);
    const share = hits.data.reduce((a, b) => a + b, 0) / n;
    expect(Math.abs(share - p)).toBeLessThan(p % 1 === 0 ? 1e-9 : 0.015);
    expect(mask.data).toEqual(hits.data.map((hit) => 1 - hit));
    const scale = Math.fround(1 / (1 - p));
    const kept = mask.data;
    expect(y.data).toEqual(x.data.map((value, i) => (kept[i] === 1 ? Math.fround(value * scale) : 0)));
    expect(dx.data).toEqual(y.data);
    // In place.
    const both = kernels.output("f32", x.data);
    kernels.run("dropout_f32", both, mask, both, n, p, seed);
    expect(both.data).toEqual(y.data);
  });

  test("randint covers its range evenly and draws anew without bias", () => {
    kernels.reset();
    const n = 70_000;
    const out = kernels.output("i32", n);
    kernels.run("randint_i32", out, n, -3, 4, state(1, 2, 3, 4));
    const counts = new Map<number, number>();
    for (const value of out.data) counts.set(value, (counts.get(value) ?? 0) + 1);
    expect([...counts.keys()].sort((a, b) => a - b)).toEqual([-3, -2, -1, 0, 1, 2, 3]);
    for (const count of counts.values()) expect(Math.abs(count - 10_000)).toBeLessThan(500);
    // 3·2^30: a quarter of all words is one too many. Without redraws a third of the values would be twice as likely.
    kernels.run("randint_i32", out, n, -(2 ** 31), 2 ** 30, state(1, 2, 3, 4));
    const thirds = [0, 0, 0];
    const low = [0, 0, 0];
    for (const value of out.data) {
      const offset = value + 2 ** 31;
      const third = Math.floor(offset / 2 ** 30);
      thirds[third] = (thirds[third] as number) + 1;
      low[offset % 3] = (low[offset % 3] as number) + 1;
    }
    for (const count of [...thirds, ...low]) expect(Math.abs(count - n / 3)).toBeLessThan(700);
  });

  test.each([0, 1, 2, 3, 4, 5, 17, 1000, 60_000])("a permutation of %i", (n) => {
    kernels.reset();
    const out = kernels.output("i32", n);
    kernels.run("permutation_i32", out, n, state(n, 1, 0, 0));
    expect(out.data.sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
  });

  test("all permutations of 4 are as likely", () => {
    const counts = new Map<string, number>();
    for (let seed = 0; seed < 4800; seed++) {
      kernels.reset();
      const out = kernels.output("i32", 4);
      kernels.run("permutation_i32", out, 4, state(seed, 0, 0, 0));
      counts.set(out.data.join(), (counts.get(out.data.join()) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - 200) ** 2 / 200, 0);
    expect(chiSquare).toBeLessThan(50); // 23 degrees of freedom: 0.1 % are above 49.7
  });
});
