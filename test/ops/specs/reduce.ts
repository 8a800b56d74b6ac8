import * as ops from "../../../src/ops/index.ts";
import { zeros, type Tensor } from "../../../src/index.ts";
import { average, reduce, spreadOf, total, type Nd } from "../nd.ts";
import { bool, exactly, f32, i32, type OpSpec, type Sample } from "../spec.ts";

interface Along {
  readonly dim?: number | readonly number[];
  readonly keepdim?: boolean;
}

const HOW: readonly Along[] = [{}, { dim: 0 }, { dim: -1, keepdim: true }, { dim: [0, 2] }, { dim: [0, 1] }];

function reducer(
  op: (x: Tensor, how: Along) => Tensor,
  f: (values: number[]) => number,
  options: Partial<OpSpec> & { input?: (shape: readonly number[]) => Sample["inputs"][number] } = {},
): OpSpec {
  const { input = (shape: readonly number[]) => f32(shape), ...rest } = options;
  return {
    samples: [
      ...HOW.map((how) => ({ inputs: [input([2, 3, 4])], attrs: how })),
      { inputs: [input([37])], attrs: {} },
      { inputs: [input([])], attrs: {} },
      { inputs: [input([3, 17])], attrs: { dim: 1 } },
    ],
    call: ([x], how: Along) => op(x as Tensor, how),
    reference: ([x], how: Along) => reduce(x as Nd, how, f),
    errors: [
      [() => op(zeros([2, 3]), { dim: 2 }), "ShapeError", /dim 2 is outside \[-2, 1\] of a tensor of rank 2/],
      [() => op(zeros([2, 3]), { dim: [0, 0] }), "ShapeError", /dim 0 appears twice/],
    ],
    ...rest,
  };
}

const position = (values: number[], better: (a: number, b: number) => boolean): number =>
  values.reduce((best, v, i) => (better(v, values[best] as number) ? i : best), 0);
const empties: Sample[] = [
  { inputs: [exactly([0, 3], [])], attrs: { dim: 0 } },
  { inputs: [exactly([2, 0], [])], attrs: { dim: 0 } },
];
const nothing = (op: (x: Tensor, how: Along) => Tensor, name: string): NonNullable<OpSpec["errors"]> => [
  [() => op(zeros([0, 3]), { dim: 0 }), "ShapeError", new RegExp(`${name}: nothing to reduce: \\[0, 3\\]`)],
];
const withoutScalar = (spec: OpSpec): OpSpec => ({
  ...spec,
  samples: spec.samples.filter((s) => s.inputs[0]?.shape.length !== 0),
});
const varOf = reducer(ops.var, (v) => spreadOf(v));

function argReducer(
  op: (x: Tensor, how: { dim?: number }) => Tensor,
  name: string,
  better: (a: number, b: number) => boolean,
): OpSpec {
  return {
    samples: [
      { inputs: [f32([2, 3, 4])], attrs: { dim: 1 } },
      { inputs: [f32([23])], attrs: {} },
      { inputs: [i32([3, 9], 0, 3)], attrs: { dim: -1 } },
      { inputs: [exactly([2, 3], [1, NaN, 3, NaN, NaN, 0])], attrs: { dim: 1 } },
    ],
    call: ([x], how: { dim?: number }) => op(x as Tensor, how),
    reference: ([x], how: { dim?: number }) =>
      reduce(x as Nd, how, (v) =>
        position(v, (a, b) => better(a, b) || (Number.isNaN(a) && !Number.isNaN(b))),
      ),
    dtype: "i32",
    gradients: [],
    errors: nothing(op as (x: Tensor, how: Along) => Tensor, name),
  };
}

export const reduceSpecs = {
  sum: (() => {
    const spec = reducer(ops.sum, total);
    return { ...spec, samples: [...spec.samples, ...empties] };
  })(),
  mean: reducer(ops.mean, average),
  prod: (() => {
    const spec = reducer(ops.prod, (v) => v.reduce((a, b) => a * b, 1), {
      input: (shape) => f32(shape, 0.5, 1.5),
    });
    const zeroes = exactly([2, 3], [2, 0, 3, 0, 0, 1.5]);
    return {
      ...spec,
      samples: [
        ...spec.samples,
        { inputs: [zeroes], attrs: { dim: 1 } },
        { inputs: [zeroes], attrs: { dim: 0, keepdim: true } },
      ],
    };
  })(),
  amax: reducer(ops.amax, (v) => Math.max(...v), { errors: nothing(ops.amax, "amax") }),
  amin: reducer(ops.amin, (v) => Math.min(...v), { errors: nothing(ops.amin, "amin") }),
  var: withoutScalar(varOf),
  std: withoutScalar({ ...reducer(ops.std, (v) => Math.sqrt(spreadOf(v))) }),
  logsumexp: reducer(ops.logsumexp, (v) => Math.log(total(v.map(Math.exp)))),
  any: reducer(ops.any, (v) => Number(v.some((x) => x !== 0)), { input: bool, dtype: "bool", gradients: [] }),
  all: reducer(ops.all, (v) => Number(v.every((x) => x !== 0)), {
    input: bool,
    dtype: "bool",
    gradients: [],
  }),
  argmax: argReducer(ops.argmax, "argmax", (a, b) => a > b),
  argmin: argReducer(ops.argmin, "argmin", (a, b) => a < b),
} satisfies Record<string, OpSpec>;
