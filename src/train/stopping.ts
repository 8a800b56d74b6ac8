import { checkCount } from "../optim/options.ts";
import { Best, type MonitorOptions } from "./better.ts";
import type { Callback, Run } from "./callback.ts";
import { monitored, type EpochRecord } from "./history.ts";

export interface EarlyStoppingOptions extends MonitorOptions {
  /** Epochs in a row without a better value after which training stops. Default 5. */
  readonly patience?: number;
}

/**
 * Stops training once a value has stopped getting better (by Keras' rule: `patience` epochs in a row without a new best).
 * @throws {ValueError} an option makes no sense.
 * @example
 * await train.fit(model, loader, { …, callbacks: [new train.EarlyStopping({ patience: 3 })] });
 * // or in a loop of your own:
 * if (stopping.update(valLoss)) break;
 */
export class EarlyStopping implements Callback {
  readonly patience: number;
  readonly #best: Best;
  #waited = 0;

  constructor(options: EarlyStoppingOptions = {}) {
    const { patience = 5 } = options;
    checkCount("EarlyStopping: patience", patience, 1);
    this.#best = new Best("EarlyStopping", options);
    this.patience = patience;
  }

  /** The best value so far; null before the first. */
  get best(): number | null {
    return this.#best.value;
  }

  /** Counts the value of an epoch. Returns whether it is time to stop. */
  update(value: number): boolean {
    this.#waited = this.#best.take(value) ? 0 : this.#waited + 1;
    return this.#waited >= this.patience;
  }

  onEpochEnd(record: EpochRecord, run: Run): void {
    const { monitor } = this.#best;
    if (this.update(monitored("EarlyStopping", record, monitor)))
      run.stop(`EarlyStopping: no better ${monitor} than ${this.best} in ${this.patience} epochs`);
  }

  stateDict(): { best: number | null; waited: number } {
    return { best: this.best, waited: this.#waited };
  }

  loadStateDict(state: Readonly<Record<string, unknown>>): void {
    this.#best.value = state["best"] as number | null;
    this.#waited = state["waited"] as number;
  }
}
