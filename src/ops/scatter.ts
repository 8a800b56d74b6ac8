import { apply } from "../autograd/apply.ts";
import type { OpRecord } from "../autograd/node.ts";
import { DTypeError, ShapeError, ValueError } from "../errors.ts";
import { full, zerosLike } from "../tensor/create.ts";
import { isHalf, promote } from "../tensor/dtype.ts";
import { composite } from "../tensor/lifetime.ts";
import { formatShape, normalizeDim } from "../tensor/shape.ts";
import { copyInto, empty, Tensor } from "../tensor/tensor.ts";
import { div, floorDivide, mul } from "./arithmetic.ts";
import { castTo, to } from "./cast.ts";
import { eq, logicalAnd } from "./compare.ts";
import { checkIndexShape, cutTo, elementsAt, gather } from "./indexing.ts";
import { reshape } from "./movement.ts";
import { writeAt, type Mode } from "./offsets.ts";
import { where } from "./select.ts";

/** Placing along one dimension: out[…, index[…, i, …], …] meets src[…, i, …]. */

export interface Scatter {
  readonly dim: number;
  readonly mode: Mode;
}

/** Refuses what untyped code may pass for a source, such as a number read as a string. */
function checkSource(op: string, src: unknown): void {
  if (src instanceof Tensor) return;
  let shown = Array.isArray(src) ? "an array" : "an object";
  if (typeof src === "string") shown = JSON.stringify(src);
  else if (src === null || typeof src !== "object") shown = String(src);
  throw new ValueError(`${op}: values must be a number or a tensor, got ${shown}`);
}

/** A source that keeps the dtype of what it is written to: of halves f32, in which they are computed. */
export function fitting(op: string, x: Tensor, src: Tensor): void {
  checkSource(op, src);
  const target = isHalf(x.dtype) ? "f32" : x.dtype;
  if (src.dtype !== x.dtype && promote(target, src.dtype) !== target) {
    throw new DTypeError(
      `${op}: ${src.dtype} does not go into ${x.dtype}; convert with to(src, "${x.dtype}")`,
    );
  }
}

/** Refuses sums where no kernel adds. */
export function summing(op: string, x: Tensor): void {
  if (x.dtype === "u8" || x.dtype === "bool")
    throw new DTypeError(`${op}: takes f32 or i32, got ${x.dtype}; convert with to(x, "i32")`);
}

/** Writes into `out`, whose every dimension but `dim` is at least as long as the index's. */
export function scatterInto(
  op: string,
  out: Tensor,
  index: Tensor,
  src: Tensor,
  { dim, mode }: Scatter,
): void {
  if (index.size === 0) return;
  writeAt(out, elementsAt(op, out, index, dim), castTo(src, out.dtype), mode);
}

/** A dense copy, in the frame of an op. */
export function copied(x: Tensor): Tensor {
  const out = empty(x.shape, x.dtype);
  copyInto(out, x);
  return out;
}

const scatterRecord: OpRecord<Scatter> = {
  name: "scatter",
  forward([x, index, src], how) {
    const out = copied(x as Tensor);
    scatterInto("scatter", out, index as Tensor, src as Tensor, how);
    return out;
  },
  saves: { inputs: [1] },
  vjp: ([incoming], s, { dim, mode }) => {
    const g = incoming as Tensor;
    return [
      s.needs(0) ? (mode === "add" ? g : scatter(g, s.input(1), 0, { dim })) : null,
      null,
      s.needs(2) ? gather(g, s.input(1), { dim }) : null,
    ];
  },
};

/** Checks the operands and cuts the source to the index, so that gradients of what is cut off are 0. */
export function scatterOperands(
  op: string,
  x: Tensor,
  index: Tensor,
  src: Tensor | number,
  dim: number,
): readonly [dim: number, src: Tensor] {
  const d = normalizeDim(op, dim, x.ndim);
  checkIndexShape(op, x, index.shape, d);
  if (typeof src === "number") return [d, full([], src, { dtype: x.dtype })];
  fitting(op, x, src);
  const ranks = [src.ndim, index.ndim].map((n) => Math.max(1, n));
  // With nothing to place, any source will do.
  if (index.size === 0 && ranks[0] !== ranks[1]) return [d, full(index.shape, 0, { dtype: x.dtype })];
  if (ranks[0] !== ranks[1] || index.shape.some((n, i) => n > (src.shape[i] ?? 1))) {
    throw new ShapeError(
      `${op}: the index ${formatShape(index.shape)} must not be larger than the source ${formatShape(src.shape)} in any dimension`,
    );
  }
  const part = cutTo(src, index.ndim === 0 ? [1] : index.shape);
  return [d, part.ndim === index.ndim ? part : reshape(part, index.shape)];
}

/**
 * A copy of x with values placed along `dim`: out[…, index[…, i, …], …] = src[…, i, …], as `gather` reads.
 * Rule: https://pytorch.org/docs/stable/generated/torch.Tensor.scatter_.html; of several values for one place the last in row-major order stays.
 *
 * @param index i32 or u8 of x's rank, not larger than x but along `dim`, and not larger than src; negative counts from the end.
 * @param src a tensor of a dtype that fits into x's, or a number.
 * @returns x's shape and dtype. Where a place is hit twice, both sources get its gradient, as in PyTorch.
 * @throws {ShapeError} sizes that do not fit. {IndexOutOfRangeError} an index outside of the dimension. {DTypeError} src does not fit.
 * {ValueError} src is neither.
 * @example
 * scatter(zeros([2, 3]), tensor([[2], [0]], { dtype: "i32" }), 1, { dim: 1 }); // [[0, 0, 1], [1, 0, 0]]
 */
