import * as ops from "../../../src/ops/index.ts";
import { tensor, zeros, type Tensor } from "../../../src/index.ts";
import { at, indices, nd, type Nd } from "../nd.ts";
import { exactly, f32, i32, type OpSpec } from "../spec.ts";
import { mask, pick, subscript, toItem, type Item } from "../subscript.ts";

const ints = (data: number[]): Tensor => tensor(data, { dtype: "i32" });

type Combine = (values: number[], self: number) => number;

/** What each place of x ends as, given the values that the index puts there along `dim`. */
function scattered(x: Nd, index: Nd, src: Nd | number, dim: number, combine: Combine): Nd {
  const d = dim < 0 ? dim + x.shape.length : dim;
  const placed = new Map<number, number[]>();
  for (const i of indices(index.shape)) {
    const n = x.shape[d] as number;
    const target = i.map((v, e) => (e === d ? (at(index, i) + n) % n : v));
    const flat = target.reduce((f, v, e) => f * (x.shape[e] as number) + v, 0);
    placed.set(flat, [...(placed.get(flat) ?? []), typeof src === "number" ? src : at(src, i)]);
  }
  return nd(
    x.shape,
    x.data.map((self, i) => (placed.has(i) ? combine(placed.get(i) as number[], self) : self)),
  );
}

/** Entries of x along a dimension, as a full index. */
const rows = (x: Nd, index: Nd, dim: number): Nd => {
  const shape = x.shape.map((n, d) => (d === dim ? index.data.length : n));
  return nd(
    shape,
    [...indices(shape)].map((i) => index.data[i[dim] as number] as number),
  );
};

const last: Combine = (values) => values.at(-1) as number;
const total: Combine = (values, self) => values.reduce((a, b) => a + b, self);

/** Indices that name no place twice: replaced values must have no say. */
const columns = exactly([3, 2], [0, 2, 3, -1, 1, 0], "i32");

const misfits = (op: (x: Tensor, index: Tensor, src: Tensor, options: { dim: number }) => Tensor) =>
  [
    [
      () => op(zeros([2, 3]), ints([0]), zeros([1]), { dim: 0 }),
      "ShapeError",
      /the index \[1\] must have the shape of the input \[2, 3\], or smaller sizes, but for dimension 0/,
    ],
    [
      () => op(zeros([3]), ints([0, 1]), zeros([1]), { dim: 0 }),
      "ShapeError",
      /the index \[2\] must not be larger than the source \[1\] in any dimension/,
    ],
    [
      () => op(zeros([3]), ints([0, 3]), zeros([2]), { dim: 0 }),
      "IndexError",
      /index 3 at position 1 is outside \[-3, 2\]/,
    ],
    [
      () => op(zeros([3], { dtype: "i32" }), ints([0]), zeros([1]), { dim: 0 }),
      "DTypeError",
      /f32 does not go into i32; convert with to\(src, "i32"\)/,
    ],
    [() => op(zeros([3]), zeros([1]), zeros([1]), { dim: 0 }), "DTypeError", /whole numbers/],
    [() => op(zeros([3]), ints([0]), zeros([1]), { dim: 1 }), "ShapeError", /dim 1 is outside/],
  ] as const;

interface Reduce {
  readonly dim: number;
  readonly reduce: "sum" | "prod" | "mean" | "amax" | "amin";
  readonly includeSelf?: boolean;
}
const REDUCE: Record<Reduce["reduce"], (values: number[]) => number> = {
  sum: (values) => values.reduce((a, b) => a + b, 0),
  prod: (values) => values.reduce((a, b) => a * b, 1),
  mean: (values) => values.reduce((a, b) => a + b, 0) / values.length,
  amax: (values) => Math.max(...values),
  amin: (values) => Math.min(...values),
};
const repeated = exactly([3, 3], [0, 1, 0, 0, 2, 0, 3, 2, 2], "i32");

