import { ValueError } from "../errors.ts";
import type { Module } from "../nn/module.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Best, type MonitorOptions } from "./better.ts";
import type { Callback, Run } from "./callback.ts";
import { monitored, type EpochRecord } from "./history.ts";
import { Snapshot } from "./snapshot.ts";

export interface BestModelOptions extends MonitorOptions {
  /** Put the best weights back into the model when training ends. Default true. */
  readonly restore?: boolean;
}

/**
 * Keeps the weights (and buffers) of the best epoch, and gives them back to the model at the end. With `ema` it keeps the averages, since
 * they are what was validated. A training that fails gets its best weights back, too.
 * @throws {ValueError} an option makes no sense.
 * @example
 * await train.fit(model, loader, { …, validation, callbacks: [new train.BestModel({ monitor: "valAccuracy", mode: "max" })] });
 * // or in a loop of your own:
 * best.update(valLoss, model); // after each epoch
 * best.restore(model);
 */
export class BestModel implements Callback {
  readonly #best: Best;
  readonly #restores: boolean;
  #weights: Snapshot | null = null;

  constructor(options: BestModelOptions = {}) {
    this.#best = new Best("BestModel", options);
    this.#restores = options.restore ?? true;
  }

  /** The best value so far; null before the first. */
  get best(): number | null {
    return this.#best.value;
  }

  /** Keeps the weights as they are now if the value is the best so far. Returns whether it is. */
  update(value: number, model: Module): boolean {
    if (!this.#best.take(value)) return false;
    if (this.#weights === null) this.#weights = new Snapshot(model);
    else this.#weights.take(model);
    return true;
  }

  /**
   * Copies the best weights into the model.
   * @throws {ValueError} there are none yet.
   */
  restore(model: Module): void {
    if (this.#weights === null) throw new ValueError("BestModel.restore: no epoch has been kept yet");
    this.#weights.restore(model);
  }

  onEpochEnd(record: EpochRecord, { model, ema }: Run): void {
    const value = monitored("BestModel", record, this.#best.monitor);
    if (ema === null) this.update(value, model);
    else ema.apply(() => this.update(value, model));
  }

  onEnd({ model }: Run): void {
    if (this.#restores && this.#weights !== null) this.restore(model);
  }

  stateDict(): { best: number | null; weights: Readonly<Record<string, Tensor>> | null } {
    return { best: this.best, weights: this.#weights?.state ?? null };
  }

  /** Goes on from what stateDict gave; tensors are copied. */
  loadStateDict(state: Readonly<Record<string, unknown>>): void {
    const weights = state["weights"] as Readonly<Record<string, Tensor>> | null;
    this.#weights?.dispose();
    this.#weights = weights === null ? null : new Snapshot({ stateDict: () => weights });
    this.#best.value = state["best"] as number | null;
  }

  /** Frees the kept weights, which otherwise live as long as this. */
  dispose(): void {
    this.#weights?.dispose();
    this.#weights = null;
  }
}
