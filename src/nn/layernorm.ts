import { ShapeError } from "../errors.ts";
import {
  groupNorm,
  instanceNorm,
  localResponseNorm,
  type LocalResponseNormOptions,
} from "../ops/groupnorm.ts";
import { layerNorm, rmsNorm } from "../ops/layernorm.ts";
import { squeeze, unsqueeze } from "../ops/movement.ts";
import { ones, zeros } from "../tensor/create.ts";
import { own } from "../tensor/lifetime.ts";
import { formatShape, type Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkCount, optional } from "./arguments.ts";
import { Module } from "./module.ts";
import { Optioned } from "./optioned.ts";
import { Parameter } from "./parameter.ts";

/** Normalisations of single samples; state-dict keys are PyTorch's. */

function sizesOf(layer: string, normalizedShape: number | Shape): Shape {
  const shape = typeof normalizedShape === "number" ? [normalizedShape] : [...normalizedShape];
  for (const n of shape) checkCount(layer, "normalizedShape", n);
  return shape;
}

/** Layer normalisation over the last dimensions, of sizes `normalizedShape`; weight starts at 1, bias at 0. */
export class LayerNorm extends Module {
  readonly weight: Parameter | null;
  readonly bias: Parameter | null;
  readonly normalizedShape: Shape;
  readonly eps: number;

  constructor(
    normalizedShape: number | Shape,
    options: { eps?: number; elementwiseAffine?: boolean; bias?: boolean } = {},
  ) {
    super();
    this.normalizedShape = sizesOf("LayerNorm", normalizedShape);
    this.eps = options.eps ?? 1e-5;
    const affine = options.elementwiseAffine ?? true;
    this.weight = affine ? new Parameter(ones(this.normalizedShape)) : null;
    this.bias = affine && (options.bias ?? true) ? new Parameter(zeros(this.normalizedShape)) : null;
  }

  override forward(x: Tensor): Tensor {
    const { normalizedShape, eps } = this;
    return layerNorm(x, this.weight, this.bias, { normalizedShape, eps });
  }

  override config(): readonly unknown[] {
    const affine = this.weight !== null;
    const options = { eps: this.eps, elementwiseAffine: affine, bias: !affine || this.bias !== null };
    return [this.normalizedShape, ...optional(options, { eps: 1e-5, elementwiseAffine: true, bias: true })];
  }
}

/** Normalisation by the root mean square of the last dimensions, of sizes `normalizedShape`; weight starts at 1. */
export class RMSNorm extends Module {
  readonly weight: Parameter | null;
  readonly normalizedShape: Shape;
  readonly eps: number | null;

  constructor(
    normalizedShape: number | Shape,
    options: { eps?: number | null; elementwiseAffine?: boolean } = {},
  ) {
    super();
    this.normalizedShape = sizesOf("RMSNorm", normalizedShape);
    this.eps = options.eps ?? null;
    this.weight = (options.elementwiseAffine ?? true) ? new Parameter(ones(this.normalizedShape)) : null;
  }

  override forward(x: Tensor): Tensor {
    const { normalizedShape, eps } = this;
    return rmsNorm(x, this.weight, { normalizedShape, eps });
  }

  override config(): readonly unknown[] {
    const options = { eps: this.eps, elementwiseAffine: this.weight !== null };
    return [this.normalizedShape, ...optional(options, { eps: null, elementwiseAffine: true })];
  }
}

/** Group normalisation of [n, c, …]: channels in `numGroups` groups; weight [c] starts at 1, bias [c] at 0. */
export class GroupNorm extends Module {
  readonly weight: Parameter | null;
  readonly bias: Parameter | null;
  readonly numGroups: number;
  readonly numChannels: number;
  readonly eps: number;

  constructor(numGroups: number, numChannels: number, options: { eps?: number; affine?: boolean } = {}) {
    super();
    this.numGroups = checkCount("GroupNorm", "numGroups", numGroups);
    this.numChannels = checkCount("GroupNorm", "numChannels", numChannels);
    if (numChannels % numGroups !== 0)
      throw new ShapeError(`GroupNorm: numGroups ${numGroups} must divide numChannels ${numChannels}`);
    this.eps = options.eps ?? 1e-5;
    const affine = options.affine ?? true;
    this.weight = affine ? new Parameter(ones([numChannels])) : null;
    this.bias = affine ? new Parameter(zeros([numChannels])) : null;
  }

