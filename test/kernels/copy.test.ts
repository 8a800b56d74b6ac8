import { describe, expect, test } from "vitest";
import { Kernels, variants } from "./buffers.ts";

/** Shape, strides of out and of x; the operands are as long as their strides reach. */
type Layout = readonly [shape: readonly number[], out: readonly number[], x: readonly number[]];

/** Row-major strides of a shape whose dimensions lie in memory in the order of `order`. */
function stridesOf(shape: readonly number[], order: readonly number[]): number[] {
  const strides: number[] = [];
  let step = 1;
  for (const d of [...order].reverse()) {
    strides[d] = step;
    step *= shape[d] as number;
  }
  return strides;
}
const permuted = (shape: readonly number[], order: readonly number[]): Layout => [
  shape,
  stridesOf(
    shape,
    shape.map((_, d) => d),
  ),
  stridesOf(shape, order),
];
const orders = (rank: number): number[][] =>
  rank === 0
    ? [[]]
    : orders(rank - 1).flatMap((order) =>
        Array.from({ length: rank }, (_, at) => [...order.slice(0, at), rank - 1, ...order.slice(at)]),
      );

const LAYOUTS: readonly Layout[] = [
  ...[0, 1, 3, 4, 5, 15, 16, 17, 1000].map((n): Layout => [[n], [1], [1]]),
  ...[1, 5, 17, 200].map((n): Layout => [[n], [1], [-1]]),
  ...[1, 5, 17, 200].map((n): Layout => [[n], [3], [2]]),
  [
    [6, 11],
    [11, 1],
    [0, 1],
  ],
  [
    [6, 11],
    [11, 1],
    [1, 0],
  ],
  [
    [6, 11],
    [20, 1],
    [15, 1],
  ],
  [
    [6, 11],
    [1, 6],
    [11, 1],
  ],
  [
    [6, 11],
    [1, 6],
    [1, 8],
  ],
  [
    [6, 11],
    [-20, 1],
    [1, 7],
  ],
  [
    [6, 11],
    [20, -1],
    [-1, -7],
  ],
  [
    [3, 0, 4],
    [0, 4, 1],
    [0, 4, 1],
  ],
  [
    [40, 300],
    [300, 1],
    [300, 1],
  ],
  ...[
    [4, 4],
    [5, 7],
    [16, 16],
    [17, 35],
    [3, 9],
    [1, 8],
  ].map((shape) => permuted(shape, [1, 0])),
  ...orders(3).flatMap((order) => [
    permuted([5, 6, 7], order),
    permuted([4, 17, 1], order),
    permuted([2, 3, 20], order),
  ]),
  ...orders(4).map((order) => permuted([2, 5, 4, 6], order)),
];

function offsets(shape: readonly number[], strides: readonly number[]): number[] {
  const first = shape.reduce((sum, size, d) => sum - Math.min(0, (strides[d] as number) * (size - 1)), 0);
  return shape.reduce<number[]>(
    (at, size, d) =>
      at.flatMap((from) => Array.from({ length: size }, (_, i) => from + i * (strides[d] as number))),
    [first],
  );
}

const KINDS = [
  ["32", "i32", 4],
  ["8", "u8", 1],
] as const;

const COPIES = [...KINDS, ["16", "u16", 2]] as const;

describe.each(variants)("copies and constants, %s", (variant) => {
  const kernels = new Kernels(variant);

  test.each(LAYOUTS.flatMap((layout) => COPIES.map((kind) => [layout, kind] as const)))(
    "copy %j %s",
    (layout, kind) => {
      const [[shape, outStrides, xStrides], [suffix, name, bytes]] = [layout, kind];
      kernels.reset();
      const [to, from] = [offsets(shape, outStrides), offsets(shape, xStrides)];
      const x = kernels.input(
        name,
        Array.from({ length: Math.max(0, ...from) + 1 }, (_, i) => (i * 7 + 1) % 251),
      );
      const before = Array<number>(Math.max(0, ...to) + 1).fill(252);
      const out = kernels.output(name, before);
      const dims = kernels.input("i32", [shape.length, ...shape, ...outStrides, ...xStrides]);
      const [outPtr, xPtr] = [out.ptr + (to[0] ?? 0) * bytes, x.ptr + (from[0] ?? 0) * bytes];
      expect(kernels.run(`copy_${suffix}`, outPtr, xPtr, dims)).toBe(0);
      const expected = before;
      const values = x.data;
      to.forEach((at, i) => (expected[at] = values[from[i] as number] as number));
      expect(out.data).toEqual(expected);
    },
  );

  test.each(LAYOUTS.flatMap((layout) => KINDS.map((kind) => [layout, kind] as const)))(
    "fill %j %s",
    (layout, kind) => {
      const [[shape, strides], [suffix, name, bytes]] = [layout, kind];
      kernels.reset();
      const to = offsets(shape, strides);
      const expected = Array<number>(Math.max(0, ...to) + 1).fill(9);
      const out = kernels.output(name, expected);
      const dims = kernels.input("i32", [shape.length, ...shape, ...strides]);
      expect(kernels.run(`fillStrided_${suffix}`, out.ptr + (to[0] ?? 0) * bytes, 77, dims)).toBe(0);
      for (const at of to) expected[at] = 77;
      expect(out.data).toEqual(expected);
    },
  );

  test.each([0, 1, 3, 4, 5, 15, 16, 17, 1000])("fill and arange of %i", (n) => {
    kernels.reset();
    const [f, i, b] = [kernels.output("f32", n), kernels.output("i32", n), kernels.output("u8", n)];
    kernels.run("fill_f32", f, 0.1, n);
    kernels.run("fill_i32", i, -5, n);
    kernels.run("fill_8", b, 257, n);
    expect([f.data, i.data, b.data]).toEqual(
      [Math.fround(0.1), -5, 1].map((value) => Array<number>(n).fill(value)),
    );
    kernels.run("arange_f32", f, -3, 0.1, n);
    kernels.run("arange_i32", i, 5, -2, n);
    expect(f.data).toEqual(Array.from({ length: n }, (_, at) => Math.fround(-3 + at * Math.fround(0.1))));
    expect(i.data).toEqual(Array.from({ length: n }, (_, at) => 5 - 2 * at));
  });
});
