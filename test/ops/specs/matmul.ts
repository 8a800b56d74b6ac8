import * as ops from "../../../src/ops/index.ts";
import { zeros, type Tensor } from "../../../src/index.ts";
import { at, fromFn, matmul, nd, permute, zip, type Nd } from "../nd.ts";
import { f32, type OpSpec } from "../spec.ts";

const transposed = (x: Nd): Nd =>
  permute(x, [...x.shape.keys()].slice(0, -2).concat(x.shape.length - 1, x.shape.length - 2));

export const matmulSpecs = {
  matmul: {
    samples: [
      { inputs: [f32([3, 4]), f32([4, 5])] },
      { inputs: [f32([2, 3, 4]), f32([2, 4, 2])] },
      { inputs: [f32([2, 1, 2, 3]), f32([3, 3, 2])] },
      { inputs: [f32([2, 2, 3]), f32([3, 2])] },
      { inputs: [f32([1, 9]), f32([9, 17])] },
      { inputs: [f32([3, 0]), f32([0, 2])] },
    ],
    call: ([x, y]) => ops.matmul(x as Tensor, y as Tensor),
    reference: ([x, y]) => matmul(x as Nd, y as Nd),
    errors: [
      [
        () => ops.matmul(zeros([2, 3]), zeros([4, 5])),
        "ShapeError",
        /^matmul: inner dimensions differ, \[2, 3\] · \[4, 5\] \(3 ≠ 4\)$/,
      ],
      [() => ops.matmul(zeros([]), zeros([2])), "ShapeError", /operands need a dimension/],
    ],
  },
  linear: {
    samples: [
      { inputs: [f32([3, 4]), f32([5, 4]), f32([5])] },
      { inputs: [f32([2, 2, 3]), f32([4, 3])] },
      { inputs: [f32([3]), f32([2, 3]), f32([2])] },
    ],
    call: ([x, w, b]) => ops.linear(x as Tensor, w as Tensor, b),
    reference: ([x, w, b]) => {
      const source = x as Nd;
      const rows = source.shape.length === 1 ? nd([1, ...source.shape], source.data) : source;
      const out = matmul(rows, transposed(w as Nd));
      const biased = b ? zip(out, b, (v, c) => v + c) : out;
      return nd([...source.shape.slice(0, -1), (w as Nd).shape[0] as number], biased.data);
    },
    errors: [
      [
        () => ops.linear(zeros([2, 3]), zeros([4, 5])),
        "ShapeError",
        /input's last dimension must be the weight's second, got \[2, 3\] and weight \[4, 5\]/,
      ],
      [
        () => ops.linear(zeros([2, 3]), zeros([4, 3]), zeros([3])),
        "ShapeError",
        /bias must be \[4\], got \[3\]/,
      ],
    ],
  },
  outer: {
    samples: [{ inputs: [f32([3]), f32([4])] }],
    call: ([x, y]) => ops.outer(x as Tensor, y as Tensor),
    reference: ([x, y]) =>
      fromFn([3, 4], ([i, j]) => at(x as Nd, [i as number]) * at(y as Nd, [j as number])),
    errors: [[() => ops.outer(zeros([2, 2]), zeros([2])), "ShapeError", /takes two vectors/]],
  },
} satisfies Record<string, OpSpec>;
