import * as ops from "../../../src/ops/index.ts";
import { zeros, type Tensor } from "../../../src/index.ts";
import { at, fromFn, nd, type Nd } from "../nd.ts";
import { exactly, f32, i32, type OpSpec, type Sample } from "../spec.ts";

/** The positions that each output's window covers along one dimension, and how many cells it counts. */
type Windows = readonly { readonly inside: readonly number[]; readonly cells: number }[];

interface Row {
  readonly kernelSize: number;
  readonly stride?: number;
  readonly padding?: number;
  readonly dilation?: number;
  readonly ceilMode?: boolean;
}

/** PyTorch's windows along a dimension of n. */
function windows(n: number, w: Row): Windows {
  const { kernelSize: k, stride = k, padding = 0, dilation = 1, ceilMode = false } = w;
  const room = (n + 2 * padding - dilation * (k - 1) - 1) / stride;
  let count = (ceilMode ? Math.ceil(room) : Math.floor(room)) + 1;
  if (ceilMode && (count - 1) * stride >= n + padding) count--;
  return Array.from({ length: count }, (_, o) => {
    const taps = Array.from({ length: k }, (__, t) => o * stride - padding + t * dilation);
    // What ceilMode lets reach beyond the trailing padding does not count.
    const cells = taps.filter((p) => p < n + padding).length;
    return { inside: taps.filter((p) => p >= 0 && p < n), cells };
  });
}

function adaptiveWindows(n: number, m: number | null): Windows {
  const count = m ?? n;
  return Array.from({ length: count }, (_, o) => {
    const [from, end] = [Math.floor((o * n) / count), Math.ceil(((o + 1) * n) / count)];
    return { inside: Array.from({ length: end - from }, (__, i) => from + i), cells: end - from };
  });
}

function pooled(
  x: Nd,
  rows: Windows,
  columns: Windows,
  f: (inside: number[], cells: number, places: number[]) => number,
): Nd {
  const width = x.shape.at(-1) as number;
  return fromFn([...x.shape.slice(0, -2), rows.length, columns.length], (index) => {
    const lead = index.slice(0, -2);
    const row = rows[index.at(-2) as number] as Windows[number];
    const column = columns[index.at(-1) as number] as Windows[number];
    const places = row.inside.flatMap((y) => column.inside.map((z) => y * width + z));
    const inside = row.inside.flatMap((y) => column.inside.map((z) => at(x, [...lead, y, z])));
    return f(inside, row.cells * column.cells, places);
  });
}

const ONE_ROW: Windows = [{ inside: [0], cells: 1 }];
const asImage = (x: Nd): Nd => nd([...x.shape.slice(0, -1), 1, x.shape.at(-1) as number], x.data);
const asRow = (x: Nd): Nd => nd([...x.shape.slice(0, -2), x.shape.at(-1) as number], x.data);
const pooledRow = (x: Nd, w: Windows, f: (inside: number[], cells: number) => number): Nd =>
  asRow(pooled(asImage(x), ONE_ROW, w, f));

const largest = (inside: number[]): number => inside.reduce((a, b) => Math.max(a, b), -Infinity);
const sum = (v: readonly number[]): number => v.reduce((a, b) => a + b, 0);
const mean = (v: number[]): number => sum(v) / v.length;

const ROWS: readonly Row[] = [
  { kernelSize: 2 },
  { kernelSize: 3, stride: 2, padding: 1 },
  { kernelSize: 2, stride: 3, ceilMode: true },
  { kernelSize: 3, stride: 1 },
];
const overRows = (rows: readonly Row[]): Sample[] => [
  ...rows.map((attrs) => ({ inputs: [f32([2, 2, 8])], attrs })),
  { inputs: [f32([3, 7])], attrs: rows[1] },
  { inputs: [exactly([0, 2, 5], [])], attrs: rows[0] },
  { inputs: [i32([1, 1, 6], -5, 5)], attrs: rows[0] },
];

type Size = number | null | readonly [number | null, number | null];
const SIZES: readonly Sample[] = [
  { inputs: [f32([2, 2, 4, 6])], attrs: 1 },
  { inputs: [f32([1, 2, 5, 7])], attrs: [2, 3] },
  { inputs: [f32([1, 1, 3, 4])], attrs: [5, 4] },
  { inputs: [f32([2, 5, 3])], attrs: [null, 2] },
  { inputs: [f32([1, 1, 6, 5])], attrs: [3, null] },
  { inputs: [f32([1, 2, 3, 3])], attrs: [0, 2] },
  { inputs: [exactly([0, 1, 4, 4], [])], attrs: 2 },
];

function adaptive2d(
  name: string,
  op: (x: Tensor, o: { outputSize: Size }) => Tensor,
  f: (v: number[]) => number,
): OpSpec {
  return {
    samples: SIZES,
    call: ([x], outputSize: Size) => op(x as Tensor, { outputSize }),
    reference: ([x], size: Size) => {
      const [rows, columns] = typeof size === "number" || size === null ? [size, size] : size;
      const [h, w] = (x as Nd).shape.slice(-2) as [number, number];
      return pooled(x as Nd, adaptiveWindows(h, rows), adaptiveWindows(w, columns), f);
    },
    errors: [
      [
        () => op(zeros([2, 2]), { outputSize: 1 }),
        "ShapeError",
        new RegExp(`${name}: takes \\[n, c, h, w\\] or \\[c, h, w\\], got \\[2, 2\\]`),
      ],
      [
        () => op(zeros([1, 2, 2]), { outputSize: -1 }),
        "ValueError",
        /outputSize must be whole numbers ≥ 0, or null to keep a size, got -1/,
      ],
      [() => op(zeros([1, 0, 2]), { outputSize: 1 }), "ShapeError", /needs a place to pool, got \[1, 0, 2\]/],
    ],
  };
}

