import { apply } from "../autograd/apply.ts";
import type { OpRecord } from "../autograd/node.ts";
import * as k from "../program/kernels.gen.ts";
import { normalizeDim, type Shape } from "../tensor/shape.ts";
import { contiguous, empty, type Tensor } from "../tensor/tensor.ts";
import type { Ptr } from "../wasm/heap.ts";
import { mul, sub } from "./arithmetic.ts";
import { castTo } from "./cast.ts";
import { sum } from "./reduce.ts";
import { exp } from "./unary.ts";

/** Sizes before, along and after a dimension. */
export function around(shape: Shape, dim: number): [number, number, number] {
  const product = (sizes: Shape): number => sizes.reduce((a, b) => a * b, 1);
  return [product(shape.slice(0, dim)), shape[dim] ?? 1, product(shape.slice(dim + 1))];
}

type Along = (out: Ptr, x: Ptr, outer: number, n: number, inner: number) => number;
type AlongPair = (out: Ptr, g: Ptr, y: Ptr, outer: number, n: number, inner: number) => number;

function forwardAlong(input: Tensor, dim: number, kernel: Along): Tensor {
  const x = contiguous(castTo(input, "f32"));
  const out = empty(x.shape, "f32");
  if (out.size > 0) kernel(out.ptr, x.ptr, ...around(x.shape, dim));
  return out;
}

function pairAlong(a: Tensor, b: Tensor, dim: number, kernel: AlongPair): Tensor {
  const [g, y] = [contiguous(a), contiguous(b)];
  const out = empty(y.shape, "f32");
  if (out.size > 0) kernel(out.ptr, g.ptr, y.ptr, ...around(y.shape, dim));
  return out;
}

export const softmaxGradRecord: OpRecord<number> = {
  name: "softmaxGrad",
  forward: ([g, y], dim) => pairAlong(g as Tensor, y as Tensor, dim, k.softmaxGrad_f32),
  saves: { inputs: [0, 1] },
  // y·(g − Σ g·y), linear in g
  vjp: ([incoming], s, dim) => {
    const v = incoming as Tensor;
    const [g, y] = [s.input(0), s.input(1)];
    const along = { dim, keepdim: true };
    const vy = sum(mul(v, y), along);
    const gy = sum(mul(g, y), along);
    return [s.needs(0) ? mul(y, sub(v, vy)) : null, s.needs(1) ? sub(mul(v, sub(g, gy)), mul(g, vy)) : null];
  },
};

const softmaxRecord: OpRecord<number> = {
  name: "softmax",
  forward: ([x], dim) => forwardAlong(x as Tensor, dim, k.softmax_f32),
  saves: { output: true },
  vjp: ([g], s, dim) => [apply(softmaxGradRecord, [g as Tensor, s.output], dim)],
};

/**
 * exp(xᵢ) / Σ exp(x) along `dim`. Of any size without overflow.
 * @returns f32 of x's shape; other dtypes are converted.
 * @throws {ShapeError} a dimension that x does not have.
 * @example
 * softmax(tensor([[0, 0], [1, 3]]), { dim: 1 }); // [[0.5, 0.5], [0.1192, 0.8808]]
 */
export const softmax = /* @__PURE__ */ Object.assign(
  (x: Tensor, options: { dim: number }): Tensor =>
    apply(softmaxRecord, [x], normalizeDim("softmax", options.dim, x.ndim)),
  { record: softmaxRecord },
);

const logSoftmaxGradRecord: OpRecord<number> = {
  name: "logSoftmaxGrad",
  forward: ([g, y], dim) => pairAlong(g as Tensor, y as Tensor, dim, k.logSoftmaxGrad_f32),
  saves: { inputs: [0, 1] },
  // g − e^y·Σg, linear in g
  vjp: ([incoming], s, dim) => {
    const v = incoming as Tensor;
    const [g, y] = [s.input(0), s.input(1)];
    const along = { dim, keepdim: true };
    const p = exp(y);
    return [
      s.needs(0) ? sub(v, sum(mul(v, p), along)) : null,
      s.needs(1) ? mul(mul(v, p), mul(sum(g, along), -1)) : null,
    ];
  },
};

const logSoftmaxRecord: OpRecord<number> = {
  name: "logSoftmax",
  forward: ([x], dim) => forwardAlong(x as Tensor, dim, k.logSoftmax_f32),
  saves: { output: true },
  vjp: ([g], s, dim) => [apply(logSoftmaxGradRecord, [g as Tensor, s.output], dim)],
};

/**
 * log softmax(x) along `dim`, accurate where softmax underflows.
 * @returns f32 of x's shape; other dtypes are converted.
 * @throws {ShapeError} a dimension that x does not have.
 * @example
 * logSoftmax(tensor([0, 200]), { dim: 0 }); // [-200, 0]
 */
export const logSoftmax = /* @__PURE__ */ Object.assign(
  (x: Tensor, options: { dim: number }): Tensor =>
    apply(logSoftmaxRecord, [x], normalizeDim("logSoftmax", options.dim, x.ndim)),
  { record: logSoftmaxRecord },
);
