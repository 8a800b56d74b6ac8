import { describe, expect, test } from "vitest";
import { expectClose, Kernels, noise, variants, type Buffer } from "./buffers.ts";

const SIZES = [...[1, 3, 4, 5, 15, 16, 17].map((hidden) => [3, hidden]), [1, 130], [40, 2], [0, 4]] as [
  number,
  number,
][];

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Which steps are over: t = 2 of 4 steps, lengths that are shorter, just enough, and longer. */
const T = 2;
const TIME = 4;
const lengthsOf = (batch: number): number[] => Array.from({ length: batch }, (_, b) => (b * 3) % (TIME + 1));

/** All elements with their row and column; f32 values of what is read. */
function* elements(batch: number, hidden: number): Generator<[row: number, column: number, at: number]> {
  for (let row = 0; row < batch; row++) {
    for (let column = 0; column < hidden; column++) yield [row, column, row * hidden + column];
  }
}

interface Case {
  readonly batch: number;
  readonly hidden: number;
  readonly lengths: number[] | null;
  readonly bias: boolean;
}

const CASES: Case[] = SIZES.flatMap(([batch, hidden]) => [
  { batch, hidden, lengths: null, bias: true },
  { batch, hidden, lengths: lengthsOf(batch), bias: false },
]);

interface Setup {
  readonly input: (blocks: number, range?: number) => Buffer;
  readonly output: (blocks: number) => Buffer;
  readonly biasOf: (blocks: number) => Buffer | 0;
  readonly lengths: Buffer | 0;
  readonly y: Buffer | 0;
  readonly live: (row: number) => boolean;
}

/** Values that a kernel of this case reads or writes, at their start. */
function setup(kernels: Kernels, { batch, hidden, lengths, bias }: Case): Setup {
  kernels.reset();
  const n = batch * hidden;
  let seed = 0;
  const input = (blocks: number, range = 2): Buffer => kernels.input("f32", noise(n * blocks, ++seed, range));
  const output = (blocks: number): Buffer => kernels.output("f32", noise(n * blocks, ++seed));
  const biasOf = (blocks: number): Buffer | 0 =>
    bias ? kernels.input("f32", noise(hidden * blocks, ++seed)) : 0;
  return {
    input,
    output,
    biasOf,
    lengths: lengths === null ? 0 : kernels.input("i32", lengths),
    y: lengths === null ? 0 : output(1),
    live: (row: number): boolean => lengths === null || T < (lengths[row] as number),
  };
}