export const scatter = /* @__PURE__ */ Object.assign(
  (x: Tensor, index: Tensor, src: Tensor | number, options: { dim: number }): Tensor =>
    composite("scatter", () => {
      const [dim, source] = scatterOperands("scatter", x, index, src, options.dim);
      return apply(scatterRecord, [x, index, source], { dim, mode: "set" });
    }),
  { record: scatterRecord },
);

/**
 * A copy of x with values added along `dim`: out[…, index[…, i, …], …] += src[…, i, …], in row-major order of the index.
 * Rule: https://pytorch.org/docs/stable/generated/torch.Tensor.scatter_add_.html
 *
 * @param index as in `scatter`, and so is src; x is f32 or i32.
 * @example
 * scatterAdd(zeros([3]), tensor([0, 2, 0], { dtype: "i32" }), tensor([1, 2, 3]), { dim: 0 }); // [4, 0, 2]
 */
export function scatterAdd(x: Tensor, index: Tensor, src: Tensor | number, options: { dim: number }): Tensor {
  return composite("scatterAdd", () => {
    summing("scatterAdd", x);
    const [dim, source] = scatterOperands("scatterAdd", x, index, src, options.dim);
    return apply(scatterRecord, [x, index, source], { dim, mode: "add" });
  });
}

/** Products and extrema, of which the result is needed to go back. */
const scatterReduceRecord: OpRecord<Scatter> = {
  name: "scatterReduce",
  forward([x, index, src], how) {
    const out = copied(x as Tensor);
    scatterInto("scatterReduce", out, index as Tensor, src as Tensor, how);
    return out;
  },
  saves: { inputs: [0, 1, 2], output: true },
  vjp: ([g], s, { dim, mode }) => {
    const [x, index, src] = [s.input(0), s.input(1), s.input(2)];
    const pick = (t: Tensor): Tensor => gather(t, index, { dim });
    const tally = (start: Tensor, hits: Tensor): Tensor => scatterAdd(start, index, hits, { dim });
    const result = s.output;
    if (mode !== "multiply") {
      // Ties share the gradient evenly.
      const own = to(eq(x, result), "f32");
      const hits = to(eq(src, pick(result)), "f32");
      const share = div(g as Tensor, tally(own, hits));
      return [mul(own, share), null, mul(hits, pick(share))];
    }
    const product = (a: Tensor, b: Tensor): Tensor =>
      apply(scatterReduceRecord, [a, index, b], { dim, mode });
    // The product of the others is the product over the element, but with zeros about the product that leaves a lone zero out.
    const safeX = where(eq(x, 0), 1, x);
    const zero = eq(src, 0);
    const lone = logicalAnd(zero, eq(pick(tally(zerosLike(x), to(zero, "f32"))), 1));
    const others = product(x, where(lone, 1, src));
    const gSrc = where(
      lone,
      pick(mul(g as Tensor, others)),
      div(pick(mul(g as Tensor, result)), where(zero, 1, src)),
    );
    return [mul(g as Tensor, div(product(safeX, src), safeX)), null, gSrc];
  },
};

export interface ScatterReduceOptions {
  dim: number;
  /** How values for one place are combined. */
  reduce: "sum" | "prod" | "mean" | "amax" | "amin";
  /** Whether what stands in x counts. Default true. */
  includeSelf?: boolean;
}

/**
 * A copy of x in which each place that the index names holds the sum, product, mean or extremum of the values placed there.
 * Rule: https://pytorch.org/docs/stable/generated/torch.Tensor.scatter_reduce_.html
 *
 * @param index as in `scatter`, and so is src; x is f32 or i32. A mean of i32 is rounded down.
 * @throws {ValueError} another `reduce`.
 * @example
 * scatterReduce(zeros([2]), tensor([0, 0, 1], { dtype: "i32" }), tensor([5, 3, -1]), { dim: 0, reduce: "amax" }); // [5, 0]
 */
export const scatterReduce = /* @__PURE__ */ Object.assign(
  (x: Tensor, index: Tensor, src: Tensor, options: ScatterReduceOptions): Tensor => {
    const { reduce } = options;
    const whole = x.dtype === "i32";
    const least = whole ? -(2 ** 31) : -Infinity;
    const identity = { sum: 0, mean: 0, prod: 1, amax: least, amin: whole ? 2 ** 31 - 1 : Infinity }[reduce];
    if ((identity as number | undefined) === undefined) {
      throw new ValueError(
        `scatterReduce: reduce must be sum, prod, mean, amax or amin, got ${JSON.stringify(reduce)}`,
      );
    }
    return composite("scatterReduce", () => {
      summing("scatterReduce", x);
      const [dim, source] = scatterOperands("scatterReduce", x, index, src, options.dim);
      const self = options.includeSelf ?? true;
      const start = self ? x : scatter(x, index, identity, { dim });
      if (reduce === "prod" || reduce === "amax" || reduce === "amin") {
        const mode = ({ prod: "multiply", amax: "greater", amin: "smaller" } as const)[reduce];
        return apply(scatterReduceRecord, [start, index, source], { dim, mode });
      }
      const total = scatterAdd(start, index, source, { dim });
      if (reduce === "sum") return total;
      const ones = full(x.shape, 1, { dtype: x.dtype });
      const counted = scatterAdd(self ? ones : scatter(ones, index, 0, { dim }), index, 1, { dim });
      return whole ? floorDivide(total, counted) : div(total, counted);
    });
  },
  { record: scatterReduceRecord },
);
