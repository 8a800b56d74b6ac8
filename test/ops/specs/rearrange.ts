import * as ops from "../../../src/ops/index.ts";
import { zeros, type Tensor } from "../../../src/index.ts";
import { at, fromFn, nd, type Nd } from "../nd.ts";
import { f32, type OpSpec } from "../spec.ts";
import { one } from "./elementwise.ts";

export const modulo = (i: number, n: number): number => ((i % n) + n) % n;
export const from = (dim: number, rank: number): number => (dim < 0 ? dim + rank : dim);
export const reshaped = (x: Nd, shape: readonly number[]): Nd => nd(shape, x.data);

interface Roll {
  readonly shifts: number | readonly number[];
  readonly dims?: number | readonly number[];
}

function rolled(x: Nd, { shifts, dims }: Roll): Nd {
  if (dims === undefined) {
    const n = x.data.length;
    return nd(
      x.shape,
      x.data.map((_, i) => x.data[modulo(i - (shifts as number), n)] as number),
    );
  }
  const [steps, along] = [[shifts].flat(), [dims].flat().map((d) => from(d, x.shape.length))];
  return fromFn(x.shape, (index) => {
    const source = index.slice();
    along.forEach((d, i) => {
      source[d] = modulo((source[d] as number) - (steps[i] as number), x.shape[d] as number);
    });
    return at(x, source);
  });
}

const triangle = (
  op: typeof ops.tril,
  keeps: (i: number, j: number, diagonal: number) => boolean,
): OpSpec => ({
  samples: [
    { inputs: [f32([3, 4])], attrs: {} },
    { inputs: [f32([4, 3])], attrs: { diagonal: 1 } },
    { inputs: [f32([2, 3, 3])], attrs: { diagonal: -1 } },
    { inputs: [f32([2, 3])], attrs: { diagonal: 9 } },
    { inputs: [f32([2, 3])], attrs: { diagonal: -9 } },
    { inputs: [f32([0, 3])], attrs: {} },
  ],
  call: ([x], a: object) => op(x as Tensor, a),
  reference: ([x], { diagonal = 0 }: { diagonal?: number }) =>
    fromFn((x as Nd).shape, (index) => {
      const [i, j] = index.slice(-2) as [number, number];
      return keeps(i, j, diagonal) ? at(x as Nd, index) : 0;
    }),
  errors: [
    [() => op(one()), "ShapeError", /needs at least two dimensions/],
    [() => op(zeros([2, 2]), { diagonal: 0.5 }), "ValueError", /diagonal must be a whole number, got 0.5/],
  ],
});

interface Which {
  readonly offset?: number;
  readonly dim1?: number;
  readonly dim2?: number;
}

