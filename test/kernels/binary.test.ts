import { describe, expect, test } from "vitest";
import { Kernels, noise, variants, type KindName } from "./buffers.ts";
import { everywhere, expectUlp, SPECIAL } from "./special.ts";

interface Rule {
  readonly f: (a: number, b: number) => number;
  readonly ulp?: number;
}

const F = Math.fround;
/** C's pow: 1 to any power is 1. */
const pow = (a: number, b: number): number =>
  a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b;
const fmod = (a: number, b: number): number => a % b;
const differ = (rest: number, b: number): boolean => rest !== 0 && rest < 0 !== b < 0;
const remainder = (a: number, b: number): number => {
  const rest = a % b;
  return differ(rest, b) ? rest + b : rest;
};
/** Python's rule in f32, step by step. */
const floorDivide = (a: number, b: number): number => {
  if (b === 0) return a / b;
  const rest = F(a % b);
  let quotient = F(F(a - rest) / b);
  if (differ(rest, b)) quotient = F(quotient - 1);
  if (quotient === 0) return Math.sign(a / b) < 0 || Object.is(a / b, -0) ? -0 : 0;
  const floor = Math.floor(quotient);
  return floor + Number(F(quotient - floor) > 0.5);
};

const FLOAT: Record<string, Rule> = {
  add_f32: { f: (a, b) => a + b },
  sub_f32: { f: (a, b) => a - b },
  mul_f32: { f: (a, b) => a * b },
  div_f32: { f: (a, b) => a / b },
  maximum_f32: { f: Math.max },
  minimum_f32: { f: Math.min },
  pow_f32: { f: pow, ulp: 0.6 },
  atan2_f32: { f: Math.atan2, ulp: 3.2 },
  hypot_f32: { f: Math.hypot, ulp: 0.51 },
  fmod_f32: { f: fmod },
  remainder_f32: { f: remainder, ulp: 0.51 },
  floorDivide_f32: { f: floorDivide },
};
const INTEGER: Record<string, Rule> = {
  add_i32: { f: (a, b) => (a + b) | 0 },
  sub_i32: { f: (a, b) => (a - b) | 0 },
  mul_i32: { f: Math.imul },
  maximum_i32: { f: Math.max },
  minimum_i32: { f: Math.min },
};
const DIVISION: Record<string, Rule> = {
  floorDivide_i32: { f: (a, b) => Math.floor(a / b) | 0 },
  remainder_i32: { f: (a, b) => remainder(a, b) + 0 },
  fmod_i32: { f: (a, b) => (a % b) + 0 },
};
const COMPARISONS: Record<string, (a: number, b: number) => boolean> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
  gt: (a, b) => a > b,
  ge: (a, b) => a >= b,
};
const TRUTH: Record<string, (a: number, b: number) => number> = {
  eq_bool: (a, b) => Number(a === b),
  ne_bool: (a, b) => Number(a !== b),
  logicalAnd_bool: (a, b) => a & b,
  logicalOr_bool: (a, b) => a | b,
  logicalXor_bool: (a, b) => a ^ b,
};

/** A shape, and of each operand the strides, the first element and the number of elements. */
interface Layout {
  readonly label: string;
  readonly shape: readonly number[];
  readonly a: readonly [strides: readonly number[], start: number, count: number];
  readonly b: readonly [strides: readonly number[], start: number, count: number];
}
const flat = (n: number): Layout => ({ label: `[${String(n)}]`, shape: [n], a: [[1], 0, n], b: [[1], 0, n] });
const LAYOUTS: readonly Layout[] = [
  ...[0, 1, 3, 4, 5, 15, 16, 17, 1000].map(flat),
  ...[1, 5, 17, 100].map((n) => ({
    ...flat(n),
    label: `[${String(n)}] and a scalar`,
    b: [[0], 0, 1] as const,
  })),
  ...[1, 5, 17, 100].map((n) => ({
    ...flat(n),
    label: `a scalar and [${String(n)}]`,
    a: [[0], 0, 1] as const,
  })),
  { label: "a row", shape: [7, 19], a: [[19, 1], 0, 133], b: [[0, 1], 0, 19] },
  { label: "a column", shape: [7, 19], a: [[19, 1], 0, 133], b: [[1, 0], 0, 7] },
  { label: "column and row", shape: [7, 19], a: [[1, 0], 0, 7], b: [[0, 1], 0, 19] },
  { label: "two scalars", shape: [3, 5], a: [[0, 0], 0, 1], b: [[0, 0], 0, 1] },
  { label: "transposed", shape: [7, 19], a: [[1, 7], 0, 133], b: [[19, 1], 0, 133] },
  { label: "both transposed", shape: [7, 19], a: [[1, 7], 0, 133], b: [[1, 7], 0, 133] },
  { label: "reversed", shape: [7, 19], a: [[-19, -1], 132, 133], b: [[19, -1], 18, 133] },
  { label: "channels", shape: [3, 4, 11], a: [[44, 11, 1], 0, 132], b: [[0, 1, 0], 0, 4] },
  { label: "rank 4", shape: [2, 3, 4, 5], a: [[60, 20, 5, 1], 0, 120], b: [[0, 5, 0, 1], 0, 15] },
  {
    label: "rank 5, mixed",
    shape: [2, 3, 2, 3, 5],
    a: [[1, 2, 6, 12, 36], 0, 180],
    b: [[90, 0, -15, 5, 1], 15, 180],
  },
  { label: "nothing", shape: [3, 0, 4], a: [[0, 4, 1], 0, 0], b: [[0, 4, 1], 0, 0] },
];