describe.each(variants)("recurrent steps, %s", (variant) => {
  const kernels = new Kernels(variant);

  test.each([0, 1])("rnnStep_f32, relu = %i", (relu) => {
    for (const c of CASES) {
      const { input, output, biasOf, lengths, y, live } = setup(kernels, c);
      const { batch, hidden } = c;
      const bias = biasOf(1);
      const [x, r, before, h] = [input(1), input(1), input(1), output(1)];
      kernels.run("rnnStep_f32", h, y, x, r, bias, before, lengths, T, TIME, relu, batch, hidden);
      const [expected, outputs]: number[][] = [[], []];
      for (const [row, j, i] of elements(batch, hidden)) {
        const sum = x.at(i) + r.at(i) + (bias ? bias.at(j) : 0);
        const value = relu ? Math.max(0, sum) : Math.tanh(sum);
        expected?.push(live(row) ? value : before.at(i));
        outputs?.push(live(row) ? value : 0);
      }
      expectClose(h.data, expected as number[]);
      if (y) expectClose(y.data, outputs as number[]);
    }
  });

  test.each([0, 1])("rnnGrad_f32, relu = %i", (relu) => {
    for (const c of CASES) {
      const { input, output, lengths, live } = setup(kernels, c);
      const { batch, hidden } = c;
      const dy: Buffer | 0 = c.bias ? input(1) : 0;
      const [h, da, dh] = [input(1, 0.9), output(1), output(1)];
      const was = dh.data;
      kernels.run("rnnGrad_f32", da, dh, dy, h, lengths, T, relu, batch, hidden);
      for (const [row, , i] of elements(batch, hidden)) {
        const g = (was[i] as number) + (dy ? dy.at(i) : 0);
        const slope = relu ? Number(h.at(i) > 0) : 1 - h.at(i) ** 2;
        expectClose([da.at(i)], [live(row) ? g * slope : 0]);
        expect(dh.at(i)).toBe(lengths && live(row) ? 0 : was[i]);
      }
    }
  });

  test("lstmStep_f32", () => {
    for (const c of CASES) {
      const { input, output, biasOf, lengths, y, live } = setup(kernels, c);
      const { batch, hidden } = c;
      const bias = biasOf(4);
      const [r, hBefore, cBefore] = [input(4), input(1), input(1)];
      const [h, cell, tanhC, gates] = [output(1), output(1), output(1), output(4)];
      const x = gates.data;
      // prettier-ignore
      kernels.run(
        "lstmStep_f32", h, cell, tanhC, y, gates, r, bias, hBefore, cBefore, lengths, T, TIME, batch, hidden,
      );
      for (const [row, j, i] of elements(batch, hidden)) {
        const at = (q: number): number => (row * 4 + q) * hidden + j;
        const sum = (q: number): number =>
          (x[at(q)] as number) + r.at(at(q)) + (bias ? bias.at(q * hidden + j) : 0);
        if (!live(row)) {
          expect([h.at(i), cell.at(i), y && y.at(i)]).toEqual([hBefore.at(i), cBefore.at(i), 0]);
          continue;
        }
        const all = [sigmoid(sum(0)), sigmoid(sum(1)), Math.tanh(sum(2)), sigmoid(sum(3))] as const;
        const value = all[1] * cBefore.at(i) + all[0] * all[2];
        const state = all[3] * Math.tanh(value);
        expectClose(
          [0, 1, 2, 3].map((q) => gates.at(at(q))),
          all,
        );
        expectClose([cell.at(i), tanhC.at(i), h.at(i)], [value, Math.tanh(value), state]);
        if (y) expect(y.at(i)).toBe(h.at(i));
      }
    }
  });

  test("lstmGrad_f32", () => {
    for (const c of CASES) {
      const { input, output, lengths, live } = setup(kernels, c);
      const { batch, hidden } = c;
      const dy: Buffer | 0 = c.bias ? input(1) : 0;
      const [gates, tanhC, cBefore] = [input(4, 0.9), input(1, 0.9), input(1)];
      const [dgates, dh, dc] = [output(4), output(1), output(1)];
      const [h0, c0] = [dh.data, dc.data];
      // prettier-ignore
      kernels.run("lstmGrad_f32", dgates, dh, dc, dy, gates, tanhC, cBefore, lengths, T, batch, hidden);
      for (const [row, j, i] of elements(batch, hidden)) {
        const at = (q: number): number => (row * 4 + q) * hidden + j;
        const got = [0, 1, 2, 3].map((q) => dgates.at(at(q)));
        if (!live(row)) {
          expect([...got, dh.at(i), dc.at(i)]).toEqual([0, 0, 0, 0, h0[i], c0[i]]);
          continue;
        }
        const [a, f, v, o] = [0, 1, 2, 3].map((q) => gates.at(at(q))) as [number, number, number, number];
        const g = (h0[i] as number) + (dy ? dy.at(i) : 0);
        const total = (c0[i] as number) + g * o * (1 - tanhC.at(i) ** 2);
        const expected = [
          total * v * a * (1 - a),
          total * cBefore.at(i) * f * (1 - f),
          total * a * (1 - v * v),
          g * tanhC.at(i) * o * (1 - o),
        ];
        expectClose([...got, dc.at(i)], [...expected, total * f], { absolute: 2e-6 });
        expect(dh.at(i)).toBe(lengths ? 0 : h0[i]);
      }
    }
  });

  test("gruStep_f32", () => {
    for (const c of CASES) {
      const { input, output, biasOf, lengths, y, live } = setup(kernels, c);
      const { batch, hidden } = c;
      const bias = biasOf(4);
      const [product, before, h, gates] = [input(3), input(1), output(1), output(4)];
      const x = gates.data;
      kernels.run("gruStep_f32", h, y, gates, product, bias, before, lengths, T, TIME, batch, hidden);
      for (const [row, j, i] of elements(batch, hidden)) {
        const own = (q: number): number => (bias ? bias.at(q * hidden + j) : 0);
        const ofX = (q: number): number => x[(row * 4 + q) * hidden + j] as number;
        const ofH = (q: number): number => product.at((row * 3 + q) * hidden + j);
        if (!live(row)) {
          expect([h.at(i), y && y.at(i)]).toEqual([before.at(i), 0]);
          continue;
        }
        const [r, z] = [0, 1].map((q) => sigmoid(ofX(q) + ofH(q) + own(q))) as [number, number];
        const q = ofH(2) + own(3);
        const n = Math.tanh(ofX(2) + own(2) + r * q);
        expectClose(
          [0, 1, 2, 3].map((k) => gates.at((row * 4 + k) * hidden + j)),
          [r, z, n, q],
        );
        expectClose([h.at(i)], [(1 - z) * n + z * before.at(i)]);
        if (y) expect(y.at(i)).toBe(h.at(i));
      }
    }
  });

  test("gruGrad_f32", () => {
    for (const c of CASES) {
      const { input, output, lengths, live } = setup(kernels, c);
      const { batch, hidden } = c;
      const dy: Buffer | 0 = c.bias ? input(1) : 0;
      const [gates, before, dgates, dh] = [input(4, 0.9), input(1), output(4), output(1)];
      const was = dh.data;
      kernels.run("gruGrad_f32", dgates, dh, dy, gates, before, lengths, T, batch, hidden);
      for (const [row, j, i] of elements(batch, hidden)) {
        const at = (q: number): number => (row * 4 + q) * hidden + j;
        const got = [0, 1, 2, 3].map((q) => dgates.at(at(q)));
        if (!live(row)) {
          expect([...got, dh.at(i)]).toEqual([0, 0, 0, 0, was[i]]);
          continue;
        }
        const [r, z, n, q] = [0, 1, 2, 3].map((k) => gates.at(at(k))) as [number, number, number, number];
        const g = (was[i] as number) + (dy ? dy.at(i) : 0);
        const dn = g * (1 - z) * (1 - n * n);
        const expected = [dn, dn * q * r * (1 - r), g * (before.at(i) - n) * z * (1 - z), dn * r];
        expectClose([...got, dh.at(i)], [...expected, g * z], { absolute: 2e-6 });
      }
    }
  });

  test("a length out of range is found before anything is written", () => {
    const { output } = setup(kernels, { batch: 3, hidden: 4, lengths: null, bias: false });
    const [h, y, gates] = [output(1), output(1), output(4)];
    const before = [h, y, gates].map((b) => b.data);
    for (const [lengths, code] of [
      [[4, -1, 0], 2],
      [[0, 4, 5], 3],
    ] as const) {
      const wrong = kernels.input("i32", lengths);
      expect(kernels.run("gruStep_f32", h, y, gates, gates, 0, h, wrong, T, TIME, 3, 4)).toBe(code);
      expect(kernels.run("rnnStep_f32", h, y, h, h, 0, h, wrong, T, TIME, 0, 3, 4)).toBe(code);
      expect(kernels.run("lstmStep_f32", h, h, h, y, gates, gates, 0, h, h, wrong, T, TIME, 3, 4)).toBe(code);
    }
    expect([h, y, gates].map((b) => b.data)).toEqual(before);
  });
});
