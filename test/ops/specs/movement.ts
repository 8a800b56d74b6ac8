import * as ops from "../../../src/ops/index.ts";
import { zeros, type Tensor } from "../../../src/index.ts";
import { at, fromFn, nd, permute, sizeOf, spread, type Nd } from "../nd.ts";
import { f32, i32, type OpSpec } from "../spec.ts";
import { one } from "./elementwise.ts";

const reshaped = (x: Nd, shape: readonly number[]): Nd => nd(shape, x.data);

/** Elements along a dimension by a map of positions. */
const pick = (x: Nd, dim: number, length: number, from: (i: number) => number): Nd =>
  fromFn(
    x.shape.map((n, d) => (d === dim ? length : n)),
    (index) =>
      at(
        x,
        index.map((i, d) => (d === dim ? from(i) : i)),
      ),
  );

function joined(tensors: readonly Nd[], dim: number): Nd {
  const first = tensors[0] as Nd;
  const total = tensors.reduce((n, t) => n + (t.shape[dim] as number), 0);
  return fromFn(
    first.shape.map((n, d) => (d === dim ? total : n)),
    (index) => {
      let i = index[dim] as number;
      for (const t of tensors) {
        const n = t.shape[dim] as number;
        if (i < n)
          return at(
            t,
            index.map((v, d) => (d === dim ? i : v)),
          );
        i -= n;
      }
      return NaN;
    },
  );
}

