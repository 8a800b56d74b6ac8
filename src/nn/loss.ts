import { noGrad } from "../autograd/mode.ts";
import { crossEntropy, nllLoss, type CrossEntropyOptions } from "../ops/classloss.ts";
import {
  cosineEmbeddingLoss,
  hingeEmbeddingLoss,
  marginRankingLoss,
  tripletMarginLoss,
  type MarginOptions,
  type TripletOptions,
} from "../ops/distance.ts";
import {
  gaussianNllLoss,
  klDiv,
  poissonNllLoss,
  softMarginLoss,
  type GaussianOptions,
  type KlDivOptions,
  type PoissonOptions,
} from "../ops/likelihood.ts";
import {
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  huberLoss,
  l1Loss,
  mseLoss,
  smoothL1Loss,
  type BceOptions,
  type LossOptions,
} from "../ops/loss.ts";
import { clone } from "../ops/movement.ts";
import { tensor, type TensorData } from "../tensor/create.ts";
import { own } from "../tensor/lifetime.ts";
import { Tensor } from "../tensor/tensor.ts";
import { optional } from "./arguments.ts";
import { Module } from "./module.ts";
import { Optioned } from "./optioned.ts";

/** The losses of src/ops as modules, with their options kept. */

/** (input − target)². */
export class MSELoss extends Optioned<LossOptions> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return mseLoss(input, target, this.options);
  }
}

/** |input − target|. */
export class L1Loss extends Optioned<LossOptions> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return l1Loss(input, target, this.options);
  }
}

/** Squares below `beta` (default 1), absolute values beyond. */
export class SmoothL1Loss extends Optioned<LossOptions & { beta?: number }> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return smoothL1Loss(input, target, this.options);
  }
}

/** Squares below `delta` (default 1), absolute values times delta beyond. */
export class HuberLoss extends Optioned<LossOptions & { delta?: number }> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return huberLoss(input, target, this.options);
  }
}

/** The options of a loss with weights, which may be given as numbers, too. */
type Weighed<Options, Names extends keyof Options> = Omit<Options, Names> & {
  [name in Names]?: Tensor | TensorData | null;
};

/** A copy of weights that the module owns: a buffer, as in PyTorch. */
function buffer(weights: Tensor | TensorData | null | undefined): Tensor | null {
  if (weights === undefined || weights === null) return null;
  return own(noGrad(() => (weights instanceof Tensor ? clone(weights) : tensor(weights))));
}

/** Weights as numbers for config(), or nothing. */
const told = (name: string, weights: Tensor | null): object =>
  weights === null ? {} : { [name]: weights.toArray() };

/** Weights as an option of an op, or nothing. */
const given = <Name extends string>(name: Name, weights: Tensor | null): { [name in Name]?: Tensor } =>
  (weights === null ? {} : { [name]: weights }) as { [name in Name]?: Tensor };

/** A loss of which classes or elements weigh more or less. */
abstract class WeightedLoss<Options extends { weight?: Tensor }> extends Module {
  readonly weight: Tensor | null;
  readonly options: Omit<Options, "weight">;

  constructor(options: Weighed<Options, "weight"> = {} as Weighed<Options, "weight">) {
    super();
    const { weight, ...rest } = options;
    this.weight = buffer(weight);
    this.options = rest as unknown as Omit<Options, "weight">;
  }

  protected override bufferNames(): readonly string[] {
    return ["weight"];
  }

  override config(): readonly unknown[] {
    return optional({ ...this.options, ...told("weight", this.weight) });
  }
}

/**
 * Cross-entropy of logits [n, classes, …] with class indices [n, …] or probabilities, see `crossEntropy`. `weight` [classes] is part of
 * the state.
 * @example
 * new CrossEntropyLoss({ weight: [1, 5], labelSmoothing: 0.1 }).forward(logits, labels);
 */
export class CrossEntropyLoss extends WeightedLoss<CrossEntropyOptions> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return crossEntropy(input, target, { ...this.options, ...given("weight", this.weight) });
  }
}

