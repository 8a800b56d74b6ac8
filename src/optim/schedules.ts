import { ValueError } from "../errors.ts";
import { cosPi, power } from "../tensor/scalar.ts";
import { checkCount, checkNumber, withDefaults } from "./options.ts";
import { LRScheduler, type Scheduled } from "./schedule.ts";

/** Schedules by the step alone, each by the rule of PyTorch's class of its name (torch.optim.lr_scheduler). */

export interface StepLROptions {
  /** Steps between two falls. */
  stepSize: number;
  /** What each fall multiplies by. Default 0.1. */
  gamma?: number;
}

/**
 * Times gamma every stepSize steps.
 * @throws {ValueError} stepSize is not a whole number ≥ 1, or gamma is negative.
 * @example
 * const schedule = new optim.StepLR(optimizer, { stepSize: 30, gamma: 0.1 });
 */
export class StepLR extends LRScheduler<Required<StepLROptions>> {
  constructor(optimizer: Scheduled, options: StepLROptions) {
    super("StepLR", optimizer, withDefaults("StepLR", { stepSize: NaN, gamma: 0.1 }, options));
    checkCount("StepLR: stepSize", this.options.stepSize, 1);
    checkNumber("StepLR: gamma", this.options.gamma);
    this.begin();
  }

  protected override rate(lr: number): number {
    const falls = this.lastEpoch > 0 && this.lastEpoch % this.options.stepSize === 0;
    return falls ? lr * this.options.gamma : lr;
  }
}

export interface MultiStepLROptions {
  /** The steps at which it falls; one that is named twice counts twice. */
  milestones: readonly number[];
  /** What each fall multiplies by. Default 0.1. */
  gamma?: number;
}

/**
 * Times gamma at each milestone.
 * @throws {ValueError} a milestone is not a whole number ≥ 0, or gamma is negative.
 * @example
 * const schedule = new optim.MultiStepLR(optimizer, { milestones: [60, 80] });
 */
export class MultiStepLR extends LRScheduler<Required<MultiStepLROptions>> {
  constructor(optimizer: Scheduled, options: MultiStepLROptions) {
    super(
      "MultiStepLR",
      optimizer,
      withDefaults<Required<MultiStepLROptions>>("MultiStepLR", { milestones: [], gamma: 0.1 }, options),
    );
    for (const [i, m] of this.options.milestones.entries()) checkCount(`MultiStepLR: milestones[${i}]`, m, 0);
    checkNumber("MultiStepLR: gamma", this.options.gamma);
    this.begin();
  }

  protected override rate(lr: number): number {
    const { milestones, gamma } = this.options;
    let factor = 1;
    for (const m of milestones) if (m === this.lastEpoch) factor *= gamma;
    return lr * factor;
  }
}

export interface ExponentialLROptions {
  /** What each step multiplies by. */
  gamma: number;
}

/**
 * Times gamma at every step.
 * @throws {ValueError} gamma is negative.
 * @example
 * const schedule = new optim.ExponentialLR(optimizer, { gamma: 0.95 });
 */
export class ExponentialLR extends LRScheduler<ExponentialLROptions> {
  constructor(optimizer: Scheduled, options: ExponentialLROptions) {
    super("ExponentialLR", optimizer, withDefaults("ExponentialLR", { gamma: NaN }, options));
    checkNumber("ExponentialLR: gamma", this.options.gamma);
    this.begin();
  }

  protected override rate(lr: number): number {
    return this.lastEpoch === 0 ? lr : lr * this.options.gamma;
  }
}

export interface ConstantLROptions {
  /** What the rate is multiplied by until totalIters. Default 1/3. */
  factor?: number;
  /** The step at which the rate is its own again. Default 5. */
  totalIters?: number;
}

/**
 * Times factor for the first totalIters steps.
 * @throws {ValueError} factor is not in (0, 1], or totalIters is not a whole number ≥ 0.
 * @example
 * const warmUp = new optim.ConstantLR(optimizer, { factor: 0.1, totalIters: 100 });
 */
export class ConstantLR extends LRScheduler<Required<ConstantLROptions>> {
  constructor(optimizer: Scheduled, options: ConstantLROptions = {}) {
    super("ConstantLR", optimizer, withDefaults("ConstantLR", { factor: 1 / 3, totalIters: 5 }, options));
    const { factor, totalIters } = this.options;
    if (!(factor > 0 && factor <= 1))
      throw new ValueError(`ConstantLR: factor must be > 0 and ≤ 1, got ${factor}`);
    checkCount("ConstantLR: totalIters", totalIters, 0);
    this.begin();
  }

  protected override rate(lr: number): number {
    const { factor, totalIters } = this.options;
    if (this.lastEpoch === 0) return lr * factor;
    return this.lastEpoch === totalIters ? lr / factor : lr;
  }
}

export interface LinearLROptions {
  /** The factor at the start. Default 1/3. */
  startFactor?: number;
  /** The factor from totalIters on. Default 1. */
  endFactor?: number;
  /** Steps from one to the other. Default 5. */
  totalIters?: number;
}

/**
 * Times a factor that goes in a straight line from startFactor to endFactor: a warm-up, or a fall.
 * @throws {ValueError} startFactor is not in (0, 1], endFactor not in [0, 1], or totalIters not a whole number ≥ 1.
 * @example
 * const warmUp = new optim.LinearLR(optimizer, { startFactor: 0.01, totalIters: 500 });
 */
