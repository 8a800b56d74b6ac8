import * as ops from "../../../src/ops/index.ts";
import { zeros, type Tensor } from "../../../src/index.ts";
import { at, average, fromFn, map, reduce, spreadOf, zip, type Nd } from "../nd.ts";
import { f32, type OpSpec } from "../spec.ts";
import { one } from "./elementwise.ts";

const perChannel = (x: Nd, f: (c: number) => number): Nd => fromFn(x.shape, (index) => f(index[1] as number));

export const normSpecs = {
  batchNorm: {
    samples: [
      { inputs: [f32([4, 3]), f32([3]), f32([3])], attrs: true },
      { inputs: [f32([2, 2, 2, 2])], attrs: true },
      { inputs: [f32([2, 3, 5]), f32([3]), f32([3])], attrs: false },
    ],
    call: ([x, weight, bias], training: boolean) => {
      const c = (x as Tensor).shape[1] as number;
      const running = (v: number): Tensor => zeros([c]).add(v);
      return ops.batchNorm(x as Tensor, {
        ...(weight ? { weight, bias: bias as Tensor } : {}),
        ...(training ? {} : { runningMean: running(0.5), runningVar: running(2) }),
        training,
      });
    },
    reference: ([input, weight, bias], training: boolean) => {
      const x = input as Nd;
      const dims = x.shape.map((_, d) => d).filter((d) => d !== 1);
      const mean = reduce(x, { dim: dims }, average);
      const variance = reduce(x, { dim: dims }, (v) => spreadOf(v, 0));
      const m = perChannel(x, (c) => (training ? (mean.data[c] as number) : 0.5));
      const v = perChannel(x, (c) => (training ? (variance.data[c] as number) : 2));
      const normal = zip(
        zip(x, m, (a, b) => a - b),
        v,
        (a, b) => a / Math.sqrt(b + 1e-5),
      );
      if (!weight || !bias) return normal;
      return fromFn(
        x.shape,
        (i) => at(normal, i) * at(weight, [i[1] as number]) + at(bias, [i[1] as number]),
      );
    },
    errors: [
      [
        () => ops.batchNorm(zeros([4, 3]), { training: true, weight: zeros([2]), bias: zeros([2]) }),
        "ShapeError",
        /weight must be \[3\] for an input \[4, 3\], got \[2\]/,
      ],
      [() => ops.batchNorm(zeros([4, 3])), "ValueError", /eval mode needs runningMean and runningVar/],
      [
        () => ops.batchNorm(zeros([1, 3]), { training: true }),
        "ShapeError",
        /more than one value per channel/,
      ],
    ],
  },
  dropout: {
    samples: [
      { inputs: [f32([2, 3])], attrs: { p: 0 } },
      { inputs: [f32([3])], attrs: { p: 0.5, training: false } },
      { inputs: [f32([3])], attrs: { p: 1 } },
    ],
    call: ([x], a: object) => ops.dropout(x as Tensor, a),
    reference: ([x], { p, training }: { p: number; training?: boolean }) =>
      map(x as Nd, (v) => (p === 1 && training !== false ? 0 : v)),
    errors: [[() => ops.dropout(one(), { p: 1.5 }), "ValueError", /p must lie in \[0, 1\], got 1.5/]],
  },
} satisfies Record<string, OpSpec>;
