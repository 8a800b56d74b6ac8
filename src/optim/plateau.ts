import { ValueError } from "../errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkCount, checkNumber, withDefaults } from "./options.ts";
import { LRScheduler, type Scheduled } from "./schedule.ts";

export interface ReduceLROnPlateauOptions {
  /** Whether the metric is to fall or to rise. Default "min". */
  mode?: "min" | "max";
  /** What the rate is multiplied by. Default 0.1. */
  factor?: number;
  /** Steps without a better metric that are let pass; the next reduces. Default 10. */
  patience?: number;
  /** By how much a metric must be better to count. Default 1e-4. */
  threshold?: number;
  /** Whether the threshold is a share of the best metric or a difference. Default "rel". */
  thresholdMode?: "rel" | "abs";
  /** Steps after a reduction during which nothing is counted. Default 0. */
  cooldown?: number;
  /** Below which no rate goes, for all groups or each. Default 0. */
  minLr?: number | readonly number[];
  /** Changes of the rate below this are left out. Default 1e-8. */
  eps?: number;
}

const DEFAULTS: Required<ReduceLROnPlateauOptions> = {
  mode: "min",
  factor: 0.1,
  patience: 10,
  threshold: 1e-4,
  thresholdMode: "rel",
  cooldown: 0,
  minLr: 0,
  eps: 1e-8,
};

/**
 * Times factor when a metric has stopped getting better, by PyTorch's rule. NaN is never better.
 * @throws {ValueError} an option is out of its range or unknown.
 * @example
 * const schedule = new optim.ReduceLROnPlateau(optimizer, { patience: 3 });
 * schedule.step(validationLoss); // after each epoch
 */
export class ReduceLROnPlateau extends LRScheduler<Required<ReduceLROnPlateauOptions>> {
  /** The best metric so far; null before the first. */
  best: number | null = null;
  numBadEpochs = 0;
  cooldownCounter = 0;

  constructor(optimizer: Scheduled, options: ReduceLROnPlateauOptions = {}) {
    const name = "ReduceLROnPlateau";
    super(name, optimizer, withDefaults(name, DEFAULTS, options));
    const o = this.options;
    for (const [option, value, known] of [
      ["mode", o.mode, ["min", "max"]],
      ["thresholdMode", o.thresholdMode, ["rel", "abs"]],
    ] as const) {
      if (!(known as readonly string[]).includes(value))
        throw new ValueError(`${name}: ${option} must be "${known.join('" or "')}", got "${value}"`);
    }
    checkNumber(`${name}: factor`, o.factor, 0, 1);
    checkCount(`${name}: patience`, o.patience, 0);
    checkCount(`${name}: cooldown`, o.cooldown, 0);
    checkNumber(`${name}: threshold`, o.threshold);
    checkNumber(`${name}: eps`, o.eps);
    const floors = typeof o.minLr === "number" ? [o.minLr] : o.minLr;
    for (const floor of floors) checkNumber(`${name}: minLr`, floor);
    if (typeof o.minLr !== "number" && floors.length !== optimizer.groups.length) {
      throw new ValueError(
        `${name}: got ${floors.length} minLr for ${optimizer.groups.length} groups; give one for all, or one each`,
      );
    }
  }

  protected override stateNames(): readonly string[] {
    return [...super.stateNames(), "best", "numBadEpochs", "cooldownCounter"];
  }

  /**
   * Counts a metric, such as the validation loss of an epoch.
   * @throws {ValueError} no metric is given.
   */
  override step(metric?: number | Tensor): void {
    const value = typeof metric === "object" ? metric.item() : metric;
    if (typeof value !== "number")
      throw new ValueError("ReduceLROnPlateau: step takes the metric, such as the validation loss");
    this.lastEpoch++;
    if (this.isBetter(value)) {
      this.best = value;
      this.numBadEpochs = 0;
    } else this.numBadEpochs++;
    if (this.cooldownCounter > 0) {
      this.cooldownCounter--;
      this.numBadEpochs = 0;
    }
    if (this.numBadEpochs > this.options.patience) {
      this.update();
      this.cooldownCounter = this.options.cooldown;
      this.numBadEpochs = 0;
    }
  }

  override begin(): void {
    this.lastEpoch = this.numBadEpochs = this.cooldownCounter = 0;
    this.best = null;
  }

  private isBetter(value: number): boolean {
    const { mode, threshold, thresholdMode } = this.options;
    const { best } = this;
    const sign = mode === "min" ? -1 : 1;
    if (best === null) return value * sign > -Infinity;
    const bar = thresholdMode === "rel" ? best * (1 + sign * threshold) : best + sign * threshold;
    return mode === "min" ? value < bar : value > bar;
  }

  protected override rate(lr: number, _base: number, group: number): number {
    const { factor, minLr, eps } = this.options;
    const floor = typeof minLr === "number" ? minLr : (minLr[group] ?? 0);
    const next = Math.max(lr * factor, floor);
    return lr - next > eps ? next : lr;
  }
}
