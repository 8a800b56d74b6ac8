import { ValueError } from "../errors.ts";
import { cosPi } from "../tensor/scalar.ts";
import type { Optimizer } from "./optimizer.ts";

export interface OneCycleLROptions {
  /** Peak of the learning rate. */
  maxLr: number;
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
}

/** One cycle (L. Smith and N. Topin, 2018): up to maxLr, then down far below the start, by PyTorch's OneCycleLR. */
export class OneCycleLR {
  private readonly optimizer: Pick<Optimizer, "groups">;
  private readonly options: Required<OneCycleLROptions>;
  /** Steps taken. */
  lastStep = 0;

  constructor(optimizer: Pick<Optimizer, "groups">, options: OneCycleLROptions) {
    this.optimizer = optimizer;
    this.options = {
      pctStart: 0.3,
      annealStrategy: "cos",
      cycleMomentum: true,
      baseMomentum: 0.85,
      maxMomentum: 0.95,
      divFactor: 25,
      finalDivFactor: 1e4,
      ...options,
    };
    const { maxLr, totalSteps, pctStart } = this.options;
    if (!(maxLr > 0)) throw new ValueError(`OneCycleLR: maxLr must be > 0, got ${maxLr}`);
    if (!Number.isInteger(totalSteps) || totalSteps < 1) {
      throw new ValueError(`OneCycleLR: totalSteps must be a whole number ≥ 1, got ${totalSteps}`);
    }
    if (!(pctStart >= 0 && pctStart <= 1))
      throw new ValueError(`OneCycleLR: pctStart must lie in [0, 1], got ${pctStart}`);
    if (this.options.cycleMomentum && optimizer.groups.some((group) => group.momentum === 0)) {
      throw new ValueError(
        "OneCycleLR: the optimiser has no momentum to cycle; pass { cycleMomentum: false }",
      );
    }
    this.apply();
  }

  /** Goes one step further; call it after optimizer.step(). */
  step(): void {
    if (this.lastStep + 1 > this.options.totalSteps) {
      throw new ValueError(
        `OneCycleLR: step ${this.lastStep + 1} lies behind the cycle of ${this.options.totalSteps} steps; make totalSteps epochs × batches`,
      );
    }
    this.lastStep++;
    this.apply();
  }

  private apply(): void {
    const { maxLr, totalSteps, pctStart, annealStrategy, divFactor, finalDivFactor } = this.options;
    const start = maxLr / divFactor;
    const peak = pctStart * totalSteps - 1;
    const end = totalSteps - 1;
    const rising = this.lastStep <= peak;
    const share = rising ? this.lastStep / peak : (this.lastStep - peak) / (end - peak);
    const between = (from: number, to: number): number =>
      annealStrategy === "cos" ? to + ((from - to) / 2) * (1 + cosPi(share)) : from + (to - from) * share;
    const lr = rising ? between(start, maxLr) : between(maxLr, start / finalDivFactor);
    const { baseMomentum, maxMomentum } = this.options;
    for (const group of this.optimizer.groups) {
      group.lr = lr;
      if (this.options.cycleMomentum) {
        group.momentum = rising ? between(maxMomentum, baseMomentum) : between(baseMomentum, maxMomentum);
      }
    }
  }
}
