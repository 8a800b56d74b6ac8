import { describe, expect, test } from "vitest";
import { type Buffer, Kernels, noise, variants } from "./buffers.ts";

interface Strides {
  readonly row: number;
  readonly col: number;
  readonly batch: number;
}
interface Product {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a?: Partial<Strides>;
  readonly b?: Partial<Strides>;
  readonly batch?: number;
  /** Elements between C's rows. */
  readonly gap?: number;
  readonly accumulate?: boolean;
  readonly bias?: boolean;
  readonly relu?: boolean;
}

/** How many elements a strided matrix reaches over. */
const reach = ({ row, col, batch }: Strides, rows: number, cols: number, count: number): number =>
  rows * cols * count === 0 ? 0 : 1 + (rows - 1) * row + (cols - 1) * col + (count - 1) * batch;

/**
 * Compares C with sums in f64, to within a few roundings of the sum of the terms' magnitudes; returns C. With `logical`, the operands'
 * values go by row and column, not by address, so that products of other strides are the same.
 */
function check(kernels: Kernels, product: Product, logical = false): readonly number[] {
  const { m, n, k, batch = 1, gap = 0, accumulate = false, bias = false, relu = false } = product;
  const a: Strides = { row: k, col: 1, batch: m * k, ...product.a };
  const b: Strides = { row: n, col: 1, batch: k * n, ...product.b };
  const cRow = n + gap;
  kernels.reset();
  const [x, y] = [noise(reach(a, m, k, batch), 1), noise(reach(b, k, n, batch), 2)];
  if (logical) {
    for (let p = 0; p < k; p++) {
      for (let i = 0; i < m; i++) x[i * a.row + p * a.col] = Math.sin(i * 12.9 + p * 78.2);
      for (let j = 0; j < n; j++) y[p * b.row + j * b.col] = Math.sin(j * 39.3 + p * 11.1);
    }
  }
  const [shift, before] = [noise(n, 3), noise(m * cRow * batch, 4)];
  const [A, B, S] = [kernels.input("f32", x), kernels.input("f32", y), kernels.input("f32", shift)];
  const C = kernels.output("f32", before);
  const workspace = kernels.workspace("gemm_f32", m, n, k);
  const args: (Buffer | number)[] = [C, A, B, bias ? S : 0, m, n, k, a.row, a.col, b.row, b.col, cRow];
  args.push(batch, a.batch, b.batch, m * cRow, accumulate ? 1 : 0, relu ? 1 : 0, workspace);
  expect(kernels.run("gemm_f32", ...args)).toBe(0);
  const after = C.data;
  for (let at = 0; at < after.length; at++) {
    const [image, i, j] = [Math.floor(at / (m * cRow)), Math.floor(at / cRow) % m, at % cRow];
    const was = before[at] as number;
    const is = after[at] as number;
    if (j >= n) {
      expect(is, "between rows").toBe(was);
      continue;
    }
    let sum = (accumulate ? was : 0) + (bias ? (shift[j] as number) : 0);
    let size = Math.abs(sum);
    for (let p = 0; p < k; p++) {
      const left = x[image * a.batch + i * a.row + p * a.col] as number;
      const term = left * (y[image * b.batch + p * b.row + j * b.col] as number);
      sum += term;
      size += Math.abs(term);
    }
    if (relu) sum = Math.max(sum, 0);
    if (!(Math.abs(is - sum) <= 1e-6 * size)) {
      throw new Error(`${JSON.stringify(product)}: element ${image}, ${i}, ${j} is ${is}, should be ${sum}`);
    }
  }
  return after;
}

const SIZES = [0, 1, 3, 4, 5, 7, 8, 9, 17, 33, 65];
const LONG = [130, 300, 600];