export const rearrangeSpecs = {
  roll: {
    samples: [
      { inputs: [f32([5])], attrs: { shifts: 2 } },
      { inputs: [f32([2, 3])], attrs: { shifts: -1 } },
      { inputs: [f32([2, 3])], attrs: { shifts: 4, dims: -1 } },
      { inputs: [f32([2, 3, 2])], attrs: { shifts: [1, -1], dims: [0, 1] } },
      { inputs: [f32([3])], attrs: { shifts: 3, dims: 0 } },
      { inputs: [f32([4])], attrs: { shifts: [1, 2], dims: [0, 0] } },
      { inputs: [f32([])], attrs: { shifts: 1 } },
      { inputs: [f32([0, 2])], attrs: { shifts: 1, dims: 0 } },
    ],
    call: ([x], { shifts, dims }: Roll) => ops.roll(x as Tensor, shifts, dims === undefined ? {} : { dims }),
    reference: ([x], a: Roll) => rolled(x as Nd, a),
    errors: [
      [() => ops.roll(one(), [1, 2]), "ValueError", /got shifts \[1, 2\] without dims/],
      [() => ops.roll(one(), 1, { dims: [0, 0] }), "ValueError", /shifts \[1\] for dims \[0, 0\]/],
      [() => ops.roll(one(), 1, { dims: 1 }), "ShapeError", /roll: dim 1 is outside/],
    ],
  },
  tril: triangle(ops.tril, (i, j, diagonal) => j - i <= diagonal),
  triu: triangle(ops.triu, (i, j, diagonal) => j - i >= diagonal),
  diagonal: {
    samples: [
      { inputs: [f32([3, 4])], attrs: {} },
      { inputs: [f32([3, 4])], attrs: { offset: 2 } },
      { inputs: [f32([4, 3])], attrs: { offset: -1 } },
      { inputs: [f32([2, 3, 2])], attrs: { dim1: -1, dim2: 1, offset: 1 } },
      { inputs: [f32([2, 3])], attrs: { offset: 7 } },
    ],
    call: ([x], a: Which) => ops.diagonal(x as Tensor, a),
    reference: ([input], { offset = 0, dim1 = 0, dim2 = 1 }: Which) => {
      const x = input as Nd;
      const [a, b] = [from(dim1, x.shape.length), from(dim2, x.shape.length)];
      const down = Math.max(0, -offset);
      const right = Math.max(0, offset);
      const length = Math.max(0, Math.min((x.shape[a] as number) - down, (x.shape[b] as number) - right));
      const rest = x.shape.map((_, d) => d).filter((d) => d !== a && d !== b);
      return fromFn([...rest.map((d) => x.shape[d] as number), length], (index) => {
        const i = index.at(-1) as number;
        const source = new Array<number>(x.shape.length);
        rest.forEach((d, r) => (source[d] = index[r] as number));
        source[a] = i + down;
        source[b] = i + right;
        return at(x, source);
      });
    },
    errors: [
      [
        () => ops.diagonal(zeros([2, 2]), { dim2: 0 }),
        "ShapeError",
        /needs two dimensions of \[2, 2\], got 0 twice/,
      ],
      [() => ops.diagonal(one()), "ShapeError", /diagonal: dim 1 is outside/],
    ],
  },
  pixelShuffle: {
    samples: [
      { inputs: [f32([1, 8, 2, 1])], attrs: { upscaleFactor: 2 } },
      { inputs: [f32([9, 1, 2])], attrs: { upscaleFactor: 3 } },
    ],
    call: ([x], a: { upscaleFactor: number }) => ops.pixelShuffle(x as Tensor, a),
    reference: ([input], { upscaleFactor: r }: { upscaleFactor: number }) => {
      const x = input as Nd;
      const [c, h, w] = x.shape.slice(-3) as [number, number, number];
      return fromFn([...x.shape.slice(0, -3), c / r / r, h * r, w * r], (index) => {
        const [k, i, j] = index.slice(-3) as [number, number, number];
        const channel = k * r * r + (i % r) * r + (j % r);
        return at(x, [...index.slice(0, -3), channel, Math.floor(i / r), Math.floor(j / r)]);
      });
    },
    errors: [
      [
        () => ops.pixelShuffle(zeros([1, 3, 2, 2]), { upscaleFactor: 2 }),
        "ShapeError",
        /takes \[..., c, h, w\] with c a multiple of 4, got \[1, 3, 2, 2\]/,
      ],
      [
        () => ops.pixelShuffle(zeros([4, 2, 2]), { upscaleFactor: 0 }),
        "ValueError",
        /whole number ≥ 1, got 0/,
      ],
    ],
  },
  pixelUnshuffle: {
    samples: [
      { inputs: [f32([1, 2, 2, 4])], attrs: { downscaleFactor: 2 } },
      { inputs: [f32([1, 3, 6])], attrs: { downscaleFactor: 3 } },
    ],
    call: ([x], a: { downscaleFactor: number }) => ops.pixelUnshuffle(x as Tensor, a),
    reference: ([input], { downscaleFactor: r }: { downscaleFactor: number }) => {
      const x = input as Nd;
      const [c, h, w] = x.shape.slice(-3) as [number, number, number];
      return fromFn([...x.shape.slice(0, -3), c * r * r, h / r, w / r], (index) => {
        const [k, i, j] = index.slice(-3) as [number, number, number];
        const cell = k % (r * r);
        const [row, column] = [i * r + Math.floor(cell / r), j * r + (cell % r)];
        return at(x, [...index.slice(0, -3), Math.floor(k / r / r), row, column]);
      });
    },
    errors: [
      [
        () => ops.pixelUnshuffle(zeros([1, 3, 2]), { downscaleFactor: 2 }),
        "ShapeError",
        /with h and w multiples of 2, got \[1, 3, 2\]/,
      ],
    ],
  },
  unflatten: {
    samples: [
      { inputs: [f32([2, 6])], attrs: [1, [3, -1], [2, 3, 2]] },
      { inputs: [f32([4, 3])], attrs: [-2, [2, 2], [2, 2, 3]] },
    ],
    call: ([x], [dim, sizes]: [number, number[]]) => ops.unflatten(x as Tensor, dim, sizes),
    reference: ([x], [, , shape]: [number, number[], number[]]) => reshaped(x as Nd, shape),
    errors: [[() => ops.unflatten(zeros([6]), 0, [4, 2]), "ShapeError", /unflatten: \[6\] has 6 elements/]],
  },
  unbind: {
    samples: [{ inputs: [f32([3, 2])], attrs: 1 }],
    call: ([x], i: number) => ops.unbind(x as Tensor, { dim: 1 })[i] as Tensor,
    reference: ([x], i: number) => fromFn([3], ([a]) => at(x as Nd, [a as number, i])),
    errors: [[() => ops.unbind(zeros([])), "ShapeError", /a scalar has no dimension to take apart/]],
  },
  meshgrid: {
    samples: [
      { inputs: [f32([2]), f32([3])], attrs: ["ij", 0, [2, 3], 0] },
      { inputs: [f32([2]), f32([3])], attrs: ["ij", 1, [2, 3], 1] },
      { inputs: [f32([2]), f32([3]), f32([])], attrs: ["xy", 0, [3, 2, 1], 1] },
      { inputs: [f32([2]), f32([3])], attrs: ["xy", 1, [3, 2], 0] },
    ],
    call: (tensors, [indexing, i]: ["ij" | "xy", number]) => ops.meshgrid(tensors, { indexing })[i] as Tensor,
    reference: (tensors, [, i, shape, along]: [string, number, number[], number]) =>
      fromFn(shape, (index) => at(tensors[i] as Nd, [index[along] as number])),
    gradients: [],
    errors: [
      [() => ops.meshgrid([zeros([2, 2])]), "ShapeError", /takes vectors and scalars, tensor 0 is \[2, 2\]/],
      [
        () => ops.meshgrid([one()], { indexing: "yx" as "xy" }),
        "ValueError",
        /indexing must be "ij" or "xy", got "yx"/,
      ],
    ],
  },
  broadcastTo: {
    samples: [{ inputs: [f32([3, 1])] }],
    call: ([x]) => ops.broadcastTo(x as Tensor, [2, 3, 4]),
    reference: ([x]) => fromFn([2, 3, 4], ([, i]) => at(x as Nd, [i as number, 0])),
    errors: [[() => ops.broadcastTo(one(), [3]), "ShapeError", /does not broadcast to \[3\]/]],
  },
} satisfies Record<string, OpSpec>;