export const movementSpecs = {
  reshape: {
    samples: [
      { inputs: [f32([2, 6])], attrs: { shape: [3, -1], result: [3, 4] } },
      { inputs: [f32([2, 3, 2])], attrs: { shape: [12], result: [12] } },
      { inputs: [f32([0, 3])], attrs: { shape: [3, 0], result: [3, 0] } },
      { inputs: [f32([1])], attrs: { shape: [], result: [] } },
    ],
    call: ([x], a: { shape: number[] }) => ops.reshape(x as Tensor, a.shape),
    reference: ([x], a: { result: number[] }) => reshaped(x as Nd, a.result),
    errors: [
      [
        () => ops.reshape(zeros([2, 3]), [4, 2]),
        "ShapeError",
        /reshape: \[2, 3\] has 6 elements, \[4, 2\] has 8; the number of elements must stay/,
      ],
      [() => ops.reshape(zeros([2, 3]), [-1, -1]), "ShapeError", /only one size may be −1/],
      [() => ops.reshape(zeros([2, 3]), [4, -1]), "ShapeError", /does not fit into \[4, /],
    ],
  },
  flatten: {
    samples: [
      { inputs: [f32([2, 3, 2])], attrs: { startDim: 1 } },
      { inputs: [f32([2, 1, 3])], attrs: { startDim: -2, endDim: -1 } },
    ],
    call: ([x], a: object) => ops.flatten(x as Tensor, a),
    reference: ([x]) => reshaped(x as Nd, [2, sizeOf((x as Nd).shape) / 2]),
    errors: [
      [
        () => ops.flatten(zeros([2, 3]), { startDim: 1, endDim: 0 }),
        "ShapeError",
        /startDim 1 lies behind endDim 0/,
      ],
    ],
  },
  squeeze: {
    samples: [
      { inputs: [f32([1, 3, 1])], attrs: {} },
      { inputs: [f32([1, 3])], attrs: { dim: 0 } },
      { inputs: [f32([3, 1, 1])], attrs: { dim: [1, -1] } },
    ],
    call: ([x], a: object) => ops.squeeze(x as Tensor, a),
    reference: ([x]) => reshaped(x as Nd, [3]),
  },
  unsqueeze: {
    samples: [
      { inputs: [f32([2, 3])], attrs: [1, [2, 1, 3]] },
      { inputs: [f32([2])], attrs: [-1, [2, 1]] },
    ],
    call: ([x], [dim]: [number]) => ops.unsqueeze(x as Tensor, dim),
    reference: ([x], [, shape]: [number, number[]]) => reshaped(x as Nd, shape),
    errors: [[() => ops.unsqueeze(one(), 3), "ShapeError", /dim 3 is outside \[-2, 1\]/]],
  },
  permute: {
    samples: [
      { inputs: [f32([2, 3, 4])], attrs: [2, 0, 1] },
      { inputs: [f32([2, 3])], attrs: [0, 1] },
    ],
    call: ([x], dims: number[]) => ops.permute(x as Tensor, dims),
    reference: ([x], dims: number[]) => permute(x as Nd, dims),
    errors: [
      [
        () => ops.permute(zeros([2, 3]), [0, 0]),
        "ShapeError",
        /must name each of the 2 dimensions of \[2, 3\] once/,
      ],
    ],
  },
  transpose: {
    samples: [{ inputs: [f32([2, 3, 4])] }],
    call: ([x]) => ops.transpose(x as Tensor, 0, -1),
    reference: ([x]) => permute(x as Nd, [2, 1, 0]),
  },
  movedim: {
    samples: [
      { inputs: [f32([2, 3, 4])], attrs: [0, 2, [1, 2, 0]] },
      {
        inputs: [f32([2, 3, 4])],
        attrs: [
          [0, 1],
          [2, 0],
          [1, 2, 0],
        ],
      },
    ],
    call: ([x], [from, to]: [number, number]) => ops.movedim(x as Tensor, from, to),
    reference: ([x], [, , order]: [number, number, number[]]) => permute(x as Nd, order),
  },
  expand: {
    samples: [
      { inputs: [f32([3, 1])], attrs: [2, 3, 4] },
      { inputs: [f32([])], attrs: [3] },
      { inputs: [f32([2, 3])], attrs: [2, 3] },
    ],
    call: ([x], shape: number[]) => ops.expand(x as Tensor, shape),
    reference: ([x], shape: number[]) => fromFn(shape, (index) => spread(x as Nd, index)),
    errors: [
      [
        () => ops.expand(zeros([2, 3]), [2, 4]),
        "ShapeError",
        /expand: \[2, 3\] does not broadcast to \[2, 4\]/,
      ],
    ],
  },
  flip: {
    samples: [
      { inputs: [f32([2, 3])], attrs: { dims: [1] } },
      { inputs: [f32([3, 2])], attrs: { dims: [0, 1] } },
    ],
    call: ([x], a: { dims: number[] }) => ops.flip(x as Tensor, a),
    reference: ([x], { dims }: { dims: number[] }) =>
      fromFn((x as Nd).shape, (index) =>
        at(
          x as Nd,
          index.map((i, d) => (dims.includes(d) ? ((x as Nd).shape[d] as number) - 1 - i : i)),
        ),
      ),
  },
  slice: {
    samples: [
      { inputs: [f32([7, 2])], attrs: { dim: 0, start: 1, end: 6, step: 2 } },
      { inputs: [f32([2, 5])], attrs: { dim: -1, start: -3 } },
      { inputs: [f32([4])], attrs: { start: 3, end: 1 } },
    ],
    call: ([x], a: object) => ops.slice(x as Tensor, a),
    reference: (
      [x],
      { dim = 0, start = 0, end, step = 1 }: { dim?: number; start?: number; end?: number; step?: number },
    ) => {
      const source = x as Nd;
      const d = dim < 0 ? dim + source.shape.length : dim;
      const n = source.shape[d] as number;
      const [from, to] = [start < 0 ? start + n : start, end ?? n];
      return pick(source, d, Math.max(0, Math.ceil((to - from) / step)), (i) => from + i * step);
    },
    errors: [[() => ops.slice(one(), { step: 0 }), "ValueError", /step must be a whole number ≥ 1, got 0/]],
  },
  narrow: {
    samples: [{ inputs: [f32([5, 2])], attrs: { dim: 0, start: 2, length: 3 } }],
    call: ([x], a: { dim: number; start: number; length: number }) => ops.narrow(x as Tensor, a),
    reference: ([x]) => pick(x as Nd, 0, 3, (i) => i + 2),
    errors: [
      [
        () => ops.narrow(one(), { dim: 0, start: 1, length: 5 }),
        "ShapeError",
        /start 1 and length 5 leave dimension 0 of size 2/,
      ],
    ],
  },
  select: {
    samples: [{ inputs: [f32([2, 3])], attrs: 1 }],
    call: ([x], i: number) => ops.select(x as Tensor, 1, i),
    reference: ([x], i: number) =>
      reshaped(
        pick(x as Nd, 1, 1, () => i),
        [2],
      ),
    errors: [[() => ops.select(one(), 0, 7), "ShapeError", /start 7/]],
  },
  split: {
    samples: [{ inputs: [f32([5, 2])], attrs: [2, 3] }],
    call: ([x], sizes: number[]) => ops.split(x as Tensor, sizes)[1] as Tensor,
    reference: ([x]) => pick(x as Nd, 0, 3, (i) => i + 2),
    errors: [
      [
        () => ops.split(one(), [1, 2]),
        "ShapeError",
        /sizes \[1, 2\] add up to 3, dimension 0 of \[2\] has 2/,
      ],
    ],
  },
  chunk: {
    samples: [{ inputs: [f32([5, 2])] }],
    call: ([x]) => ops.chunk(x as Tensor, 2)[1] as Tensor,
    reference: ([x]) => pick(x as Nd, 0, 2, (i) => i + 3),
    errors: [[() => ops.chunk(one(), 0), "ValueError", /whole number of chunks ≥ 1, got 0/]],
  },
  cat: {
    samples: [
      { inputs: [f32([2, 3]), f32([1, 3])], attrs: 0 },
      { inputs: [f32([2, 3]), f32([2, 1]), f32([2, 0])], attrs: 1 },
    ],
    call: (tensors, dim: number) => ops.cat(tensors, { dim }),
    reference: (tensors, dim: number) => joined(tensors, dim),
    errors: [
      [() => ops.cat([]), "ValueError", /at least one tensor/],
      [
        () => ops.cat([zeros([2, 3]), zeros([2, 4])]),
        "ShapeError",
        /tensor 1 has shape \[2, 4\], tensor 0 \[2, 3\]; they may differ in dimension 0 only/,
      ],
    ],
  },
  stack: {
    samples: [{ inputs: [f32([2, 3]), f32([2, 3])] }],
    call: (tensors) => ops.stack(tensors, { dim: 1 }),
    reference: (tensors) =>
      joined(
        tensors.map((t) => reshaped(t, [2, 1, 3])),
        1,
      ),
    errors: [
      [() => ops.stack([zeros([2]), zeros([3])]), "ShapeError", /tensor 1 has shape \[3\], tensor 0 \[2\]/],
    ],
  },
  clone: {
    samples: [{ inputs: [f32([2, 3])] }],
    call: ([x]) => ops.clone(x as Tensor),
    reference: ([x]) => x as Nd,
  },
  contiguous: {
    samples: [{ inputs: [f32([2, 3])] }],
    call: ([x]) => ops.contiguous(x as Tensor),
    reference: ([x]) => x as Nd,
  },
  indexSelect: {
    samples: [
      { inputs: [f32([4, 3]), i32([5], -4, 4)], attrs: 0 },
      { inputs: [f32([2, 3, 2]), i32([2], 0, 3)], attrs: 1 },
    ],
    call: ([x, index], dim: number) => ops.indexSelect(x as Tensor, index as Tensor, { dim }),
    reference: ([x, index], dim: number) => {
      const [source, picks] = [x as Nd, index as Nd];
      const n = source.shape[dim] as number;
      return pick(source, dim, picks.data.length, (i) => ((picks.data[i] as number) + n) % n);
    },
    errors: [
      [
        () => ops.indexSelect(zeros([2]), zeros([1]), { dim: 0 }),
        "DTypeError",
        /indices must be whole numbers \(i32\), got f32/,
      ],
    ],
  },
  gather: {
    samples: [
      { inputs: [f32([3, 4]), i32([3, 2], 0, 4)], attrs: 1 },
      { inputs: [f32([3, 2]), i32([4, 2], 0, 3)], attrs: 0 },
    ],
    call: ([x, index], dim: number) => ops.gather(x as Tensor, index as Tensor, { dim }),
    reference: ([x, index], dim: number) =>
      fromFn((index as Nd).shape, (i) =>
        at(
          x as Nd,
          i.map((v, d) => (d === dim ? at(index as Nd, i) : v)),
        ),
      ),
    errors: [
      [
        () => ops.gather(zeros([2, 2]), zeros([1, 2, 1], { dtype: "i32" }), { dim: 0 }),
        "ShapeError",
        /must have the shape of the input/,
      ],
    ],
  },
  embedding: {
    samples: [{ inputs: [i32([2, 3], 0, 4), f32([4, 2])] }],
    call: ([index, weight]) => ops.embedding(index as Tensor, weight as Tensor),
    reference: ([index, weight]) =>
      fromFn([2, 3, 2], ([a, b, c]) =>
        at(weight as Nd, [at(index as Nd, [a as number, b as number]), c as number]),
      ),
    errors: [
      [
        () => ops.embedding(zeros([1], { dtype: "i32" }), zeros([3])),
        "ShapeError",
        /weight must be \[num, dim\]/,
      ],
    ],
  },
  oneHot: {
    samples: [{ inputs: [i32([2, 3], 0, 4)] }],
    call: ([x]) => ops.oneHot(x as Tensor, { numClasses: 4 }),
    reference: ([x]) =>
      fromFn([2, 3, 4], ([a, b, c]) => Number(at(x as Nd, [a as number, b as number]) === c)),
    gradients: [],
    errors: [
      [
        () => ops.oneHot(zeros([1], { dtype: "i32" }).add(7), { numClasses: 4 }),
        "IndexError",
        /class 7 at position 0 is outside \[0, 3\]/,
      ],
    ],
  },
} satisfies Record<string, OpSpec>;
