import { ValueError } from "../errors.ts";

export type Mode = "min" | "max";

export interface MonitorOptions {
  /** The value of an epoch that is watched. Default "valLoss". */
  readonly monitor?: string;
  /** Whether it is to fall or to rise. Default "min" for losses; for anything else it must be given. */
  readonly mode?: Mode;
  /** By how much a value must be better to count. Default 0. */
  readonly minDelta?: number;
}

/** The best value so far. NaN is never better. */
export class Best {
  readonly monitor: string;
  readonly mode: Mode;
  readonly minDelta: number;
  value: number | null = null;

  constructor(who: string, options: MonitorOptions) {
    const { monitor = "valLoss", minDelta = 0 } = options;
    const mode: unknown = options.mode ?? (/loss$/i.test(monitor) ? "min" : undefined);
    if (mode !== "min" && mode !== "max")
      throw new ValueError(
        `${who}: mode must be "min" or "max" for the monitor "${monitor}", got ${String(mode)}`,
      );
    if (!(minDelta >= 0)) throw new ValueError(`${who}: minDelta must be ≥ 0, got ${minDelta}`);
    this.monitor = monitor;
    this.mode = mode;
    this.minDelta = minDelta;
  }

  /** Whether a value is better than all before it; then it is the best. */
  take(value: number): boolean {
    if (Number.isNaN(value)) return false;
    const { value: best, minDelta } = this;
    const better = best === null || (this.mode === "min" ? value < best - minDelta : value > best + minDelta);
    if (better) this.value = value;
    return better;
  }
}