export class LinearLR extends LRScheduler<Required<LinearLROptions>> {
  constructor(optimizer: Scheduled, options: LinearLROptions = {}) {
    const defaults = { startFactor: 1 / 3, endFactor: 1, totalIters: 5 };
    super("LinearLR", optimizer, withDefaults("LinearLR", defaults, options));
    const { startFactor, endFactor, totalIters } = this.options;
    if (!(startFactor > 0 && startFactor <= 1))
      throw new ValueError(`LinearLR: startFactor must be > 0 and ≤ 1, got ${startFactor}`);
    if (!(endFactor >= 0 && endFactor <= 1))
      throw new ValueError(`LinearLR: endFactor must be ≥ 0 and ≤ 1, got ${endFactor}`);
    checkCount("LinearLR: totalIters", totalIters, 1);
    this.begin();
  }

  protected override rate(lr: number): number {
    const { startFactor, endFactor, totalIters } = this.options;
    if (this.lastEpoch === 0) return lr * startFactor;
    if (this.lastEpoch > totalIters) return lr;
    const climb = endFactor - startFactor;
    return lr * (1 + climb / (totalIters * startFactor + (this.lastEpoch - 1) * climb));
  }
}

export interface PolynomialLROptions {
  /** Steps until 0. Default 5. */
  totalIters?: number;
  /** The power. Default 1. */
  power?: number;
}

/**
 * lr·(1 − t / totalIters)^power, 0 from totalIters on.
 * @throws {ValueError} totalIters is not a whole number ≥ 1, or power is negative.
 * @example
 * const schedule = new optim.PolynomialLR(optimizer, { totalIters: 1000, power: 0.9 });
 */
export class PolynomialLR extends LRScheduler<Required<PolynomialLROptions>> {
  constructor(optimizer: Scheduled, options: PolynomialLROptions = {}) {
    super("PolynomialLR", optimizer, withDefaults("PolynomialLR", { totalIters: 5, power: 1 }, options));
    checkCount("PolynomialLR: totalIters", this.options.totalIters, 1);
    checkNumber("PolynomialLR: power", this.options.power);
    this.begin();
  }

  protected override rate(lr: number): number {
    const { totalIters, power: exponent } = this.options;
    const t = this.lastEpoch;
    if (t === 0 || t > totalIters) return lr;
    return lr * power((1 - t / totalIters) / (1 - (t - 1) / totalIters), exponent);
  }
}

export interface CosineAnnealingLROptions {
  /** Steps from the top to the bottom. */
  tMax: number;
  /** The bottom. Default 0. */
  etaMin?: number;
}

/**
 * Half a cosine from the base rate down to etaMin in tMax steps (I. Loshchilov and F. Hutter, 2017, without restarts); beyond them it
 * climbs again.
 * @throws {ValueError} tMax is not a whole number ≥ 1, or etaMin is negative.
 * @example
 * const schedule = new optim.CosineAnnealingLR(optimizer, { tMax: epochs });
 */
export class CosineAnnealingLR extends LRScheduler<Required<CosineAnnealingLROptions>> {
  constructor(optimizer: Scheduled, options: CosineAnnealingLROptions) {
    const name = "CosineAnnealingLR";
    super(name, optimizer, withDefaults(name, { tMax: NaN, etaMin: 0 }, options));
    checkCount(`${name}: tMax`, this.options.tMax, 1);
    checkNumber(`${name}: etaMin`, this.options.etaMin);
    this.begin();
  }

  protected override rate(lr: number, base: number): number {
    const { tMax, etaMin } = this.options;
    const t = this.lastEpoch;
    if (t === 0) return lr;
    // From the very bottom no factor leads up.
    if ((t - 1 - tMax) % (2 * tMax) === 0) return lr + ((base - etaMin) * (1 - cosPi(1 / tMax))) / 2;
    return ((1 + cosPi(t / tMax)) / (1 + cosPi((t - 1) / tMax))) * (lr - etaMin) + etaMin;
  }
}

/** The factor of a step, one function for all groups or one a group. */
export type LrLambda = ((step: number) => number) | readonly ((step: number) => number)[];

const lambdaOf = (lambda: LrLambda, group: number): ((step: number) => number) =>
  typeof lambda === "function" ? lambda : (lambda[group] as (step: number) => number);

function checkLambdas(name: string, optimizer: Scheduled, lambda: LrLambda): void {
  if (typeof lambda !== "function" && lambda.length !== optimizer.groups.length) {
    throw new ValueError(
      `${name}: got ${lambda.length} functions for ${optimizer.groups.length} groups; give one for all, or one each`,
    );
  }
}

/**
 * The base rate times what a function of the step gives.
 * @throws {ValueError} another number of functions than groups.
 * @example
 * const schedule = new optim.LambdaLR(optimizer, (t) => 1 / Math.sqrt(1 + t));
 */
export class LambdaLR extends LRScheduler {
  private readonly lambda: LrLambda;

  constructor(optimizer: Scheduled, lrLambda: LrLambda) {
    super("LambdaLR", optimizer, {});
    checkLambdas("LambdaLR", optimizer, lrLambda);
    this.lambda = lrLambda;
    this.begin();
  }

  protected override rate(_lr: number, base: number, group: number): number {
    return base * lambdaOf(this.lambda, group)(this.lastEpoch);
  }
}

/**
 * The rate before times what a function of the step gives, from the first step on.
 * @throws {ValueError} another number of functions than groups.
 * @example
 * const schedule = new optim.MultiplicativeLR(optimizer, () => 0.95);
 */
export class MultiplicativeLR extends LRScheduler {
  private readonly lambda: LrLambda;

  constructor(optimizer: Scheduled, lrLambda: LrLambda) {
    super("MultiplicativeLR", optimizer, {});
    checkLambdas("MultiplicativeLR", optimizer, lrLambda);
    this.lambda = lrLambda;
    this.begin();
  }

  protected override rate(lr: number, _base: number, group: number): number {
    return this.lastEpoch === 0 ? lr : lr * lambdaOf(this.lambda, group)(this.lastEpoch);
  }
}
