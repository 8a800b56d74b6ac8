import { ShapeError, ValueError } from "../errors.ts";
import { batchNorm } from "../ops/norm.ts";
import { ones, zeros } from "../tensor/create.ts";
import { formatShape } from "../tensor/shape.ts";
import { own } from "../tensor/lifetime.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkCount, optional } from "./arguments.ts";
import { Module } from "./module.ts";
import { Parameter } from "./parameter.ts";
import { noGrad } from "../autograd/mode.ts";
import { add_ } from "../ops/inplace.ts";

export interface BatchNormModuleOptions {
  /** Added to the variance. Default 1e-5. */
  eps?: number;
  /** Share of the new statistics in the running ones. Default 0.1. */
  momentum?: number;
  /** Learn a scale and a shift. Default true. */
  affine?: boolean;
  /** Keep running statistics for eval mode. Default true. */
  trackRunningStats?: boolean;
}

/** What BatchNorm1d and BatchNorm2d share; state-dict keys are PyTorch's. */
abstract class BatchNorm extends Module {
  readonly weight: Parameter | null;
  readonly bias: Parameter | null;
  readonly running_mean: Tensor | null;
  readonly running_var: Tensor | null;
  readonly num_batches_tracked: Tensor | null;
  readonly numFeatures: number;
  readonly eps: number;
  readonly momentum: number;

  constructor(numFeatures: number, options: BatchNormModuleOptions = {}) {
    super();
    this.numFeatures = checkCount(this.constructor.name, "numFeatures", numFeatures);
    this.eps = options.eps ?? 1e-5;
    this.momentum = options.momentum ?? 0.1;
    if (!(this.eps > 0)) throw new ValueError(`${this.constructor.name}: eps must be > 0, got ${this.eps}`);
    const affine = options.affine ?? true;
    const track = options.trackRunningStats ?? true;
    this.weight = affine ? new Parameter(ones([numFeatures])) : null;
    this.bias = affine ? new Parameter(zeros([numFeatures])) : null;
    this.running_mean = track ? own(zeros([numFeatures])) : null;
    this.running_var = track ? own(ones([numFeatures])) : null;
    this.num_batches_tracked = track ? own(zeros([], { dtype: "i32" })) : null;
  }

  protected override bufferNames(): readonly string[] {
    return ["running_mean", "running_var", "num_batches_tracked"];
  }

  protected abstract checkInput(x: Tensor): void;

  private countBatch(counter: Tensor): void {
    noGrad(() => add_(counter, 1));
  }

  override forward(x: Tensor): Tensor {
    this.checkInput(x);
    if (this.training && this.num_batches_tracked) this.countBatch(this.num_batches_tracked);
    return batchNorm(x, {
      weight: this.weight,
      bias: this.bias,
      runningMean: this.running_mean,
      runningVar: this.running_var,
      training: this.training || this.running_mean === null,
      momentum: this.momentum,
      eps: this.eps,
    });
  }

  override config(): readonly unknown[] {
    const { numFeatures, eps, momentum, weight, running_mean } = this;
    const options = { eps, momentum, affine: weight !== null, trackRunningStats: running_mean !== null };
    const defaults = { eps: 1e-5, momentum: 0.1, affine: true, trackRunningStats: true };
    return [numFeatures, ...optional(options, defaults)];
  }
}

/** Batch normalisation of [n, c] or [n, c, l]. */
export class BatchNorm1d extends BatchNorm {
  protected override checkInput(x: Tensor): void {
    if (x.ndim !== 2 && x.ndim !== 3)
      throw new ShapeError(`BatchNorm1d: takes [n, c] or [n, c, l], got ${formatShape(x.shape)}`);
  }
}

/** Batch normalisation of [n, c, h, w]. */
export class BatchNorm2d extends BatchNorm {
  protected override checkInput(x: Tensor): void {
    if (x.ndim !== 4) throw new ShapeError(`BatchNorm2d: takes [n, c, h, w], got ${formatShape(x.shape)}`);
  }
}
