import { describe, expect, test } from "vitest";
import { columnsOf, expectClose, Kernels, noise, variants, type KindName } from "./buffers.ts";

const SIZES = [0, 1, 3, 4, 5, 15, 16, 17, 1000];
type Shape = readonly [outer: number, red: number, inner: number];
const SHAPES: readonly Shape[] = [
  ...SIZES.flatMap((n): Shape[] => [
    [3, n, 1],
    [2, n, 5],
    [2, 7, n],
    [n, 3, 1],
  ]),
  [1, 5, 21],
  [0, 4, 4],
];

const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0);
const mean = (values: number[]): number => sum(values) / values.length;
const greatest = (values: number[]): number =>
  values.reduce((a, b) => (a > b || Number.isNaN(a) ? a : b), -Infinity);
const least = (values: number[]): number => -greatest(values.map((value) => -value));
const variance = (values: number[], correction: number): number => {
  const centre = mean(values);
  return sum(values.map((value) => (value - centre) ** 2)) / Math.max(0, values.length - correction);
};
/** Visits the values in order, or from the last to the first, and leaves the results in place. */
function along(group: number[], reversed: number, f: (value: number, i: number) => number): number[] {
  const order = group.map((_, i) => (reversed ? group.length - 1 - i : i));
  const out = group.slice();
  for (const i of order) out[i] = f(group[i] as number, i);
  return out;
}

/** The first greatest; the first NaN before all. */
const whereGreatest = (values: number[]): number => {
  const nan = values.findIndex(Number.isNaN);
  return nan >= 0 ? nan : values.indexOf(Math.max(...values));
};
const whereLeast = (values: number[]): number => whereGreatest(values.map((value) => -value));

interface Rule {
  readonly rule: (values: number[]) => number;
  readonly out?: KindName;
  readonly relative?: number;
  readonly absolute?: number;
}
const FLOAT: Record<string, Rule> = {
  sum_f32: { rule: sum },
  mean_f32: { rule: mean },
  prod_f32: { rule: (values) => values.reduce((a, b) => a * b, 1), relative: 1e-5, absolute: 0 },
  amax_f32: { rule: greatest, absolute: 0, relative: 0 },
  amin_f32: { rule: least, absolute: 0, relative: 0 },
  argmax_f32: { rule: whereGreatest, out: "i32" },
  argmin_f32: { rule: whereLeast, out: "i32" },
};
const INTEGER: Record<string, (values: number[]) => number> = {
  sum_i32: (values) => sum(values) | 0,
  prod_i32: (values) => values.reduce(Math.imul, 1),
  amax_i32: (values) => Math.max(-(2 ** 31), ...values),
  amin_i32: (values) => Math.min(2 ** 31 - 1, ...values),
  argmax_i32: whereGreatest,
  argmin_i32: whereLeast,
};
const BOOLEAN: Record<string, (values: number[]) => number> = {
  sum_bool: (values) => values.filter((value) => value !== 0).length,
  any_bool: (values) => Number(values.some((value) => value !== 0)),
  all_bool: (values) => Number(values.every((value) => value !== 0)),
};
/** Shapes that the kernel must take. */
const shapesOf = (name: string): readonly Shape[] =>
  name.startsWith("arg") ? SHAPES.filter(([, red]) => red > 0) : SHAPES;

