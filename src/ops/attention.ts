import { apply } from "../autograd/apply.ts";
import type { OpRecord } from "../autograd/node.ts";
import { DTypeError, ShapeError, ValueError } from "../errors.ts";
import { attentionSoftmax_f32 } from "../program/kernels.gen.ts";
import { isFloat } from "../tensor/dtype.ts";
import { composite } from "../tensor/lifetime.ts";
import { formatShape, type Shape } from "../tensor/shape.ts";
import { contiguous, empty, type Tensor } from "../tensor/tensor.ts";
import { add, mul } from "./arithmetic.ts";
import { dropout } from "./dropout.ts";
import { matmul } from "./matmul.ts";
import { transpose } from "./movement.ts";
import { where } from "./select.ts";
import { softmaxGradRecord } from "./softmax.ts";

export interface AttentionOptions {
  /**
   * Which keys a query sees, of a shape that broadcasts to [..., queries, keys]: bool, true where the key takes part; or f32, added to
   * the scores. A query that sees no key gets zeros.
   */
  attnMask?: Tensor | null;
  /** Query i sees the keys 0 … i only, besides what the mask hides. Default false. */
  isCausal?: boolean;
  /** Probability to drop a weight; drawn whenever it is above 0. Default 0. */
  dropoutP?: number;
  /** Factor of the scores. Default 1/√features. */
  scale?: number;
}

/** Softmax along the last dimension; attributes: causal. */
const weightsRecord: OpRecord<boolean> = {
  name: "attentionSoftmax",
  forward([scores], causal) {
    const x = contiguous(scores as Tensor);
    const out = empty(x.shape, "f32");
    const [queries, keys] = x.shape.slice(-2) as [number, number];
    if (out.size > 0) attentionSoftmax_f32(out.ptr, x.ptr, out.size / keys, queries, keys, Number(causal));
    return out;
  },
  saves: { output: true },
  // Where a weight is 0, so is its score's gradient: softmax's own rule serves.
  vjp: ([g], s) => [apply(softmaxGradRecord, [g as Tensor, s.output], s.output.ndim - 1)],
};

function checkOperands(q: Tensor, k: Tensor, v: Tensor): void {
  const op = "scaledDotProductAttention";
  const shapes = `q ${formatShape(q.shape)}, k ${formatShape(k.shape)}, v ${formatShape(v.shape)}`;
  if (q.ndim < 2 || k.ndim < 2 || v.ndim < 2)
    throw new ShapeError(
      `${op}: takes q [..., queries, e], k [..., keys, e], v [..., keys, ev], got ${shapes}`,
    );
  if (q.shape.at(-1) !== k.shape.at(-1)) {
    throw new ShapeError(
      `${op}: queries and keys must have the same features, got ${shapes} (${q.shape.at(-1)} ≠ ${k.shape.at(-1)})`,
    );
  }
  if (k.shape.at(-2) !== v.shape.at(-2)) {
    throw new ShapeError(
      `${op}: there must be a value for each key, got ${shapes} (${k.shape.at(-2)} ≠ ${v.shape.at(-2)})`,
    );
  }
}

function masked(scores: Tensor, mask: Tensor): Tensor {
  const op = "scaledDotProductAttention";
  if (mask.dtype !== "bool" && !isFloat(mask.dtype)) {
    throw new DTypeError(
      `${op}: attnMask must be bool (true takes part) or f32 (added), got ${mask.dtype}; convert with to(mask, "bool")`,
    );
  }
  if (!broadcastsTo(mask.shape, scores.shape)) {
    throw new ShapeError(
      `${op}: attnMask ${formatShape(mask.shape)} does not broadcast to the scores ${formatShape(scores.shape)} [..., queries, keys]`,
    );
  }
  return mask.dtype === "bool" ? where(mask, scores, -Infinity) : add(scores, mask);
}

function broadcastsTo(shape: Shape, target: Shape): boolean {
  const lead = target.length - shape.length;
  return lead >= 0 && shape.every((n, d) => n === 1 || n === target[d + lead]);
}

/** Attention, and the weights that it gave the values. */
export function attend(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions = {}): [Tensor, Tensor] {
  checkOperands(q, k, v);
  const p = options.dropoutP ?? 0;
  if (!(p >= 0 && p <= 1))
    throw new ValueError(`scaledDotProductAttention: dropoutP must lie in [0, 1], got ${p}`);
  const features = q.shape.at(-1) as number;
  const scale = options.scale ?? 1 / Math.sqrt(Math.max(1, features));
  return composite("scaledDotProductAttention", () => {
    let scores = matmul(mul(q, scale), transpose(k, -2, -1));
    if (options.attnMask) scores = masked(scores, options.attnMask);
    let weights = apply(weightsRecord, [scores], options.isCausal ?? false);
    if (p > 0) weights = dropout(weights, { p });
    return [matmul(weights, v), weights];
  });
}

/**
 * Attention softmax(q kᵀ · scale + mask) v (A. Vaswani et al., 2017): q [..., queries, e], k [..., keys, e], v [..., keys, ev] →
 * [..., queries, ev]; leading dimensions (batch, heads) broadcast.
 * @throws {ShapeError} sizes that differ; {DTypeError} a mask of whole numbers; {ValueError} a probability outside [0, 1].
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html; unlike there, a mask and
 * `isCausal` may be combined.
 * @example
 * scaledDotProductAttention(zeros([2, 4]), zeros([2, 4]), tensor([[1], [3]]), { isCausal: true }); // [[1], [2]]
 */
export const scaledDotProductAttention = /* @__PURE__ */ Object.assign(
  (q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions = {}): Tensor =>
    composite("scaledDotProductAttention", () => attend(q, k, v, options)[0]),
  { record: weightsRecord },
);