  override forward(x: Tensor): Tensor {
    if (x.shape[1] !== this.numChannels)
      throw new ShapeError(
        `GroupNorm: takes ${this.numChannels} channels, got ${formatShape(x.shape)} ([n, c, ...])`,
      );
    return groupNorm(x, this.weight, this.bias, { numGroups: this.numGroups, eps: this.eps });
  }

  override config(): readonly unknown[] {
    const options = { eps: this.eps, affine: this.weight !== null };
    return [this.numGroups, this.numChannels, ...optional(options, { eps: 1e-5, affine: true })];
  }
}

export interface InstanceNormModuleOptions {
  /** Added to the variance. Default 1e-5. */
  eps?: number;
  /** Share of the new statistics in the running ones. Default 0.1. */
  momentum?: number;
  /** Learn a scale and a shift. Default false. */
  affine?: boolean;
  /** Keep running statistics, and use them in eval mode. Default false. */
  trackRunningStats?: boolean;
}

/** What InstanceNorm1d and InstanceNorm2d share. */
abstract class InstanceNorm extends Module {
  readonly weight: Parameter | null;
  readonly bias: Parameter | null;
  readonly running_mean: Tensor | null;
  readonly running_var: Tensor | null;
  readonly num_batches_tracked: Tensor | null;
  readonly numFeatures: number;
  readonly eps: number;
  readonly momentum: number;

  constructor(numFeatures: number, options: InstanceNormModuleOptions = {}) {
    super();
    this.numFeatures = checkCount(this.constructor.name, "numFeatures", numFeatures);
    this.eps = options.eps ?? 1e-5;
    this.momentum = options.momentum ?? 0.1;
    const { affine = false, trackRunningStats: track = false } = options;
    this.weight = affine ? new Parameter(ones([numFeatures])) : null;
    this.bias = affine ? new Parameter(zeros([numFeatures])) : null;
    this.running_mean = track ? own(zeros([numFeatures])) : null;
    this.running_var = track ? own(ones([numFeatures])) : null;
    // PyTorch keeps the counter in the state without counting.
    this.num_batches_tracked = track ? own(zeros([], { dtype: "i32" })) : null;
  }

  protected override bufferNames(): readonly string[] {
    return ["running_mean", "running_var", "num_batches_tracked"];
  }

  /** Dimensions of an input with its batch. */
  protected abstract readonly rank: number;

  override forward(x: Tensor): Tensor {
    const batched = x.ndim === this.rank;
    if ((!batched && x.ndim !== this.rank - 1) || x.shape[batched ? 1 : 0] !== this.numFeatures) {
      const size = this.rank === 3 ? "l" : "h, w";
      throw new ShapeError(
        `${this.constructor.name}: takes [n, ${this.numFeatures}, ${size}] or [${this.numFeatures}, ${size}], got ${formatShape(x.shape)}`,
      );
    }
    const out = instanceNorm(batched ? x : unsqueeze(x, 0), {
      weight: this.weight,
      bias: this.bias,
      runningMean: this.running_mean,
      runningVar: this.running_var,
      useInputStats: this.training || this.running_mean === null,
      momentum: this.momentum,
      eps: this.eps,
    });
    return batched ? out : squeeze(out, { dim: 0 });
  }

  override config(): readonly unknown[] {
    const { eps, momentum, weight, running_mean } = this;
    const options = { eps, momentum, affine: weight !== null, trackRunningStats: running_mean !== null };
    const defaults = { eps: 1e-5, momentum: 0.1, affine: false, trackRunningStats: false };
    return [this.numFeatures, ...optional(options, defaults)];
  }
}

/** Instance normalisation of [n, c, l] or [c, l]. */
export class InstanceNorm1d extends InstanceNorm {
  protected override readonly rank = 3;
}

/** Instance normalisation of [n, c, h, w] or [c, h, w]. */
export class InstanceNorm2d extends InstanceNorm {
  protected override readonly rank = 4;
}

/** x / (k + alpha · mean of x² over `size` neighbouring channels)^beta. */
export class LocalResponseNorm extends Optioned<LocalResponseNormOptions> {
  constructor(size: number, options: Omit<LocalResponseNormOptions, "size"> = {}) {
    super({ ...options, size: checkCount("LocalResponseNorm", "size", size) });
  }

  override forward(x: Tensor): Tensor {
    return localResponseNorm(x, this.options);
  }

  override config(): readonly unknown[] {
    const { size, ...rest } = this.options;
    return [size, ...optional(rest)];
  }
}
