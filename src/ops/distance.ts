import { ShapeError } from "../errors.ts";
import { composite } from "../tensor/lifetime.ts";
import { broadcastShapes, formatShape, normalizeDim } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { add, div, minimum, mul, sub } from "./arithmetic.ts";
import { eq, ne } from "./compare.ts";
import { elementwise, type LossOptions } from "./loss.ts";
import { expand } from "./movement.ts";
import { clamp } from "./piecewise.ts";
import { sum } from "./reduce.ts";
import { checkReduction, reduced } from "./reduction.ts";
import { where } from "./select.ts";
import { norm } from "./vectornorm.ts";
import { neg, sqrt, square } from "./unary.ts";

/** Distances, similarities, and the losses that push them past a margin. */

const positive = (x: Tensor): Tensor => clamp(x, { min: 0 });

export interface SimilarityOptions {
  /** Default 1. */
  dim?: number;
  /** The least length reckoned with. Default 1e−8. */
  eps?: number;
}

/**
 * The cosine of the angle between x and y along `dim`: x·y / (max(‖x‖, eps)·max(‖y‖, eps)). Shapes broadcast. PyTorch's
 * `cosine_similarity`.
 * @throws {ShapeError} shapes that do not broadcast, or a dim outside of their rank.
 * @example
 * cosineSimilarity(tensor([[1, 0]]), tensor([[1, 1]])); // [0.7071]
 */
export function cosineSimilarity(x: Tensor, y: Tensor, options: SimilarityOptions = {}): Tensor {
  const { eps = 1e-8 } = options;
  const shape = broadcastShapes("cosineSimilarity", x.shape, y.shape);
  const dim = normalizeDim("cosineSimilarity", options.dim ?? 1, shape.length);
  return composite("cosineSimilarity", () => {
    const unit = (t: Tensor): Tensor => {
      const whole = expand(t, shape);
      return div(whole, clamp(norm(whole, { dim, keepdim: true }), { min: eps }));
    };
    return sum(mul(unit(x), unit(y)), { dim });
  });
}

/**
 * ‖x − y + eps‖ₚ along the last dimension. PyTorch's `pairwise_distance`.
 * @param options p: the norm's order, 2 by default; eps: 1e−6 by default; keepdim: false by default.
 * @example
 * pairwiseDistance(tensor([[0, 0]]), tensor([[3, 4]])); // [5]
 */
export function pairwiseDistance(
  x: Tensor,
  y: Tensor,
  options: { p?: number; eps?: number; keepdim?: boolean } = {},
): Tensor {
  const { p = 2, eps = 1e-6, keepdim = false } = options;
  return composite("pairwiseDistance", () => norm(add(sub(x, y), eps), { p, dim: -1, keepdim }));
}

export interface MarginOptions extends LossOptions {
  margin?: number;
}

/** Keeps the root's slope finite where a vector is 0, as PyTorch does. */
const COSINE_EPS = 1e-12;

/**
 * 1 − cos(x, y) where the target is 1, max(0, cos(x, y) − margin) where it is −1; x and y are [n, d] or [d]. PyTorch's
 * `cosine_embedding_loss`; margin is 0 by default.
 * @throws {ShapeError} inputs of another rank, or a target that is not [n].
 * @example
 * cosineEmbeddingLoss(tensor([[1, 0]]), tensor([[1, 1]]), tensor([1])); // 0.2929
 */
export function cosineEmbeddingLoss(
  x: Tensor,
  y: Tensor,
  target: Tensor,
  options: MarginOptions = {},
): Tensor {
  const reduction = checkReduction("cosineEmbeddingLoss", options.reduction);
  const shape = broadcastShapes("cosineEmbeddingLoss", x.shape, y.shape);
  if (shape.length < 1 || shape.length > 2 || target.ndim !== shape.length - 1) {
    throw new ShapeError(
      `cosineEmbeddingLoss: takes inputs [n, d] with a target [n], or [d] with a scalar, got ${formatShape(x.shape)}, ${formatShape(y.shape)} and ${formatShape(target.shape)}`,
    );
  }
  return composite("cosineEmbeddingLoss", () => {
    const along = { dim: -1 };
    const size = (t: Tensor): Tensor => add(sum(square(t), along), COSINE_EPS);
    const cosine = div(sum(mul(x, y), along), sqrt(mul(size(x), size(y))));
    const alike = where(eq(target, 1), sub(1, cosine), 0);
    const apart = where(eq(target, -1), positive(sub(cosine, options.margin ?? 0)), 0);
    return reduced(add(alike, apart), reduction);
  });
}

/**
 * x where the target is 1, max(0, margin − x) where it is −1; margin is 1 by default. PyTorch's `hinge_embedding_loss`.
 * @throws {ShapeError} input and target differ in shape.
 * @example
 * hingeEmbeddingLoss(tensor([0.5, 0.2]), tensor([1, -1])); // 0.65
 */
export function hingeEmbeddingLoss(input: Tensor, target: Tensor, options: MarginOptions = {}): Tensor {
  return elementwise("hingeEmbeddingLoss", (x, t) =>
    add(where(ne(t, 1), positive(sub(options.margin ?? 1, x)), 0), where(ne(t, -1), x, 0)),
  )(input, target, options);
}

/**
 * max(0, −t·(x − y) + margin): x should rank above y where the target is 1, below it where it is −1. Shapes broadcast; margin is 0 by
 * default. PyTorch's `margin_ranking_loss`.
 * @example
 * marginRankingLoss(tensor([1]), tensor([3]), tensor([1])); // 2
 */
export function marginRankingLoss(x: Tensor, y: Tensor, target: Tensor, options: MarginOptions = {}): Tensor {
  const reduction = checkReduction("marginRankingLoss", options.reduction);
  return composite("marginRankingLoss", () =>
    reduced(positive(add(mul(neg(target), sub(x, y)), options.margin ?? 0)), reduction),
  );
}

export interface TripletOptions extends LossOptions {
  /** Default 1. */
  margin?: number;
  /** Order of the distance's norm. Default 2. */
  p?: number;
  /** Default 1e−6. */
  eps?: number;
  /** Takes the negative's distance to the positive where that is less than to the anchor (Balntas et al. 2016). Default false. */
  swap?: boolean;
}

/**
 * max(0, d(anchor, positive) − d(anchor, negative) + margin) with the distance along the last dimension. PyTorch's
 * `triplet_margin_loss` (Schroff et al. 2015 without the square).
 * @example
 * tripletMarginLoss(tensor([[0, 0]]), tensor([[0, 1]]), tensor([[0, 1.5]])); // 0.5
 */
export function tripletMarginLoss(
  anchor: Tensor,
  positives: Tensor,
  negatives: Tensor,
  options: TripletOptions = {},
): Tensor {
  const { margin = 1, p = 2, eps = 1e-6, swap = false } = options;
  const reduction = checkReduction("tripletMarginLoss", options.reduction);
  return composite("tripletMarginLoss", () => {
    const distance = (a: Tensor, b: Tensor): Tensor => pairwiseDistance(a, b, { p, eps });
    const near = distance(anchor, positives);
    const far = distance(anchor, negatives);
    const away = swap ? minimum(far, distance(positives, negatives)) : far;
    return reduced(positive(add(sub(near, away), margin)), reduction);
  });
}
