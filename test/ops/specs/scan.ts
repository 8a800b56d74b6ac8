import * as ops from "../../../src/ops/index.ts";
import { zeros, type Tensor } from "../../../src/index.ts";
import { at, fromFn, reduce, total, zip, type Nd } from "../nd.ts";
import { bool, exactly, f32, i32, type OpSpec, type Sample } from "../spec.ts";

interface Along {
  readonly dim?: number | readonly number[];
  readonly keepdim?: boolean;
  readonly p?: number;
}

function scan(op: (x: Tensor, how: { dim: number }) => Tensor, f: (a: number, b: number) => number): OpSpec {
  return {
    samples: [
      { inputs: [f32([7])], attrs: { dim: 0 } },
      { inputs: [f32([2, 3, 4])], attrs: { dim: 1 } },
      { inputs: [f32([3, 5])], attrs: { dim: -1 } },
      { inputs: [f32([5, 6])], attrs: { dim: 0 } },
      { inputs: [f32([])], attrs: { dim: 0 } },
      { inputs: [f32([2, 0])], attrs: { dim: 1 } },
      { inputs: [f32([0, 2])], attrs: { dim: 1 } },
      { inputs: [f32([1])], attrs: { dim: 0 } },
      { inputs: [exactly([6], [2, 0, 3, 0, 4, 5])], attrs: { dim: 0 } },
      { inputs: [exactly([2, 3], [0, 0, 3, 1.5, 2, 0])], attrs: { dim: 1 } },
    ],
    call: ([x], how: { dim: number }) => op(x as Tensor, how),
    reference: ([input], { dim }: { dim: number }) => {
      const x = input as Nd;
      const d = dim < 0 ? dim + x.shape.length : dim;
      return fromFn(x.shape, (index) => {
        const upTo = (index[d] ?? 0) + 1;
        const before = Array.from({ length: upTo }, (_, i) =>
          at(
            x,
            index.map((v, e) => (e === d ? i : v)),
          ),
        );
        return before.reduce(f);
      });
    },
    errors: [[() => op(zeros([2, 3]), { dim: 2 }), "ShapeError", /dim 2 is outside \[-2, 1\]/]],
  };
}

const size = (values: number[], p: number): number => {
  const sizes = values.map(Math.abs);
  if (p === 0) return sizes.filter((v) => v !== 0).length;
  if (p === Infinity) return Math.max(...sizes);
  if (p === -Infinity) return Math.min(...sizes);
  return total(sizes.map((v) => v ** p)) ** (1 / p);
};

const NORMS: readonly Sample[] = [
  ...[0, 1, 2, 3, 0.5, 1.5, 2.5, -1, -2, Infinity, -Infinity].flatMap((p): Sample[] => [
    { inputs: [f32([3, 4])], attrs: { p, dim: 1 } },
    { inputs: [f32([2, 3, 2])], attrs: { p, dim: [0, -1], keepdim: true } },
  ]),
  { inputs: [f32([9])], attrs: {} },
  { inputs: [f32([2, 3])], attrs: { keepdim: true } },
  { inputs: [f32([])], attrs: { p: 3 } },
  { inputs: [exactly([2, 0], [])], attrs: { dim: 1 } },
  { inputs: [i32([2, 5], -3, 3)], attrs: { p: 1, dim: 0 } },
];

type Pick = readonly [dim: number, keepdim: boolean];

function extremum(op: typeof ops.max, name: string, better: (a: number, b: number) => boolean): OpSpec {
  return {
    samples: [
      { inputs: [f32([2, 3, 4])] },
      { inputs: [f32([])] },
      { inputs: [f32([2, 3, 4])], attrs: [1, false] },
      { inputs: [f32([3, 5])], attrs: [-1, true] },
      { inputs: [f32([3, 5])], attrs: [0, false] },
      { inputs: [f32([])], attrs: [0, true] },
    ],
    call: ([x], how?: Pick) => (how ? op(x as Tensor, { dim: how[0], keepdim: how[1] })[0] : op(x as Tensor)),
    reference: ([x], how?: Pick) =>
      reduce(x as Nd, how ? { dim: how[0], keepdim: how[1] && (x as Nd).shape.length > 0 } : {}, (v) =>
        v.reduce((best, one) => (better(one, best) ? one : best)),
      ),
    errors: [
      [() => op(zeros([0, 3]), { dim: 0 }), "ShapeError", /nothing to reduce: \[0, 3\]/],
      [() => op(zeros([2]), { dim: 1 }), "ShapeError", new RegExp(`${name}: dim 1 is outside`)],
    ],
  };
}

export const scanSpecs = {
  cumsum: scan(ops.cumsum, (a, b) => a + b),
  cumprod: scan(ops.cumprod, (a, b) => a * b),
  max: extremum(ops.max, "max", (a, b) => a > b),
  min: extremum(ops.min, "min", (a, b) => a < b),
  norm: {
    samples: NORMS,
    call: ([x], a: Along) => ops.norm(x as Tensor, a),
    reference: ([x], a: Along) => reduce(x as Nd, a, (v) => size(v, a.p ?? 2)),
    errors: [
      [() => ops.norm(zeros([2, 0]), { p: Infinity, dim: 1 }), "ShapeError", /norm: nothing to reduce/],
      [() => ops.norm(zeros([2]), { p: NaN }), "ValueError", /p must be a number, got NaN/],
      [() => ops.norm(zeros([2]), { dim: 1 }), "ShapeError", /norm: dim 1 is outside/],
    ],
  },
  normalize: {
    samples: [
      { inputs: [f32([3, 4])], attrs: {} },
      { inputs: [f32([2, 3, 2])], attrs: { p: 3, dim: -1 } },
      { inputs: [f32([2, 3, 2])], attrs: { p: 1, dim: [0, 2] } },
      { inputs: [f32([2, 3], 0.01, 0.02)], attrs: { eps: 5 } },
      { inputs: [exactly([2, 2], [0, 0, 3, 4])], attrs: { eps: 1 } },
    ],
    call: ([x], a: Along & { eps?: number }) => ops.normalize(x as Tensor, a),
    reference: ([x], a: Along & { eps?: number }) => {
      const lengths = reduce(x as Nd, { dim: a.dim ?? 1, keepdim: true }, (v) =>
        Math.max(size(v, a.p ?? 2), a.eps ?? 1e-12),
      );
      return zip(x as Nd, lengths, (v, length) => v / length);
    },
    errors: [[() => ops.normalize(zeros([2])), "ShapeError", /dim 1 is outside/]],
  },
  countNonzero: {
    samples: [
      { inputs: [i32([2, 3, 4], -1, 2)], attrs: {} },
      { inputs: [i32([2, 3, 4], -1, 2)], attrs: { dim: [0, 2], keepdim: true } },
      { inputs: [bool([3, 5])], attrs: { dim: -1 } },
      { inputs: [exactly([4], [NaN, 0, -0, 0.5])], attrs: {} },
      { inputs: [exactly([0, 3], [])], attrs: { dim: 0 } },
    ],
    call: ([x], a: Along) => ops.countNonzero(x as Tensor, a),
    reference: ([x], a: Along) => reduce(x as Nd, a, (v) => v.filter((e) => e !== 0).length),
    dtype: "i32",
    gradients: [],
  },
} satisfies Record<string, OpSpec>;
