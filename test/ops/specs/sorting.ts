import * as ops from "../../../src/ops/index.ts";
import { zeros, type Tensor } from "../../../src/index.ts";
import { at, fromFn, indices, nd, type Nd } from "../nd.ts";
import { bool, exactly, f32, i32, type OpSpec, type Sample } from "../spec.ts";

const below = (a: number, b: number): boolean => (Number.isNaN(a) ? false : Number.isNaN(b) || a < b);

/** The values of a row and where they stood, in stable order; NaN counts as the largest. */
function ordered(row: readonly number[], descending = false): [value: number, at: number][] {
  return row
    .map((v, i): [number, number] => [v, i])
    .sort(([a, i], [b, j]) => {
      const [x, y] = descending ? [b, a] : [a, b];
      return below(x, y) ? -1 : below(y, x) ? 1 : i - j;
    });
}

const put = (i: readonly number[], d: number, value: number): number[] =>
  i.map((v, e) => (e === d ? value : v));

/** Runs `f` on every row along a dimension and lays out its results there, or drops the dimension where `f` gives a number. */
function along(x: Nd, dim: number, f: (row: number[]) => number[] | number): Nd {
  if (x.shape.length === 0) return nd([], [f([...x.data])].flat());
  const d = dim < 0 ? dim + x.shape.length : dim;
  const rows = new Map<string, number[] | number>();
  const key = (i: readonly number[]): string => i.filter((_, e) => e !== d).join();
  for (const i of indices(x.shape)) {
    if (rows.has(key(i))) continue;
    const row = Array.from({ length: x.shape[d] as number }, (_, k) => at(x, put(i, d, k)));
    rows.set(key(i), f(row));
  }
  if (rows.size === 0) return nd(x.shape, []);
  const sample = rows.values().next().value ?? [];
  if (typeof sample === "number") {
    return fromFn(
      x.shape.filter((_, e) => e !== d),
      (i) => rows.get(i.join()) as number,
    );
  }
  return fromFn(
    put(x.shape, d, sample.length),
    (i) => (rows.get(key(i)) as number[])[i[d] as number] as number,
  );
}

interface How {
  readonly dim?: number;
  readonly descending?: boolean;
  readonly largest?: boolean;
  readonly k?: number;
  readonly keepdim?: boolean;
}

const kept = (x: Nd, { dim = -1, keepdim }: How, f: (row: number[]) => number): Nd =>
  along(x, dim, keepdim ? (row) => [f(row)] : f);

/** Ties, both zeros, infinities and NaN. */
const odd = exactly([3, 6], [2, NaN, -0, 2, 0, -1, 0, 0, Infinity, -Infinity, NaN, NaN, 5, 5, 5, 5, 5, 5]);

const sorts: Sample[] = [
  { inputs: [f32([4, 5])], attrs: { dim: 1 } },
  { inputs: [f32([4, 5])], attrs: { dim: 0, descending: true } },
  { inputs: [f32([2, 5, 3])], attrs: { dim: -2 } },
  { inputs: [f32([50])], attrs: {} },
  { inputs: [f32([])], attrs: { dim: 0 } },
  { inputs: [f32([3, 0])], attrs: {} },
  { inputs: [f32([0, 3])], attrs: {} },
];
const selections = (attrs: How): Sample[] => [
  { inputs: [f32([4, 5])], attrs: { ...attrs, dim: 1 } },
  { inputs: [f32([5, 3])], attrs: { ...attrs, dim: 0, keepdim: true } },
  { inputs: [f32([2, 6, 2])], attrs: { ...attrs, dim: -2 } },
];

const middle = (row: readonly number[]): number => ordered(row)[(row.length - 1) >> 1]?.[0] as number;