describe.each(variants)("reductions, %s", (variant) => {
  const kernels = new Kernels(variant);

  test.each(Object.entries(FLOAT))("%s", (name, { rule, out: kind = "f32", ...bounds }) => {
    for (const [outer, red, inner] of shapesOf(name)) {
      kernels.reset();
      const values = noise(outer * red * inner, red + inner);
      const x = kernels.input("f32", name === "prod_f32" ? values.map((value) => 1 + value / 50) : values);
      const out = kernels.output(kind, outer * inner);
      expect(kernels.run(name, out, x, outer, red, inner)).toBe(0);
      expectClose(out.data, columnsOf(x.data, outer, red, inner).map(rule), {
        what: `[${outer}, ${red}, ${inner}]`,
        ...bounds,
      });
    }
  });

  test.each(Object.entries(FLOAT))(
    "%s of NaN, infinities, ties and zeros",
    (name, { rule, out: kind = "f32" }) => {
      const groups = [
        [1, NaN, 3, 2, 5, 1],
        [NaN, 1, NaN, 0, 0, 0],
        [0, 1, 2, 3, 4, NaN],
        [-Infinity, -Infinity, -Infinity, -Infinity, -Infinity, -Infinity],
        [1, Infinity, 2, Infinity, 0.5, 3],
        [2, 7, 7, 1, 1, 7],
        [-0, 0, -0, 0, -0, -0],
      ];
      for (const inner of [1, 3, 16]) {
        for (const group of groups) {
          kernels.reset();
          const repeated = group.flatMap((value) => Array<number>(inner).fill(value));
          const x = kernels.input("f32", repeated);
          const out = kernels.output(kind, inner);
          kernels.run(name, out, x, 1, group.length, inner);
          expectClose(out.data, Array<number>(inner).fill(rule(group)), { what: String(group) });
        }
      }
    },
  );

  test.each([0, 1, 2.5])("var_f32 with correction %d", (correction) => {
    for (const [outer, red, inner] of SHAPES) {
      kernels.reset();
      const values = noise(outer * red * inner).map((value) => value + 100);
      const x = kernels.input("f32", values);
      const out = kernels.output("f32", outer * inner);
      kernels.run("var_f32", out, x, outer, red, inner, correction);
      const expected = columnsOf(x.data, outer, red, inner).map((group) => variance(group, correction));
      expectClose(out.data, expected, { what: `[${outer}, ${red}, ${inner}]` });
    }
  });

  test.each(Object.entries(INTEGER))("%s", (name, rule) => {
    for (const [outer, red, inner] of shapesOf(name)) {
      kernels.reset();
      // Large positive values, which overflow, and small negative ones, which tie.
      const values = Array.from(noise(outer * red * inner, 7, 2 ** 30), (value) =>
        Math.trunc(value > 0 ? value : value / 2 ** 28),
      );
      const x = kernels.input("i32", values);
      const out = kernels.output("i32", outer * inner);
      kernels.run(name, out, x, outer, red, inner);
      expect(out.data).toEqual(columnsOf(x.data, outer, red, inner).map(rule));
    }
  });

  test.each(Object.entries(BOOLEAN))("%s", (name, rule) => {
    for (const [outer, red, inner] of SHAPES) {
      for (const bias of [-1, 0.99, 1]) {
        kernels.reset();
        const values = Array.from(noise(outer * red * inner), (value) => Number(value < bias));
        const x = kernels.input("u8", values);
        const out = kernels.output(name === "sum_bool" ? "i32" : "u8", outer * inner);
        kernels.run(name, out, x, outer, red, inner);
        expect(out.data).toEqual(columnsOf(x.data, outer, red, inner).map(rule));
      }
    }
  });

  test.each([
    ["cumsum_f32", "f32", (a: number, b: number) => a + b, 0],
    ["cumprod_f32", "f32", (a: number, b: number) => a * b, 1],
    ["cumsum_i32", "i32", (a: number, b: number) => (a + b) | 0, 0],
    ["cumprod_i32", "i32", Math.imul, 1],
  ] as const)("%s", (name, kind, step, first) => {
    for (const [outer, n, inner] of SHAPES) {
      for (const reversed of [0, 1]) {
        kernels.reset();
        const values = noise(outer * n * inner, 1, kind === "i32" ? 2 ** 30 : 1);
        const x = kernels.input(
          kind,
          name === "cumprod_f32" ? values.map((value) => 1 + value / 50) : values,
        );
        const out = kernels.output(kind, x.count);
        kernels.run(name, out, x, outer, n, inner, reversed);
        const expected = columnsOf(x.data, outer, n, inner).map((group) => {
          let carry: number = first;
          return along(group, reversed, (value) => (carry = step(carry, value)));
        });
        expectClose(columnsOf(out.data, outer, n, inner).flat(), expected.flat(), {
          what: `[${outer}, ${n}, ${inner}]`,
        });
      }
    }
  });

  test("recurrence_f32", () => {
    for (const [outer, n, inner] of SHAPES) {
      for (const reversed of [0, 1]) {
        kernels.reset();
        const [x, a] = [noise(outer * n * inner), noise(outer * n * inner, 2)];
        const out = kernels.output("f32", x.length);
        kernels.run(
          "recurrence_f32",
          out,
          kernels.input("f32", x),
          kernels.input("f32", a),
          outer,
          n,
          inner,
          reversed,
        );
        const factors = columnsOf(a, outer, n, inner);
        const expected = columnsOf(x, outer, n, inner).map((group, column) => {
          let carry = 0;
          const factor = factors[column] as number[];
          return along(group, reversed, (value, i) => (carry = (factor[i] as number) * carry + value));
        });
        expectClose(columnsOf(out.data, outer, n, inner).flat(), expected.flat());
      }
    }
  });

  test("repeatIndex_i32", () => {
    for (const counts of [[], [1], [0, 3, 0, 2], [16, 1, 0, 40], Array<number>(20).fill(1)]) {
      kernels.reset();
      const expected = counts.flatMap((count, i) => Array<number>(count).fill(i));
      const out = kernels.output("i32", expected.length);
      const repeats = kernels.input("i32", counts);
      expect(kernels.run("repeatIndex_i32", out, repeats, counts.length, expected.length)).toBe(0);
      expect(out.data).toEqual(expected);
    }
    kernels.reset();
    const out = kernels.output("i32", 2);
    expect(kernels.run("repeatIndex_i32", out, kernels.input("i32", [2, 1, -1]), 3, 2)).toBe(3);
  });

  test("sumSquares_f32", () => {
    for (const n of SIZES) {
      kernels.reset();
      const x = kernels.input("f32", noise(n));
      const out = kernels.output("f32", 1);
      kernels.run("sumSquares_f32", out, x, n);
      expectClose(out.data, [sum(x.data.map((value) => value * value))]);
    }
  });

  test("sumRows_f32 has the bits of sum_f32", () => {
    for (const [outer, red, inner] of [
      [1, 0, 5],
      [1, 1, 3],
      [2, 7, 17],
      [1, 8, 16],
      [3, 13, 130],
      [2, 37, 65],
    ] as const) {
      kernels.reset();
      const x = kernels.input("f32", noise(outer * red * inner));
      const [plain, rows] = [kernels.output("f32", outer * inner), kernels.output("f32", outer * inner)];
      const sums = kernels.output("f32", (inner + 3) * 2);
      kernels.run("sum_f32", plain, x, outer, red, inner);
      kernels.run("sumRows_f32", rows, x, outer, red, inner, sums);
      expect(Array.from(rows.data)).toEqual(Array.from(plain.data));
    }
  });

  test("a million values sum to within an ulp or two", () => {
    const n = 1 << 20;
    const values = noise(n).map((value) => 0.1 + value / 100);
    for (const inner of [1, 4, 32]) {
      kernels.reset();
      const x = kernels.input("f32", values);
      const out = kernels.output("f32", inner);
      kernels.run("sum_f32", out, x, 1, n / inner, inner);
      const bounds = { relative: 1.2e-7, absolute: 0 };
      expectClose(out.data, columnsOf(values, 1, n / inner, inner).map(sum), bounds);
    }
  });
});
