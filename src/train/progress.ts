import { ValueError } from "../errors.ts";
import type { Callback } from "./callback.ts";
import type { Stateful } from "./checkpoint.ts";
import { History, type HistoryData } from "./history.ts";
import { Mean } from "./mean.ts";
import type { MetricLike, MetricState } from "./metric.ts";

/** What a checkpoint keeps of a `fit`, beside the model, the optimiser and the like. */
interface ProgressState {
  readonly epoch: number;
  readonly step: number;
  readonly running: boolean;
  readonly drained: boolean;
  readonly batches: number;
  readonly milliseconds: number;
  readonly stopping: boolean;
  readonly loss: MetricState;
  readonly metrics: Readonly<Record<string, MetricState>>;
  /** Of those that have a state. */
  readonly callbacks: readonly Readonly<Record<string, unknown>>[];
  readonly history: HistoryData;
}

/** Where a `fit` stands, and what it has gathered. */
export class Progress implements Stateful {
  /** The epoch that runs or, between epochs, was the last, from 1. */
  epoch = 0;
  step = 0;
  /** Whether `epoch` is under way. */
  running = false;
  /** Whether the epoch's batches are all trained on, so that only its figures are missing. */
  drained = false;
  /** Batches of the epoch so far. */
  batches = 0;
  /** How long the epoch has taken before this process went on with it. */
  milliseconds = 0;
  stopping = false;
  /** Of the epoch. */
  readonly loss = new Mean();
  readonly history = new History();
  private readonly metrics: readonly (readonly [string, MetricLike<never, never>])[];
  private readonly callbacks: readonly Callback[];

  constructor(
    metrics: readonly (readonly [string, MetricLike<never, never>])[],
    callbacks: readonly Callback[],
  ) {
    this.metrics = metrics;
    this.callbacks = callbacks;
  }

  /** Begins the figures of an epoch. */
  open(): void {
    this.running = true;
    this.drained = false;
    this.batches = this.milliseconds = 0;
    this.loss.reset();
    for (const [, metric] of this.metrics) metric.reset();
  }

  stateDict(): ProgressState {
    const { epoch, step, running, drained, batches, milliseconds, stopping } = this;
    return {
      ...{ epoch, step, running, drained, batches, milliseconds, stopping },
      loss: this.loss.stateDict(),
      metrics: Object.fromEntries(this.metrics.map(([name, metric]) => [name, metric.stateDict()])),
      callbacks: this.callbacks.flatMap((callback) => {
        const state = callback.stateDict?.();
        return state === undefined ? [] : [state];
      }),
      history: this.history.toJSON(),
    };
  }

  loadStateDict(state: ProgressState): void {
    const [here, saved] = [this.metrics.map(([name]) => name), Object.keys(state.metrics)].map((names) =>
      names.join(", "),
    );
    if (here !== saved)
      throw new ValueError(`metrics are ${saved || "none"} in it and ${here || "none"} here (pass the same)`);
    const stateful = this.callbacks.filter((callback) => callback.stateDict !== undefined);
    if (stateful.length !== state.callbacks.length)
      throw new ValueError(
        `callbacks with a state are ${state.callbacks.length} in it and ${stateful.length} here (pass the same)`,
      );
    for (const [name, metric] of this.metrics) metric.loadStateDict(state.metrics[name] as MetricState);
    for (const [i, callback] of stateful.entries())
      callback.loadStateDict?.(state.callbacks[i] as Readonly<Record<string, unknown>>);
    this.history.load(state.history);
    this.loss.loadStateDict(state.loss);
    const { epoch, step, running, drained, batches, milliseconds, stopping } = state;
    Object.assign(this, { epoch, step, running, drained, batches, milliseconds, stopping });
  }
}