function adaptive1d(
  name: string,
  op: (x: Tensor, o: { outputSize: number | null }) => Tensor,
  f: (v: number[]) => number,
): OpSpec {
  return {
    samples: [
      { inputs: [f32([2, 2, 7])], attrs: 3 },
      { inputs: [f32([2, 6])], attrs: 2 },
      { inputs: [f32([1, 1, 3])], attrs: null },
      { inputs: [f32([1, 2, 2])], attrs: 5 },
    ],
    call: ([x], outputSize: number | null) => op(x as Tensor, { outputSize }),
    reference: ([x], size: number | null) =>
      pooledRow(x as Nd, adaptiveWindows((x as Nd).shape.at(-1) as number, size), f),
    errors: [
      [
        () => op(zeros([4]), { outputSize: 1 }),
        "ShapeError",
        new RegExp(`${name}: takes \\[n, c, l\\] or \\[c, l\\], got \\[4\\]`),
      ],
      [() => op(zeros([1, 4]), { outputSize: 1.5 }), "ValueError", /outputSize must be whole numbers ≥ 0/],
    ],
  };
}

const widthOf = (x: Nd | undefined): number => (x as Nd).shape.at(-1) as number;

/** Positive, where roots of sums of powers are smooth. */
const positive = (shape: readonly number[]) => f32(shape, 0.5, 2);

export const poolSpecs = {
  maxPool1d: {
    samples: overRows([...ROWS, { kernelSize: 2, dilation: 3, stride: 1 }]),
    call: ([x], w: Row) => ops.maxPool1d(x as Tensor, w),
    reference: ([x], w: Row) => pooledRow(x as Nd, windows(widthOf(x), w), largest),
    errors: [
      [
        () => ops.maxPool1d(zeros([1, 1, 2]), { kernelSize: 3 }),
        "ShapeError",
        /maxPool1d: a window of 3 does not fit into 2/,
      ],
      [() => ops.maxPool1d(zeros([4]), { kernelSize: 2 }), "ShapeError", /takes \[n, c, l\] or \[c, l\]/],
      [
        () => ops.maxPool1d(zeros([1, 4]), { kernelSize: 2, stride: 0 }),
        "ValueError",
        /stride must be whole numbers ≥ 1/,
      ],
    ],
  },
  avgPool1d: {
    samples: [...overRows(ROWS), { inputs: [f32([1, 2, 7])], attrs: { ...ROWS[1], countIncludePad: false } }],
    call: ([x], w: Row) => ops.avgPool1d(x as Tensor, w),
    reference: ([x], w: Row & { countIncludePad?: boolean }) =>
      pooledRow(
        x as Nd,
        windows(widthOf(x), w),
        (v, cells) => sum(v) / (w.countIncludePad === false ? v.length : cells),
      ),
    errors: [
      [
        () => ops.avgPool1d(zeros([1, 4]), { kernelSize: 2, padding: 2 }),
        "ValueError",
        /avgPool1d: padding 2 is more than half the window of 2/,
      ],
      [
        () => ops.avgPool1d(zeros([1, 4]), { kernelSize: [2, 2] as never }),
        "ValueError",
        /kernelSize must be one number, got \[2,2\]/,
      ],
    ],
  },
  lpPool1d: {
    samples: [
      { inputs: [positive([2, 2, 8])], attrs: { normType: 2, kernelSize: 3, stride: 2 } },
      { inputs: [positive([1, 7])], attrs: { normType: 3, kernelSize: 2, ceilMode: true } },
    ],
    call: ([x], w: Row & { normType: number }) => ops.lpPool1d(x as Tensor, w),
    reference: ([x], w: Row & { normType: number }) =>
      pooledRow(x as Nd, windows(widthOf(x), w), (v, cells) => {
        const mean = sum(v.map((a) => a ** w.normType)) / cells;
        return (mean * w.kernelSize) ** (1 / w.normType);
      }),
    errors: [
      [
        () => ops.lpPool1d(zeros([1, 4]), { normType: 0, kernelSize: 2 }),
        "ValueError",
        /normType must be a finite number, not 0/,
      ],
    ],
  },
  lpPool2d: {
    samples: [
      { inputs: [positive([1, 2, 4, 5])], attrs: 2 },
      { inputs: [positive([1, 4, 4])], attrs: 1 },
    ],
    call: ([x], normType: number) =>
      ops.lpPool2d(x as Tensor, { normType, kernelSize: [2, 3], stride: [2, 1] }),
    reference: ([x], p: number) => {
      const rows = windows((x as Nd).shape.at(-2) as number, { kernelSize: 2 });
      const columns = windows(widthOf(x), { kernelSize: 3, stride: 1 });
      return pooled(x as Nd, rows, columns, (v) => sum(v.map((a) => a ** p)) ** (1 / p));
    },
    errors: [
      [
        () => ops.lpPool2d(zeros([1, 4, 4]), { normType: 2, kernelSize: 5 }),
        "ShapeError",
        /lpPool2d: a window of 5 does not fit into 4/,
      ],
    ],
  },
  adaptiveAvgPool1d: adaptive1d("adaptiveAvgPool1d", ops.adaptiveAvgPool1d, mean),
  adaptiveMaxPool1d: adaptive1d("adaptiveMaxPool1d", ops.adaptiveMaxPool1d, largest),
  adaptiveAvgPool2d: adaptive2d("adaptiveAvgPool2d", ops.adaptiveAvgPool2d, mean),
  adaptiveMaxPool2d: adaptive2d("adaptiveMaxPool2d", ops.adaptiveMaxPool2d, largest),
} satisfies Record<string, OpSpec>;
