import { detach } from "../autograd/leaf.ts";
import { ShapeError, ValueError } from "../errors.ts";
import { composite } from "../tensor/lifetime.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { logsigmoid } from "./activation.ts";
import { add, div, mul, sub } from "./arithmetic.ts";
import { eq, gt } from "./compare.ts";
import { checkPair, elementwise, type LossOptions } from "./loss.ts";
import { unsqueeze } from "./movement.ts";
import { clamp } from "./piecewise.ts";
import { checkReduction, reduced, type Reduction } from "./reduction.ts";
import { where } from "./select.ts";
import { exp, log, neg, square } from "./unary.ts";

/** Losses that are negative log-likelihoods, or differ from one by a constant. */

const HALF_LOG_2PI = 0.9189385332046727;

/** t·log t, 0 at 0. */
const entropy = (t: Tensor): Tensor => mul(t, log(where(eq(t, 0), 1, t)));

export interface KlDivOptions {
  /** "mean" (default) over all elements; "batchmean", the divergence as it is defined, over the first dimension. */
  reduction?: Reduction | "batchmean";
  /** Whether the target holds logarithms. Default false. */
  logTarget?: boolean;
}

/**
 * Kullback–Leibler divergence of the target's probabilities from the input's log-probabilities: t·(log t − input), 0 where t is 0.
 * PyTorch's `kl_div`.
 * @throws {ShapeError} input and target differ in shape.
 * @example
 * klDiv(log(tensor([[0.5, 0.5]])), tensor([[0.25, 0.75]]), { reduction: "batchmean" }); // 0.1308
 */
export function klDiv(input: Tensor, target: Tensor, options: KlDivOptions = {}): Tensor {
  const batch = options.reduction === "batchmean";
  const reduction = batch ? "sum" : checkReduction("klDiv", options.reduction);
  checkPair("klDiv", input, target);
  return composite("klDiv", () => {
    const losses = options.logTarget
      ? mul(exp(target), sub(target, input))
      : sub(entropy(target), mul(target, input));
    const loss = reduced(losses, reduction);
    return batch && input.ndim > 0 ? div(loss, input.shape[0] as number) : loss;
  });
}

export interface PoissonOptions extends LossOptions {
  /** Whether the input is the logarithm of the rate. Default true. */
  logInput?: boolean;
  /** Adds Stirling's approximation of log t! where t > 1. Default false. */
  full?: boolean;
  /** Keeps the logarithm of a rate away from 0, where logInput is false. Default 1e−8. */
  eps?: number;
}

/**
 * Negative log-likelihood of counts under Poisson distributions: e^x − t·x, or x − t·log(x + eps) of rates. PyTorch's
 * `poisson_nll_loss`.
 * @throws {ShapeError} input and target differ in shape.
 * @example
 * poissonNllLoss(tensor([0, 1]), tensor([1, 2])); // 0.8591
 */
export function poissonNllLoss(input: Tensor, target: Tensor, options: PoissonOptions = {}): Tensor {
  const { logInput = true, full = false, eps = 1e-8 } = options;
  return elementwise("poissonNllLoss", (x, t) => {
    const losses = logInput ? sub(exp(x), mul(t, x)) : sub(x, mul(t, log(add(x, eps))));
    if (!full) return losses;
    const many = gt(t, 1);
    const safe = where(many, t, 1);
    const stirling = add(sub(mul(safe, log(safe)), safe), add(mul(log(safe), 0.5), HALF_LOG_2PI));
    return add(losses, where(many, stirling, 0));
  })(input, target, options);
}

export interface GaussianOptions extends LossOptions {
  /** Adds the constant ½·log 2π. Default false. */
  full?: boolean;
  /** The least variance reckoned with. Default 1e−6. */
  eps?: number;
}

/** A variance of the input's shape, or one that broadcasts along the last dimension. */
function asVariance(variance: Tensor, input: Tensor): Tensor {
  const lead = input.shape.slice(0, -1);
  if (sameShape(variance.shape, input.shape) || sameShape(variance.shape, [...lead, 1])) return variance;
  if (input.ndim > 0 && sameShape(variance.shape, lead)) return unsqueeze(variance, -1);
  throw new ShapeError(
    `gaussianNllLoss: the variance must be ${formatShape(input.shape)}, ${formatShape([...lead, 1])} or ${formatShape(lead)} for an input ${formatShape(input.shape)}, got ${formatShape(variance.shape)}`,
  );
}

/**
 * Negative log-likelihood of targets under normal distributions with the given means and variances: ½(log v + (x − t)²/v), where v is
 * at least eps (its gradient is not cut off there). PyTorch's `gaussian_nll_loss`; a negative variance counts as eps.
 * @param variance of the input's shape, or with 1 for its last dimension, or without it.
 * @throws {ShapeError} shapes that do not fit.
 * @example
 * gaussianNllLoss(tensor([1]), tensor([2]), tensor([0.5])); // 0.6534
 */
export function gaussianNllLoss(
  input: Tensor,
  target: Tensor,
  variance: Tensor,
  options: GaussianOptions = {},
): Tensor {
  const { full = false, eps = 1e-6 } = options;
  const reduction = checkReduction("gaussianNllLoss", options.reduction);
  if (!(eps > 0)) throw new ValueError(`gaussianNllLoss: eps must be > 0, got ${eps}`);
  checkPair("gaussianNllLoss", input, target);
  return composite("gaussianNllLoss", () => {
    const given = asVariance(variance, input);
    const fixed = detach(given);
    const v = add(given, sub(clamp(fixed, { min: eps }), fixed));
    const losses = mul(add(log(v), div(square(sub(input, target)), v)), 0.5);
    return reduced(full ? add(losses, HALF_LOG_2PI) : losses, reduction);
  });
}

/**
 * log(1 + e^(−t·x)) for targets 1 and −1, without overflow. PyTorch's `soft_margin_loss`.
 * @throws {ShapeError} input and target differ in shape.
 * @example
 * softMarginLoss(tensor([2, -1]), tensor([1, -1])); // 0.2201
 */
export const softMarginLoss = /* @__PURE__ */ elementwise("softMarginLoss", (x, t) =>
  neg(logsigmoid(mul(t, x))),
);