/** Offsets of an operand's elements, row-major. */
function offsets(shape: readonly number[], strides: readonly number[], start: number): number[] {
  return shape.reduce<number[]>(
    (at, size, d) =>
      at.flatMap((from) => Array.from({ length: size }, (_, i) => from + i * (strides[d] as number))),
    [start],
  );
}

const BYTES: Record<KindName, number> = { f32: 4, f64: 8, i32: 4, u16: 2, u8: 1 };
const ints = (count: number, seed: number): Int32Array => Int32Array.from(noise(count, seed, 9));
const truths = (count: number, seed: number): Uint8Array =>
  Uint8Array.from(noise(count, seed), (x) => Number(x > 0));
const make = { f32: (n: number, seed: number) => noise(n, seed, 5), i32: ints, u8: truths };

describe.each(variants)("maps of two operands, %s", (variant) => {
  const kernels = new Kernels(variant);

  function checkLayout(
    name: string,
    { shape, a: [aStrides, aStart, aCount], b: [bStrides, bStart, bCount] }: Layout,
    [from, to]: readonly ["f32" | "i32" | "u8", KindName],
    { f, ulp = 0.5 }: Rule,
    nonZero = false,
  ): void {
    kernels.reset();
    const a = kernels.input(from, make[from](aCount, 3));
    const values = Array.from(make[from](bCount, 4));
    const b = kernels.input(from, nonZero ? values.map((value) => value || 3) : values);
    const dims = kernels.input("i32", [shape.length, ...shape, ...aStrides, ...bStrides]);
    const [left, right] = [offsets(shape, aStrides, aStart), offsets(shape, bStrides, bStart)];
    const out = kernels.output(to, left.length);
    const [first, second] = [a.ptr + aStart * BYTES[from], b.ptr + bStart * BYTES[from]];
    expect(kernels.run(name, out, first, second, dims)).toBe(0);
    const [x, y] = [a.data, b.data];
    const pair = (i: number): [number, number] => [
      x[left[i] as number] as number,
      y[right[i] as number] as number,
    ];
    expectUlp(
      out.data,
      (i) => f(...pair(i)),
      ulp,
      (i) => pair(i).join(", "),
    );
  }

  describe.each(Object.entries(FLOAT))("%s", (name, rule) => {
    test.each(LAYOUTS)("$label", (layout) => checkLayout(name, layout, ["f32", "f32"], rule));

    test("over the whole range", () => {
      kernels.reset();
      const count = 1 << 13;
      const left = everywhere(count);
      const right = everywhere(count).reverse();
      // All pairs of special values, then near and far magnitudes.
      const pairs = SPECIAL.flatMap((a) => SPECIAL.map((b) => [a, b] as const));
      left.set(pairs.map(([a]) => a));
      right.set(pairs.map(([, b]) => b));
      for (let i = pairs.length; i < count; i += 3) right[i] = F((left[i] as number) * F(1 + (i % 7) / 5));
      const [a, b] = [kernels.input("f32", left), kernels.input("f32", right)];
      const out = kernels.output("f32", count);
      expect(kernels.run(name, out, a, b, kernels.input("i32", [1, count, 1, 1]))).toBe(0);
      const pair = (i: number): [number, number] => [left[i] as number, right[i] as number];
      expectUlp(
        out.data,
        (i) => rule.f(...pair(i)),
        rule.ulp ?? 0.5,
        (i) => pair(i).join(", "),
      );
    });
  });

  test.each(Object.entries(INTEGER))("%s", (name, rule) => {
    for (const layout of LAYOUTS) checkLayout(name, layout, ["i32", "i32"], rule);
  });

  test.each(Object.entries(DIVISION))("%s", (name, rule) => {
    for (const layout of LAYOUTS) checkLayout(name, layout, ["i32", "i32"], rule, true);
    kernels.reset();
    const [a, b] = [kernels.input("i32", [-(2 ** 31), 7, -7]), kernels.input("i32", [-1, -2, 2])];
    const out = kernels.output("i32", 3);
    expect(kernels.run(name, out, a, b, kernels.input("i32", [1, 3, 1, 1]))).toBe(0);
    expect(out.data).toEqual([-(2 ** 31), 7, -7].map((x, i) => rule.f(x, [-1, -2, 2][i] as number)));
  });

  test.each(Object.keys(DIVISION))("%s: a zero divisor is a code, and nothing is written", (name) => {
    for (const n of [1, 5, 40]) {
      for (const at of [0, n - 1]) {
        kernels.reset();
        const b = kernels.input(
          "i32",
          Array.from({ length: n }, (_, i) => Number(i !== at)),
        );
        const out = kernels.input("i32", Array<number>(n).fill(7)); // an input: must stay
        const dims = kernels.input("i32", [1, n, 1, 1]);
        expect(kernels.run(name, out, kernels.input("i32", ints(n, 1)), b, dims)).toBe(at + 1);
      }
    }
    kernels.reset();
    const zero = kernels.input("i32", [0]);
    const dims = kernels.input("i32", [2, 3, 4, 4, 1, 0, 0]);
    expect(kernels.run(name, kernels.output("i32", 12), kernels.input("i32", ints(12, 1)), zero, dims)).toBe(
      1,
    );
  });

  test.each(Object.entries(COMPARISONS))("%s of f32 and i32", (name, rule) => {
    const f = (a: number, b: number): number => Number(rule(a, b));
    for (const layout of LAYOUTS) {
      checkLayout(`${name}_f32`, layout, ["f32", "u8"], { f });
      checkLayout(`${name}_i32`, layout, ["i32", "u8"], { f });
    }
    kernels.reset();
    const pairs = SPECIAL.flatMap((a) => SPECIAL.map((b) => [a, b] as const));
    const a = kernels.input(
      "f32",
      pairs.map(([x]) => x),
    );
    const b = kernels.input(
      "f32",
      pairs.map(([, y]) => y),
    );
    const out = kernels.output("u8", pairs.length);
    kernels.run(`${name}_f32`, out, a, b, kernels.input("i32", [1, pairs.length, 1, 1]));
    expect(out.data).toEqual(pairs.map(([x, y]) => f(x, y)));
  });

  test.each(Object.entries(TRUTH))("%s", (name, f) => {
    for (const layout of LAYOUTS) checkLayout(name, layout, ["u8", "u8"], { f });
  });

  test.each([
    ["where_32", "f32"],
    ["where_8", "u8"],
  ] as const)("%s", (name, kind) => {
    for (const { shape, a, b } of LAYOUTS) {
      for (const [c, x, y] of [
        [a, b, a],
        [b, a, b],
        [a, a, b],
        [a, b, b],
      ] as const) {
        kernels.reset();
        const condition = kernels.input("u8", truths(c[2], 1));
        const [first, second] = [
          kernels.input(kind, make[kind](x[2], 2)),
          kernels.input(kind, make[kind](y[2], 3)),
        ];
        const dims = kernels.input("i32", [shape.length, ...shape, ...c[0], ...x[0], ...y[0]]);
        const [atC, atX, atY] = [c, x, y].map(([strides, start]) => offsets(shape, strides, start)) as [
          number[],
          number[],
          number[],
        ];
        const out = kernels.output(kind, atC.length);
        const start = (buffer: { ptr: number }, from: number, of: KindName): number =>
          buffer.ptr + from * BYTES[of];
        expect(
          kernels.run(
            name,
            out,
            start(condition, c[1], "u8"),
            start(first, x[1], kind),
            start(second, y[1], kind),
            dims,
          ),
        ).toBe(0);
        const [cs, xs, ys] = [condition.data, first.data, second.data];
        expect(out.data).toEqual(
          atC.map((at, i) => (cs[at] === 1 ? xs[atX[i] as number] : ys[atY[i] as number])),
        );
      }
    }
  });

  test.each([0, 1, 3, 4, 5, 16, 17, 1000])("axpy_f32 of %i", (n) => {
    kernels.reset();
    const [start, x] = [noise(n, 1), kernels.input("f32", noise(n, 2))];
    const out = kernels.output("f32", start);
    expect(kernels.run("axpy_f32", out, x, 0.3, n)).toBe(0);
    const values = x.data;
    out.data.forEach((is, i) =>
      expect(is).toBeCloseTo((start[i] as number) + F(0.3) * (values[i] as number), 6),
    );
  });
});