describe.each(variants)("gemm (%s)", (variant) => {
  const kernels = new Kernels(variant);

  test.each([
    ["A·B", false, false],
    ["Aᵀ·B", true, false],
    ["A·Bᵀ", false, true],
    ["Aᵀ·Bᵀ", true, true],
  ])("%s of all sizes", (_, turnA, turnB) => {
    for (const m of SIZES) {
      for (const n of SIZES) {
        for (const k of [0, 1, 4, 9, 33]) {
          const a = turnA ? { row: 1, col: m } : {};
          const b = turnB ? { row: 1, col: k } : {};
          check(kernels, { m, n, k, a, b, gap: (m + n) % 2, accumulate: m % 2 === 1, bias: k % 2 === 1 });
        }
      }
    }
    for (const size of LONG) {
      for (const [m, n, k] of [
        [size, 9, 5],
        [5, size, 9],
        [9, 5, size],
        [130, 20, size],
        [21, size, 130],
      ] as const) {
        const a = turnA ? { row: 1, col: m } : {};
        const b = turnB ? { row: 1, col: k } : {};
        check(kernels, { m, n, k, a, b, accumulate: size === 300, bias: size > 130 });
      }
    }
  });

  test("parts of rows that are cut into other blocks than the whole", () => {
    check(kernels, { m: 361, n: 20, k: 50, a: { row: 1, col: 361 } });
  });

  test("heights of tiles", () => {
    for (let m = 1; m <= 34; m++) check(kernels, { m, n: 12, k: 3, bias: true });
  });

  test.each([1, 2, 3, 4])("products with %i vectors: the same bits however the matrix lies", (few) => {
    for (const [rows, k] of [
      [1, 4096],
      [5, 1030],
      [17, 300],
      [64, 64],
      [70, 97],
      [1025, 4],
      [4099, 1],
      [1100, 37],
    ] as const) {
      for (const turned of [false, true]) {
        const [m, n] = turned ? [few, rows] : [rows, few];
        const options = { m, n, k, bias: k % 2 === 1, accumulate: rows % 2 === 0, relu: k > 64 };
        const [matrix, vectors] = turned ? (["b", "a"] as const) : (["a", "b"] as const);
        // by rows and by columns, as A and as B have them, and with gaps
        const byRows = turned ? { row: 1, col: k } : { row: k, col: 1 };
        const byColumns = turned ? { row: rows, col: 1 } : { row: 1, col: rows };
        const apart = turned ? { row: 2, col: 2 * k + 1 } : { row: 2 * k + 1, col: 2 };
        const packed = turned ? { row: k, col: 1 } : { row: 1, col: k };
        const apartToo = turned ? { row: 1, col: few } : { row: few, col: 1 };
        const results = [byRows, byColumns, apart].flatMap((strides) =>
          [packed, apartToo].map((own) =>
            check(kernels, { ...options, [matrix]: strides, [vectors]: own }, true),
          ),
        );
        for (const result of results) expect(result).toEqual(results[0]);
      }
    }
    check(kernels, { m: few, n: 600, k: 20, batch: 3, gap: 1 });
    check(kernels, { m: 600, n: few, k: 20, batch: 3, gap: 1, b: { batch: 0 } });
  });

  test("any strides", () => {
    for (const [m, n, k] of [
      [6, 11, 13],
      [40, 50, 300],
    ] as const) {
      check(kernels, { m, n, k, a: { row: 2 * k, col: 2 }, b: { row: 3, col: 3 * k } });
      check(kernels, { m, n, k, a: { row: 0, col: 1 }, b: { row: 0, col: 1 } });
      check(kernels, { m, n, k, a: { row: 1, col: 0 }, b: { row: 1, col: 0 }, accumulate: true });
    }
  });

  test("batches, of parts of their own or shared", () => {
    for (const batch of [0, 1, 2, 3, 5, 8, 13]) {
      for (const [m, n, k] of [
        [5, 7, 3],
        [16, 8, 20],
        [30, 50, 7],
      ] as const) {
        check(kernels, { m, n, k, batch });
        check(kernels, { m, n, k, batch, a: { batch: 0 }, accumulate: true });
        check(kernels, { m, n, k, batch, b: { batch: 0 }, bias: true, accumulate: true });
      }
    }
  });

  test("rectified at the end, with the bits of the product", () => {
    for (const [m, n, k] of [
      [5, 7, 0],
      [9, 20, 30],
      [30, 9, 300],
      [1, 70, 600],
      [70, 2, 600],
    ] as const) {
      for (const given of [0, 1]) {
        check(kernels, { m, n, k, bias: given === 1, relu: true });
        check(kernels, { m, n, k, accumulate: true, relu: true, batch: 3 });
        kernels.reset();
        const [A, B] = [kernels.input("f32", noise(m * k, 1)), kernels.input("f32", noise(k * n, 2))];
        const [C, R, S] = [
          kernels.output("f32", m * n),
          kernels.output("f32", m * n),
          kernels.input("f32", noise(n, 3)),
        ];
        const workspace = kernels.workspace("gemm_f32", m, n, k);
        const layout = [given * S.ptr, m, n, k, k, 1, n, 1, n, 1, 0, 0, 0, 0];
        kernels.run("gemm_f32", C, A, B, ...layout, 0, workspace);
        kernels.run("relu_f32", C, C, m * n);
        kernels.run("gemm_f32", R, A, B, ...layout, 1, workspace);
        expect(R.data).toEqual(C.data);
      }
    }
  });

  test("infinities and NaN reach their elements only", () => {
    kernels.reset();
    const A = kernels.input("f32", [1, 0, 0, 1, Infinity, 0]);
    const B = kernels.input("f32", [NaN, 2, 3, 4]);
    const C = kernels.output("f32", 6);
    const workspace = kernels.workspace("gemm_f32", 3, 2, 2);
    kernels.run("gemm_f32", C, A, B, 0, 3, 2, 2, 2, 1, 2, 1, 2, 1, 0, 0, 0, 0, 0, workspace);
    expect(C.data).toEqual([NaN, 2, NaN, 4, NaN, Infinity]);
  });

  test("B packed once gives the same bits", () => {
    for (const m of [0, 1, 9, 33]) {
      for (const n of [0, 1, 7, 20, 530]) {
        for (const k of [0, 7, 600]) {
          // gemm_f32 has sums of another order there
          if (Math.min(m, n) <= 4 && Math.max(m, n) * k >= 4096) continue;
          for (const accumulate of [0, 1]) {
            kernels.reset();
            const A = kernels.input("f32", noise(m * k, 1));
            const B = kernels.input("f32", noise(k * n, 2));
            const [expected, C] = [
              kernels.output("f32", noise(m * n, 3)),
              kernels.output("f32", noise(m * n, 3)),
            ];
            const workspace = kernels.workspace("gemm_f32", m, n, k);
            // B by columns where m is odd
            const [bRow, bCol] = m % 2 === 1 ? [1, k] : [n, 1];
            const strides = [k, 1, bRow, bCol, n, 1, 0, 0, 0, accumulate, 0];
            kernels.run("gemm_f32", expected, A, B, 0, m, n, k, ...strides, workspace);
            const panels = kernels.output("f32", Math.ceil(n / 8) * 8 * k);
            kernels.run("gemmPack_f32", panels, B, n, k, bRow, bCol);
            const own = kernels.workspace("gemmPacked_f32", m, k);
            kernels.run("gemmPacked_f32", C, A, panels, m, n, k, k, 1, n, accumulate, own);
            expect(C.data, `${m} × ${n} × ${k}`).toEqual(expected.data);
          }
        }
      }
    }
  });
});
