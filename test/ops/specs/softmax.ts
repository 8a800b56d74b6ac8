import * as ops from "../../../src/ops/index.ts";
import { type Tensor } from "../../../src/index.ts";
import { map, reduce, total, zip, type Nd } from "../nd.ts";
import { f32, type OpSpec, type Sample } from "../spec.ts";
import { one } from "./elementwise.ts";

export const normalised = (x: Nd, dim: number, log: boolean): Nd => {
  const d = dim < 0 ? dim + x.shape.length : dim;
  const lse = reduce(x, { dim: d, keepdim: true }, (v) => Math.log(total(v.map(Math.exp))));
  const out = zip(x, lse, (a, b) => a - b);
  return log ? out : map(out, Math.exp);
};

const DIMS: readonly Sample[] = [
  { inputs: [f32([3, 5])], attrs: -1 },
  { inputs: [f32([3, 5])], attrs: 0 },
  { inputs: [f32([2, 3, 4])], attrs: 1 },
];

export const softmaxSpecs = {
  softmax: {
    samples: DIMS,
    call: ([x], dim: number) => ops.softmax(x as Tensor, { dim }),
    reference: ([x], dim: number) => normalised(x as Nd, dim, false),
    errors: [[() => ops.softmax(one(), { dim: 1 }), "ShapeError", /softmax: dim 1 is outside \[-1, 0\]/]],
  },
  logSoftmax: {
    samples: DIMS,
    call: ([x], dim: number) => ops.logSoftmax(x as Tensor, { dim }),
    reference: ([x], dim: number) => normalised(x as Nd, dim, true),
    errors: [[() => ops.logSoftmax(one(), { dim: 3 }), "ShapeError", /logSoftmax: dim 3 is outside/]],
  },
} satisfies Record<string, OpSpec>;
