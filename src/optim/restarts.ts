import { cosPi } from "../tensor/scalar.ts";
import { checkCount, checkNumber, withDefaults } from "./options.ts";
import { LRScheduler, type Scheduled } from "./schedule.ts";

export interface CosineAnnealingWarmRestartsOptions {
  /** Steps of the first fall. */
  t0: number;
  /** How many times longer each further fall is. Default 1. */
  tMult?: number;
  /** The bottom. Default 0. */
  etaMin?: number;
}

/**
 * SGDR (I. Loshchilov and F. Hutter, 2017) by PyTorch's rule: half a cosine down to etaMin, then up at once, again and again.
 * @throws {ValueError} t0 or tMult is not a whole number ≥ 1, or etaMin is negative.
 * @example
 * const schedule = new optim.CosineAnnealingWarmRestarts(optimizer, { t0: 10, tMult: 2 });
 */
export class CosineAnnealingWarmRestarts extends LRScheduler<Required<CosineAnnealingWarmRestartsOptions>> {
  /** Steps since the last restart; a fraction where step(epoch) was given one. */
  tCur = 0;
  /** Length of the fall that it is in. */
  tI: number;

  constructor(optimizer: Scheduled, options: CosineAnnealingWarmRestartsOptions) {
    const name = "CosineAnnealingWarmRestarts";
    super(name, optimizer, withDefaults(name, { t0: NaN, tMult: 1, etaMin: 0 }, options));
    checkCount(`${name}: t0`, this.options.t0, 1);
    checkCount(`${name}: tMult`, this.options.tMult, 1);
    checkNumber(`${name}: etaMin`, this.options.etaMin);
    this.tI = this.options.t0;
    this.begin();
  }

  protected override stateNames(): readonly string[] {
    return [...super.stateNames(), "tCur", "tI"];
  }

  /**
   * Goes one step further, or to `epoch`, which may be a fraction: epoch + batch / batches moves it within an epoch.
   * @throws {ValueError} epoch is negative.
   */
  override step(epoch?: number): void {
    if (epoch === undefined) {
      this.lastEpoch++;
      this.tCur++;
      if (this.tCur >= this.tI) {
        this.tCur -= this.tI;
        this.tI *= this.options.tMult;
      }
    } else this.goTo(checkNumber("CosineAnnealingWarmRestarts: epoch", epoch));
    this.update();
  }

  override begin(): void {
    this.goTo(0);
    this.update();
  }

  private goTo(epoch: number): void {
    const { t0, tMult } = this.options;
    this.lastEpoch = Math.floor(epoch);
    this.tI = t0;
    this.tCur = tMult === 1 ? epoch % t0 : epoch;
    for (; this.tCur >= this.tI; this.tI *= tMult) this.tCur -= this.tI;
  }

  protected override rate(_lr: number, base: number): number {
    const { etaMin } = this.options;
    return etaMin + ((base - etaMin) * (1 + cosPi(this.tCur / this.tI))) / 2;
  }
}
