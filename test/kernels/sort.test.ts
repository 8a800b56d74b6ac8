import { describe, expect, test } from "vitest";
import { Kernels, noise, variants } from "./buffers.ts";

const SIZES = [0, 1, 3, 4, 5, 15, 16, 17, 64, 65, 300, 5000];

type Kind = "f32" | "i32";

/** Below, as the kernels order: NaN above all, −0 as 0. */
const below = (a: number, b: number): boolean => (Number.isNaN(a) ? false : Number.isNaN(b) || a < b);

/** The positions of `row` in sorted order, stable. */
function order(row: readonly number[], descending: boolean): number[] {
  return row
    .map((_, i) => i)
    .sort((i, j) => {
      const [a, b] = (descending ? [row[j], row[i]] : [row[i], row[j]]) as [number, number];
      return below(a, b) ? -1 : below(b, a) ? 1 : i - j;
    });
}

/** Values that tie often, with all that is special among the floats. */
function rowsOf(kind: Kind, count: number): number[] {
  const special = [NaN, 0, -0, Infinity, -Infinity, 2 ** -149, -(2 ** -149), 2 ** 127, -(2 ** 127)];
  return Array.from(noise(count, 9, 1000), (v, i) => {
    if (kind === "i32") return i % 7 === 0 ? (v > 0 ? 2 ** 31 - 1 : -(2 ** 31)) : Math.trunc(v / 50);
    return i % 5 === 0 ? (special[(i / 5) % special.length] as number) : Math.fround(Math.trunc(v) / 8);
  });
}

describe.each(variants)("sorting, %s", (variant) => {
  const kernels = new Kernels(variant);

  for (const kind of ["f32", "i32"] as const) {
    for (const descending of [false, true]) {
      const flags = (kind === "f32" ? 1 : 0) | (descending ? 2 : 0);
      test.each(SIZES)(
        `sort and topk of rows of %i, ${kind}, ${descending ? "descending" : "ascending"}`,
        (n) => {
          for (const rows of n > 1000 ? [2] : [0, 1, 2, 5]) {
            kernels.reset();
            const x = kernels.input(kind, rowsOf(kind, rows * n));
            const data = x.data;
            const want = Array.from({ length: rows }, (_, r) => {
              const row = data.slice(r * n, (r + 1) * n);
              return order(row, descending).map((i): [number, number] => [row[i] as number, i]);
            });
            const [values, places] = [kernels.output(kind, rows * n), kernels.output("i32", rows * n)];
            const workspace = kernels.workspace("sort_32", rows, n);
            expect(kernels.run("sort_32", values, places, x, rows, n, flags, workspace)).toBe(0);
            expect(places.data).toEqual(want.flatMap((row) => row.map(([, i]) => i)));
            expect(values.data).toEqual(want.flatMap((row) => row.map(([v]) => v)));
            for (const k of new Set([1, 2, Math.ceil(n / 3), n]).values()) {
              if (k < 1 || k > n) continue;
              const [top, at] = [kernels.output(kind, rows * k), kernels.output("i32", rows * k)];
              const heap = kernels.workspace("topk_32", rows, k);
              expect(kernels.run("topk_32", top, at, x, rows, n, k, flags, heap)).toBe(0);
              expect(at.data).toEqual(want.flatMap((row) => row.slice(0, k).map(([, i]) => i)));
              expect(top.data).toEqual(want.flatMap((row) => row.slice(0, k).map(([v]) => v)));
            }
          }
        },
      );
    }

    test(`sort of many equal, sorted and reversed ${kind}`, () => {
      const n = 200;
      for (const make of [() => 7, (i: number) => i, (i: number) => -i, (i: number) => i << 8]) {
        kernels.reset();
        const row = Array.from({ length: n }, (_, i) => make(i));
        const [values, places] = [kernels.output(kind, n), kernels.output("i32", n)];
        const x = kernels.input(kind, row);
        kernels.run(
          "sort_32",
          values,
          places,
          x,
          1,
          n,
          Number(kind === "f32"),
          kernels.workspace("sort_32", 1, n),
        );
        expect(places.data).toEqual(order(row, false));
      }
    });

    test.each([0, 1, 5, 17])(`searchsorted of %i in ${kind}`, (m) => {
      for (const n of [0, 1, 4, 33]) {
        for (const right of [0, 1]) {
          for (const stride of [0, n]) {
            kernels.reset();
            const rows = 3;
            const values = kernels.input(kind, rowsOf(kind, rows * m));
            const unsorted = rowsOf(kind, n * (stride === 0 ? 1 : rows));
            const pieces = Array.from({ length: rows }, (_, r) => {
              const row = unsorted.slice(r * stride, r * stride + n);
              return order(row, false).map((i) => row[i] as number);
            });
            const sorted = kernels.input(kind, stride === 0 ? (pieces[0] as number[]) : pieces.flat());
            const out = kernels.output("i32", rows * m);
            const flags = Number(kind === "f32");
            kernels.run("searchsorted_32", out, sorted, values, rows, n, m, stride, right, flags);
            const given = values.data;
            const want = given.map((v, at) => {
              const row = pieces[Math.floor(at / m)] as number[];
              return row.filter((s) => (right ? !below(v, s) : below(s, v))).length;
            });
            expect(out.data).toEqual(want);
          }
        }
      }
    });
  }
});