/** Negative log-likelihood of log-probabilities [n, classes, …] at class indices, see `nllLoss`. `weight` [classes] is part of the state. */
export class NLLLoss extends WeightedLoss<Omit<CrossEntropyOptions, "labelSmoothing">> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return nllLoss(input, target, { ...this.options, ...given("weight", this.weight) });
  }
}

/** Binary cross-entropy of probabilities, see `binaryCrossEntropy`. `weight`, one an element, broadcasts and is part of the state. */
export class BCELoss extends WeightedLoss<LossOptions & { weight?: Tensor }> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return binaryCrossEntropy(input, target, { ...this.options, ...given("weight", this.weight) });
  }
}

/**
 * Binary cross-entropy of logits, see `binaryCrossEntropyWithLogits`. `weight` (of each element) and `posWeight` (of the positive class)
 * broadcast and are part of the state, as `weight` and `pos_weight`.
 */
export class BCEWithLogitsLoss extends Module {
  readonly weight: Tensor | null;
  readonly pos_weight: Tensor | null;
  readonly options: LossOptions;

  constructor(options: Weighed<BceOptions, "weight" | "posWeight"> = {}) {
    super();
    const { weight, posWeight, ...rest } = options;
    this.weight = buffer(weight);
    this.pos_weight = buffer(posWeight);
    this.options = rest;
  }

  protected override bufferNames(): readonly string[] {
    return ["weight", "pos_weight"];
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    const weights = { ...given("weight", this.weight), ...given("posWeight", this.pos_weight) };
    return binaryCrossEntropyWithLogits(input, target, { ...this.options, ...weights });
  }

  override config(): readonly unknown[] {
    const weights = { ...told("weight", this.weight), ...told("posWeight", this.pos_weight) };
    return optional({ ...this.options, ...weights });
  }
}

/** Divergence of the target's probabilities from the input's log-probabilities, see `klDiv`. */
export class KLDivLoss extends Optioned<KlDivOptions> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return klDiv(input, target, this.options);
  }
}

/** Of counts under Poisson distributions, see `poissonNllLoss`. */
export class PoissonNLLLoss extends Optioned<PoissonOptions> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return poissonNllLoss(input, target, this.options);
  }
}

/** Of targets under normal distributions with the given means and variances, see `gaussianNllLoss`. */
export class GaussianNLLLoss extends Optioned<GaussianOptions> {
  override forward(input: Tensor, target: Tensor, variance: Tensor): Tensor {
    return gaussianNllLoss(input, target, variance, this.options);
  }
}

/** log(1 + e^(−t·x)) for targets 1 and −1. */
export class SoftMarginLoss extends Optioned<LossOptions> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return softMarginLoss(input, target, this.options);
  }
}

/** Of inputs that are distances: small for targets 1, at least `margin` (default 1) for −1. */
export class HingeEmbeddingLoss extends Optioned<MarginOptions> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return hingeEmbeddingLoss(input, target, this.options);
  }
}

/** Of pairs of vectors: alike for targets 1, with a cosine of at most `margin` (default 0) for −1. */
export class CosineEmbeddingLoss extends Optioned<MarginOptions> {
  override forward(x: Tensor, y: Tensor, target: Tensor): Tensor {
    return cosineEmbeddingLoss(x, y, target, this.options);
  }
}

/** Of pairs of scores: x above y by `margin` (default 0) for targets 1, below for −1. */
export class MarginRankingLoss extends Optioned<MarginOptions> {
  override forward(x: Tensor, y: Tensor, target: Tensor): Tensor {
    return marginRankingLoss(x, y, target, this.options);
  }
}

/** Of an anchor nearer to positives than to negatives by `margin` (default 1), see `tripletMarginLoss`. */
export class TripletMarginLoss extends Optioned<TripletOptions> {
  override forward(anchor: Tensor, positives: Tensor, negatives: Tensor): Tensor {
    return tripletMarginLoss(anchor, positives, negatives, this.options);
  }
}
