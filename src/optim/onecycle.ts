import { ValueError } from "../errors.ts";
import { cosPi } from "../tensor/scalar.ts";
import { checkCount, withDefaults } from "./options.ts";
import { LRScheduler, type Scheduled } from "./schedule.ts";

export interface OneCycleLROptions {
  /** Peak of the learning rate, for all groups or each. */
  maxLr: number | readonly number[];
  /** Length of the cycle in steps. */
  totalSteps: number;
  /** Share of the cycle that climbs. Default 0.3. */
  pctStart?: number;
  /** Curve of the annealing. Default "cos". */
  annealStrategy?: "cos" | "linear";
  /** Move the momentum (Adam: β₁) against the learning rate. Default true. */
  cycleMomentum?: boolean;
  /** Momentum at the peak. Default 0.85. */
  baseMomentum?: number;
  /** Momentum at both ends. Default 0.95. */
  maxMomentum?: number;
  /** maxLr / divFactor is where it starts. Default 25. */
  divFactor?: number;
  /** The start / finalDivFactor is where it ends. Default 1e4. */
  finalDivFactor?: number;
  /** Fall to the start in as many steps as it climbed, and to the end in a third phase. Default false. */
  threePhase?: boolean;
}

/** A stretch of the cycle: where it ends, and the rates (of maxLr) and momenta at both of its ends. */
type Phase = readonly [end: number, fromLr: number, toLr: number, fromMomentum: number, toMomentum: number];

/**
 * One cycle (L. Smith and N. Topin, 2018): up to maxLr, then down far below the start, by PyTorch's OneCycleLR.
 * @throws {ValueError} an option is out of its range, or there is no momentum to cycle.
 * @example
 * const schedule = new optim.OneCycleLR(optimizer, { maxLr: 0.01, totalSteps: epochs * loader.length });
 */
export class OneCycleLR extends LRScheduler<Required<OneCycleLROptions>> {
  constructor(optimizer: Scheduled, options: OneCycleLROptions) {
    const defaults: Required<OneCycleLROptions> = {
      maxLr: NaN,
      totalSteps: NaN,
      pctStart: 0.3,
      annealStrategy: "cos",
      cycleMomentum: true,
      baseMomentum: 0.85,
      maxMomentum: 0.95,
      divFactor: 25,
      finalDivFactor: 1e4,
      threePhase: false,
    };
    super("OneCycleLR", optimizer, withDefaults("OneCycleLR", defaults, options));
    const { maxLr, totalSteps, pctStart, annealStrategy, divFactor, finalDivFactor } = this.options;
    const peaks = typeof maxLr === "number" ? optimizer.groups.map(() => maxLr) : maxLr;
    if (peaks.length !== optimizer.groups.length) {
      throw new ValueError(
        `OneCycleLR: got ${peaks.length} maxLr for ${optimizer.groups.length} groups; give one for all, or one each`,
      );
    }
    for (const peak of peaks)
      if (!(peak > 0)) throw new ValueError(`OneCycleLR: maxLr must be > 0, got ${peak}`);
    checkCount("OneCycleLR: totalSteps", totalSteps, 1);
    if (!(pctStart >= 0 && pctStart <= 1))
      throw new ValueError(`OneCycleLR: pctStart must lie in [0, 1], got ${pctStart}`);
    if (!["cos", "linear"].includes(annealStrategy))
      throw new ValueError(`OneCycleLR: annealStrategy must be "cos" or "linear", got "${annealStrategy}"`);
    for (const [name, value] of Object.entries({ divFactor, finalDivFactor }))
      if (!(value > 0)) throw new ValueError(`OneCycleLR: ${name} must be > 0, got ${value}`);
    if (this.options.cycleMomentum && optimizer.groups.some((group) => group.momentum === 0)) {
      throw new ValueError(
        "OneCycleLR: the optimiser has no momentum to cycle; pass { cycleMomentum: false }",
      );
    }
    for (const [i, group] of optimizer.groups.entries())
      this.baseLrs[i] = group.initialLr = (peaks[i] as number) / divFactor;
    this.begin();
  }

  /** Goes one step further; call it after optimizer.step(). */
  override step(): void {
    const next = this.lastEpoch + 1;
    if (next > this.options.totalSteps) {
      throw new ValueError(
        `OneCycleLR: step ${next} lies behind the cycle of ${this.options.totalSteps} steps; make totalSteps epochs × batches`,
      );
    }
    super.step();
  }

  private phases(): readonly Phase[] {
    const o = this.options;
    const start = 1 / o.divFactor;
    const finish = start / o.finalDivFactor;
    const peak = o.pctStart * o.totalSteps - 1;
    const up: Phase = [peak, start, 1, o.maxMomentum, o.baseMomentum];
    if (!o.threePhase) return [up, [o.totalSteps - 1, 1, finish, o.baseMomentum, o.maxMomentum]];
    return [
      up,
      [2 * peak, 1, start, o.baseMomentum, o.maxMomentum],
      [o.totalSteps - 1, start, finish, o.maxMomentum, o.maxMomentum],
    ];
  }

  /** The rate, of maxLr, and the momentum at the step that it is in. */
  private position(): { lr: number; momentum: number } {
    const phases = this.phases();
    let current = phases.findIndex(([end]) => this.lastEpoch <= end);
    if (current < 0) current = phases.length - 1;
    const [end, fromLr, toLr, fromMomentum, toMomentum] = phases[current] as Phase;
    const begin = current === 0 ? 0 : (phases[current - 1] as Phase)[0];
    const share = end > begin ? (this.lastEpoch - begin) / (end - begin) : 1;
    const between = (from: number, to: number): number =>
      this.options.annealStrategy === "cos"
        ? to + ((from - to) / 2) * (1 + cosPi(share))
        : from + (to - from) * share;
    return { lr: between(fromLr, toLr), momentum: between(fromMomentum, toMomentum) };
  }

  protected override update(): void {
    super.update();
    if (!this.options.cycleMomentum) return;
    const { momentum } = this.position();
    for (const group of this.optimizer.groups) group.momentum = momentum;
  }

  protected override rate(_lr: number, base: number, group: number): number {
    const { maxLr, divFactor } = this.options;
    const peak = typeof maxLr === "number" ? maxLr : (maxLr[group] ?? base * divFactor);
    return peak * this.position().lr;
  }
}