export const placingSpecs = {
  scatter: {
    samples: [
      { inputs: [f32([3, 5]), columns, f32([3, 2])], attrs: [1] },
      { inputs: [f32([5, 2]), columns, f32([4, 3])], attrs: [0] },
      { inputs: [f32([4, 3]), exactly([2, 2], [0, 1, 2, 0], "i32"), f32([2, 2])], attrs: [-1] },
      { inputs: [f32([2, 2, 3]), exactly([1, 2, 2], [2, 0, 1, 2], "i32"), f32([2, 2, 2])], attrs: [2] },
      { inputs: [f32([3, 5]), columns], attrs: [1, 7] },
      { inputs: [f32([3]), exactly([0], [], "i32"), f32([2])], attrs: [0] },
      { inputs: [f32([]), exactly([], [0], "i32"), f32([])], attrs: [0] },
      { inputs: [f32([3]), exactly([], [-1], "i32"), f32([2])], attrs: [0] },
    ],
    call: ([x, index, src], [dim, value]: [number, number?]) =>
      ops.scatter(x as Tensor, index as Tensor, value ?? (src as Tensor), { dim }),
    reference: ([x, index, src], [dim, value]: [number, number?]) => {
      const wide = (t: Nd): Nd => (t.shape.length === 0 ? nd([1], t.data) : t);
      const out = scattered(wide(x as Nd), wide(index as Nd), value ?? wide(src as Nd), dim, last);
      return nd((x as Nd).shape, out.data);
    },
    errors: [
      ...misfits(ops.scatter),
      [
        () => ops.scatter(zeros([2]), ints([0]), "1" as never, { dim: 0 }),
        "ValueError",
        /scatter: values must be a number or a tensor, got "1"/,
      ],
    ],
  },
  scatterAdd: {
    samples: [
      { inputs: [f32([4, 3]), repeated, f32([3, 3])], attrs: 0 },
      { inputs: [f32([3, 4]), repeated, f32([3, 4])], attrs: 1 },
      { inputs: [f32([2, 3, 2]), i32([2, 4, 2], -3, 3), f32([2, 4, 2])], attrs: 1 },
      {
        inputs: [f32([4, 3]), exactly([5, 2], [0, 1, 0, 2, 0, 3, 1, 1, 1, 1], "i32"), f32([5, 2])],
        attrs: 0,
      },
      { inputs: [f32([3]), exactly([0], [], "i32"), f32([2])], attrs: 0 },
    ],
    call: ([x, index, src], dim: number) =>
      ops.scatterAdd(x as Tensor, index as Tensor, src as Tensor, { dim }),
    reference: ([x, index, src], dim: number) => scattered(x as Nd, index as Nd, src as Nd, dim, total),
    errors: [
      ...misfits(ops.scatterAdd),
      [
        () => ops.scatterAdd(zeros([3], { dtype: "u8" }), ints([0]), 1, { dim: 0 }),
        "DTypeError",
        /takes f32 or i32, got u8/,
      ],
    ],
  },
  scatterReduce: {
    samples: (["sum", "prod", "mean", "amax", "amin"] as const).flatMap((reduce) => [
      { inputs: [f32([4, 3]), repeated, f32([3, 3])], attrs: { dim: 0, reduce } },
      { inputs: [f32([3, 5]), repeated, f32([4, 3])], attrs: { dim: -1, reduce, includeSelf: false } },
      { inputs: [f32([5]), exactly([0], [], "i32"), f32([2])], attrs: { dim: 0, reduce } },
    ]),
    call: ([x, index, src], how: Reduce) =>
      ops.scatterReduce(x as Tensor, index as Tensor, src as Tensor, how),
    reference: ([x, index, src], { dim, reduce, includeSelf = true }: Reduce) =>
      scattered(x as Nd, index as Nd, src as Nd, dim, (values, self) =>
        REDUCE[reduce](includeSelf ? [self, ...values] : values),
      ),
    errors: [
      [
        () => ops.scatterReduce(zeros([3]), ints([0]), zeros([1]), { dim: 0, reduce: "max" as "amax" }),
        "ValueError",
        /reduce must be sum, prod, mean, amax or amin, got "max"/,
      ],
    ],
  },
  indexAdd: {
    samples: [
      { inputs: [f32([4, 2]), exactly([3], [0, -1, 0], "i32"), f32([3, 2])], attrs: { dim: 0 } },
      { inputs: [f32([2, 3, 2]), exactly([2], [2, 2], "i32"), f32([2, 2, 2])], attrs: { dim: 1, alpha: -2 } },
    ],
    call: ([x, index, source], a: { dim: number; alpha?: number }) =>
      ops.indexAdd(x as Tensor, index as Tensor, source as Tensor, a),
    reference: ([x, index, source], { dim, alpha = 1 }: { dim: number; alpha?: number }) =>
      scattered(x as Nd, rows(x as Nd, index as Nd, dim), source as Nd, dim, (values, self) =>
        values.reduce((a, b) => a + alpha * b, self),
      ),
    errors: [
      [
        () => ops.indexAdd(zeros([3, 2]), ints([0]), zeros([2, 2]), { dim: 0 }),
        "ShapeError",
        /indexAdd: the source must have the shape \[1, 2\], got \[2, 2\]/,
      ],
      [
        () => ops.indexAdd(zeros([3]), ints([3]), zeros([1]), { dim: 0 }),
        "IndexError",
        /indexAdd: index 3 at position 0 is outside \[-3, 2\]/,
      ],
      [
        () =>
          ops.indexAdd(zeros([3], { dtype: "bool" }), ints([0]), zeros([1], { dtype: "bool" }), { dim: 0 }),
        "DTypeError",
        /indexAdd: takes f32 or i32, got bool/,
      ],
    ],
  },
  indexCopy: {
    samples: [
      { inputs: [f32([4, 2]), exactly([2], [3, 0], "i32"), f32([2, 2])], attrs: 0 },
      { inputs: [f32([2, 3]), exactly([2], [-1, 0], "i32"), f32([2, 2])], attrs: 1 },
    ],
    call: ([x, index, source], dim: number) =>
      ops.indexCopy(x as Tensor, index as Tensor, source as Tensor, { dim }),
    reference: ([x, index, source], dim: number) =>
      scattered(x as Nd, rows(x as Nd, index as Nd, dim), source as Nd, dim, last),
    errors: [
      [
        () => ops.indexCopy(zeros([]), ints([0]), zeros([]), { dim: 0 }),
        "ShapeError",
        /a scalar has no dimension to index/,
      ],
    ],
  },
  indexFill: {
    samples: [
      { inputs: [f32([4, 2]), exactly([2], [3, 0], "i32")], attrs: [0, 5] },
      { inputs: [f32([2, 3]), exactly([3], [-1, 0, 0], "i32"), f32([])], attrs: [1] },
    ],
    call: ([x, index, value], [dim, constant]: [number, number?]) =>
      ops.indexFill(x as Tensor, index as Tensor, constant ?? (value as Tensor), { dim }),
    reference: ([x, index, value], [dim, constant]: [number, number?]) =>
      scattered(
        x as Nd,
        rows(x as Nd, index as Nd, dim),
        constant ?? ((value as Nd).data[0] as number),
        dim,
        last,
      ),
    // PyTorch's rule counts a place named twice twice; the reference knows better.
    gradients: [0],
    errors: [
      [
        () => ops.indexFill(zeros([2, 2]), zeros([1, 1], { dtype: "i32" }), 0, { dim: 0 }),
        "ShapeError",
        /the index must have one dimension, got \[1, 1\]/,
      ],
      [
        () => ops.indexFill(zeros([2]), ints([0]), null as never, { dim: 0 }),
        "ValueError",
        /indexFill: values must be a number or a tensor, got null/,
      ],
    ],
  },
  indexPut: {
    samples: [
      { inputs: [f32([3, 4]), f32([2])], attrs: [[1, { step: 2 }], false] },
      { inputs: [f32([3, 4]), f32([1, 4])], attrs: [[pick([2], [0, 2])], false] },
      { inputs: [f32([3, 3]), f32([4])], attrs: [[pick([4], [0, 2, 0, 0]), pick([4], [1, 1, 1, 0])], true] },
      { inputs: [f32([2, 3]), f32([])], attrs: [[mask([2, 3], [1, 0, 0, 1, 1, 0])], false] },
      { inputs: [f32([2, 3]), f32([3])], attrs: [["...", { step: -1 }], true] },
    ],
    call: ([x, values], [items, accumulate]: [Item[], boolean]) =>
      ops.indexPut(x as Tensor, items.map(toItem), values as Tensor, { accumulate }),
    reference: ([x, values], [items, accumulate]: [Item[], boolean]) => {
      const { shape, positions } = subscript((x as Nd).shape, items);
      const out = (x as Nd).data.slice();
      const v = values as Nd;
      [...indices(shape)].forEach((i, k) => {
        const own = v.shape.map((n, d) => (n === 1 ? 0 : (i[i.length - v.shape.length + d] as number)));
        const p = positions[k] as number;
        out[p] = (accumulate ? (out[p] as number) : 0) + at(v, own);
      });
      return nd((x as Nd).shape, out);
    },
    errors: [
      [
        () => ops.indexPut(zeros([2, 3]), [0], zeros([2])),
        "ShapeError",
        /indexPut: shapes \[3\] and \[2\] do not broadcast/,
      ],
      [
        () => ops.indexPut(zeros([2, 3]), [[0, 2]], 1),
        "IndexError",
        /indexPut: index 2 at position 1 is outside \[-2, 1\]/,
      ],
    ],
  },
} satisfies Record<string, OpSpec>;
