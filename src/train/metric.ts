import { ValueError } from "../errors.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** What a metric gives: a number, or one for each class, or a table of them. */
export type MetricValue = number | readonly MetricValue[];

/** What a metric has counted so far, as JSON. */
export type MetricState = Readonly<Record<string, number | readonly number[]>>;

/** A figure that is gathered over batches. What has these methods is one; {@link Metric} makes them short to write. */
export interface MetricLike<O = Tensor, Y = Tensor> {
  /** Begins anew. */
  reset(): void;
  /** Counts a batch. */
  update(output: O, target: Y): void;
  /** The figure over all batches since reset(). */
  compute(): MetricValue;
  stateDict(): MetricState;
  loadStateDict(state: MetricState): void;
}

/**
 * The base of metrics: what it counts is plain data, so that a checkpoint can keep it. A metric of your own says where it starts, how a
 * batch counts and what comes out.
 * @example
 * class Bias extends train.Metric<{ sum: number; count: number }> {
 *   protected override start = () => ({ sum: 0, count: 0 });
 *   override update(output: Tensor, target: Tensor) {
 *     this.state.sum += noGrad(() => output.sub(target).sum().item());
 *     this.state.count += output.size;
 *   }
 *   override compute = () => this.state.sum / this.state.count;
 * }
 */
export abstract class Metric<S extends object> implements MetricLike {
  #state: S | null = null;

  /** What is counted, before anything is. */
  protected abstract start(): S;
  abstract update(output: Tensor, target: Tensor): void;
  abstract compute(): MetricValue;

  protected get state(): S {
    return (this.#state ??= this.start());
  }

  reset(): void {
    this.#state = null;
  }

  /** A copy of what has been counted, as JSON. */
  stateDict(): MetricState {
    return copy(this.state) as MetricState;
  }

  /**
   * Goes on from what stateDict gave.
   * @throws {ValueError} it is the state of another kind of metric. Nothing is changed then.
   */
  loadStateDict(state: MetricState): void {
    const start = this.start() as MetricState;
    for (const [key, value] of Object.entries(start)) {
      const given = state[key];
      if (given === undefined || Array.isArray(given) !== Array.isArray(value))
        throw new ValueError(
          `${this.constructor.name}.loadStateDict: the state has no fitting ${key}, it has ${Object.keys(state).join(", ") || "nothing"}`,
        );
    }
    this.#state = copy(state) as S;
  }
}

const copy = (state: object): object =>
  Object.fromEntries(
    Object.entries(state).map(([key, value]: [string, unknown]) => [
      key,
      Array.isArray(value) ? [...(value as unknown[])] : value,
    ]),
  );
