import { apply } from "../autograd/apply.ts";
import { DTypeError, ShapeError, ValueError } from "../errors.ts";
import { zeros } from "../tensor/create.ts";
import { isFloat } from "../tensor/dtype.ts";
import { composite } from "../tensor/lifetime.ts";
import { broadcastShapes, formatShape, type Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { add, mul } from "./arithmetic.ts";
import { dropout } from "./dropout.ts";
import { attentionRecord, weightsRecord } from "./fusedattention.ts";
import { matmul } from "./matmul.ts";
import { transpose } from "./movement.ts";
import { where } from "./select.ts";

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

const OP = "scaledDotProductAttention";

function checkOperands(q: Tensor, k: Tensor, v: Tensor): void {
  const shapes = `q ${formatShape(q.shape)}, k ${formatShape(k.shape)}, v ${formatShape(v.shape)}`;
  if (q.ndim < 2 || k.ndim < 2 || v.ndim < 2)
    throw new ShapeError(
      `${OP}: takes q [..., queries, e], k [..., keys, e], v [..., keys, ev], got ${shapes}`,
    );
  if (q.shape.at(-1) !== k.shape.at(-1)) {
    throw new ShapeError(
      `${OP}: queries and keys must have the same features, got ${shapes} (${q.shape.at(-1)} ≠ ${k.shape.at(-1)})`,
    );
  }
  if (k.shape.at(-2) !== v.shape.at(-2)) {
    throw new ShapeError(
      `${OP}: there must be a value for each key, got ${shapes} (${k.shape.at(-2)} ≠ ${v.shape.at(-2)})`,
    );
  }
}

function checkMask(mask: Tensor, scores: Shape): void {
  if (mask.dtype !== "bool" && !isFloat(mask.dtype)) {
    throw new DTypeError(
      `${OP}: attnMask must be bool (true takes part) or f32 (added), got ${mask.dtype}; convert with to(mask, "bool")`,
    );
  }
  if (!broadcastsTo(mask.shape, scores)) {
    throw new ShapeError(
      `${OP}: attnMask ${formatShape(mask.shape)} does not broadcast to the scores ${formatShape(scores)} [..., queries, keys]`,
    );
  }
}

function broadcastsTo(shape: Shape, target: Shape): boolean {
  const lead = target.length - shape.length;
  return lead >= 0 && shape.every((n, d) => n === 1 || n === target[d + lead]);
}

interface Checked {
  readonly mask: Tensor | null;
  readonly p: number;
  readonly scale: number;
  readonly isCausal: boolean;
}

function check(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions): Checked {
  checkOperands(q, k, v);
  const p = options.dropoutP ?? 0;
  if (!(p >= 0 && p <= 1)) throw new ValueError(`${OP}: dropoutP must lie in [0, 1], got ${p}`);
  const scale = options.scale ?? 1 / Math.sqrt(Math.max(1, q.shape.at(-1) as number));
  const mask = options.attnMask ?? null;
  if (mask) {
    const batch = broadcastShapes(OP, q.shape.slice(0, -2), k.shape.slice(0, -2));
    checkMask(mask, [...batch, q.shape.at(-2) as number, k.shape.at(-2) as number]);
  }
  return { mask, p, scale, isCausal: options.isCausal ?? false };
}

function composed(q: Tensor, k: Tensor, v: Tensor, { mask, p, scale, isCausal }: Checked): [Tensor, Tensor] {
  let scores = matmul(mul(q, scale), transpose(k, -2, -1));
  if (mask) scores = mask.dtype === "bool" ? where(mask, scores, -Infinity) : add(scores, mask);
  let weights = apply(weightsRecord, [scores], isCausal);
  if (p > 0) weights = dropout(weights, { p });
  return [matmul(weights, v), weights];
}

/** Attention, and the weights that it gave the values. */
export function attend(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions = {}): [Tensor, Tensor] {
  const checked = check(q, k, v, options);
  return composite(OP, () => composed(q, k, v, checked));
}

/** With fewer queries there is no matrix worth avoiding: a step of generation. */
const FEW = 4;

/** Whether the fused kernel can do it: it draws nothing, and has no gradient for a mask. */
function fuses(q: Tensor, k: Tensor, v: Tensor, { mask, p }: Checked): boolean {
  const some = [q, k, v].every((t) => t.size > 0) && (q.shape.at(-2) as number) >= FEW;
  return some && p === 0 && !(mask?.requiresGrad ?? false);
}

/**
 * Attention softmax(q kᵀ · scale + mask) v (A. Vaswani et al., 2017): q [..., queries, e], k [..., keys, e], v [..., keys, ev] →
 * [..., queries, ev]; leading dimensions (batch, heads) broadcast. No [queries, keys] matrix is kept, neither for the gradient (FlashAttention,
 * T. Dao et al., 2022), unless there is dropout, a mask that wants a gradient, or fewer than four queries.
 * @throws {ShapeError} sizes that differ; {DTypeError} a mask of whole numbers; {ValueError} a probability outside [0, 1].
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html; unlike there, a mask and
 * `isCausal` may be combined.
 * @example
 * scaledDotProductAttention(zeros([2, 4]), zeros([2, 4]), tensor([[1], [3]]), { isCausal: true }); // [[1], [2]]
 */
export const scaledDotProductAttention = /* @__PURE__ */ Object.assign(
  (q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions = {}): Tensor => {
    const checked = check(q, k, v, options);
    return composite(OP, () => {
      if (!fuses(q, k, v, checked)) return composed(q, k, v, checked)[0];
      const { mask, scale, isCausal } = checked;
      const added = mask?.dtype === "bool" ? where(mask, zeros([]), -Infinity) : mask;
      return apply(attentionRecord, added ? [q, k, v, added] : [q, k, v], { scale, isCausal });
    });
  },
  { record: attentionRecord },
);