export const sortingSpecs = {
  sort: {
    samples: sorts,
    call: ([x], a: How) => ops.sort(x as Tensor, a)[0],
    reference: ([x], { dim = -1, descending }: How) =>
      along(x as Nd, dim, (row) => ordered(row, descending).map(([v]) => v)),
    errors: [[() => ops.sort(zeros([2, 3]), { dim: 2 }), "ShapeError", /sort: dim 2 is outside \[-2, 1\]/]],
  },
  argsort: {
    samples: [
      ...sorts,
      { inputs: [odd], attrs: {} },
      { inputs: [odd], attrs: { descending: true } },
      { inputs: [odd], attrs: { dim: 0 } },
      { inputs: [i32([3, 60], -3, 3)], attrs: { descending: true } },
      { inputs: [bool([9])], attrs: {} },
    ],
    call: ([x], a: How) => ops.argsort(x as Tensor, a),
    reference: ([x], { dim = -1, descending }: How) =>
      along(x as Nd, dim, (row) => ordered(row, descending).map(([, i]) => i)),
    dtype: "i32",
    gradients: [],
  },
  topk: {
    samples: [
      { inputs: [f32([4, 9])], attrs: { k: 3 } },
      { inputs: [f32([9, 2])], attrs: { k: 2, dim: 0, largest: false } },
      { inputs: [f32([3, 40])], attrs: { k: 4 } },
      { inputs: [f32([5])], attrs: { k: 5 } },
      { inputs: [f32([5])], attrs: { k: 0 } },
      { inputs: [f32([])], attrs: { k: 1 } },
    ],
    call: ([x], { k = 1, ...a }: How) => ops.topk(x as Tensor, k, a)[0],
    reference: ([x], { k = 1, dim = -1, largest = true }: How) =>
      along(x as Nd, dim, (row) =>
        ordered(row, largest)
          .slice(0, k)
          .map(([v]) => v),
      ),
    errors: [
      [
        () => ops.topk(zeros([3]), 4),
        "ValueError",
        /k must be a whole number from 0 to 3, dimension 0 of \[3\], got 4/,
      ],
      [() => ops.topk(zeros([3]), 1.5), "ValueError", /got 1.5/],
    ],
  },
  kthvalue: {
    samples: selections({ k: 2 }),
    call: ([x], { k = 1, ...a }: How) => ops.kthvalue(x as Tensor, k, a)[0],
    reference: ([x], a: How) => kept(x as Nd, a, (row) => ordered(row)[(a.k ?? 1) - 1]?.[0] as number),
    errors: [
      [() => ops.kthvalue(zeros([3]), 0), "ValueError", /k must be a whole number from 1 to 3/],
      [() => ops.kthvalue(zeros([0]), 1), "ValueError", /from 1 to 0/],
    ],
  },
  median: {
    samples: [...selections({}), { inputs: [f32([3, 4])], attrs: {} }],
    call: ([x], { dim, keepdim = false }: How) =>
      dim === undefined ? ops.median(x as Tensor) : ops.median(x as Tensor, { dim, keepdim })[0],
    reference: ([x], a: How) =>
      a.dim === undefined ? nd([], [middle([...(x as Nd).data])]) : kept(x as Nd, a, middle),
    errors: [
      [() => ops.median(zeros([2, 0]), { dim: 1 }), "ShapeError", /dimension 1 of \[2, 0\] has no elements/],
    ],
  },
  nanmedian: {
    samples: [...selections({}), { inputs: [f32([3, 4])], attrs: {} }],
    call: ([x], { dim, keepdim = false }: How) =>
      dim === undefined ? ops.nanmedian(x as Tensor) : ops.nanmedian(x as Tensor, { dim, keepdim })[0],
    reference: ([x], a: How) =>
      a.dim === undefined ? nd([], [middle([...(x as Nd).data])]) : kept(x as Nd, a, middle),
    errors: [[() => ops.nanmedian(zeros([0])), "ShapeError", /no elements/]],
  },
  searchsorted: {
    samples: [
      { inputs: [exactly([4], [-1, 0, 0, 2]), exactly([5], [0, -2, 1, 2, NaN])], attrs: {} },
      { inputs: [exactly([4], [-1, 0, 0, 2]), exactly([2, 2], [0, -0, 2, 3])], attrs: { right: true } },
      { inputs: [exactly([2, 3], [1, 2, 3, 4, 5, 6], "i32"), i32([2, 4], 0, 8)], attrs: {} },
      { inputs: [exactly([3], [1, 2, 3], "i32"), exactly([2], [1.5, 9])], attrs: {} },
      { inputs: [exactly([0], []), f32([3])], attrs: {} },
      { inputs: [exactly([2], [0, 1]), f32([])], attrs: {} },
    ],
    call: ([s, v], a: object) => ops.searchsorted(s as Tensor, v as Tensor, a),
    reference: ([s, v], { right = false }: { right?: boolean }) => {
      const [sorted, values] = [s as Nd, v as Nd];
      const n = sorted.shape.at(-1) as number;
      const m = values.shape.at(-1) ?? 1;
      return nd(
        values.shape,
        values.data.map((value, i) => {
          const start = sorted.shape.length === 1 ? 0 : Math.floor(i / m) * n;
          const row = sorted.data.slice(start, start + n);
          return row.filter((entry) => (right ? !below(value, entry) : below(entry, value))).length;
        }),
      );
    },
    dtype: "i32",
    gradients: [],
    errors: [
      [
        () => ops.searchsorted(zeros([2, 3]), zeros([3, 1])),
        "ShapeError",
        /the sequence \[2, 3\] must have one dimension, or the leading ones of the values \[3, 1\]/,
      ],
      [() => ops.searchsorted(zeros([]), zeros([])), "ShapeError", /searchsorted: the sequence/],
    ],
  },
  bucketize: {
    samples: [{ inputs: [exactly([2, 2], [0.5, 1, 2.5, 9]), exactly([3], [1, 2, 3])] }],
    call: ([x, boundaries]) => ops.bucketize(x as Tensor, boundaries as Tensor),
    reference: () => nd([2, 2], [0, 0, 2, 3]),
    dtype: "i32",
    gradients: [],
    errors: [[() => ops.bucketize(zeros([2]), zeros([1, 2])), "ShapeError", /one dimension, got \[1, 2\]/]],
  },
  unique: {
    samples: [
      { inputs: [exactly([2, 3], [3, 1, 3, NaN, -2, NaN])] },
      { inputs: [f32([1])] },
      { inputs: [f32([0])] },
      { inputs: [f32([60])] },
    ],
    call: ([x]) => ops.unique(x as Tensor),
    reference: ([x]) => {
      const values = ordered([...new Set((x as Nd).data)]).map(([v]) => v);
      return nd([values.length], values);
    },
    gradients: [],
  },
} satisfies Record<string, OpSpec>;
