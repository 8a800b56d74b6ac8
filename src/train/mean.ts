import type { MetricState } from "./metric.ts";

/**
 * A mean of numbers, such as the losses of batches, each counted as often as its weight says.
 * @example
 * const mean = new train.Mean();
 * mean.update(0.5, 3);
 * mean.update(0.1, 1);
 * mean.compute(); // 0.4
 */
export class Mean {
  #sum = 0;
  #weight = 0;

  reset(): void {
    this.#sum = this.#weight = 0;
  }

  /** Counts a value, by default once. */
  update(value: number, weight = 1): void {
    this.#sum += value * weight;
    this.#weight += weight;
  }

  /** NaN where nothing was counted. */
  compute(): number {
    return this.#sum / this.#weight;
  }

  stateDict(): MetricState {
    return { sum: this.#sum, weight: this.#weight };
  }

  loadStateDict(state: MetricState): void {
    this.#sum = state["sum"] as number;
    this.#weight = state["weight"] as number;
  }
}
