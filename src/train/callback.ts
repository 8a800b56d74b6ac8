import type { Module } from "../nn/module.ts";
import type { ExponentialMovingAverage } from "../optim/ema.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import type { EpochRecord, History, StepRecord } from "./history.ts";

/** A training that is under way. */
export interface Run {
  readonly model: Module;
  readonly optimizer: Optimizer;
  readonly ema: ExponentialMovingAverage | null;
  readonly history: History;
  /** Epochs to run. */
  readonly epochs: number;
  /** The one that runs, from 1; before the first, 0. */
  readonly epoch: number;
  /** Steps done, of all epochs together. */
  readonly step: number;
  /** Steps in an epoch; null where the data do not tell (they have no length). */
  readonly stepsPerEpoch: number | null;
  /** Ends training after the running step; the epoch is closed, with its validation, as if it were over. The reason goes into the history. */
  stop(reason: string): void;
}

/**
 * Something that watches training, or steers it. Methods may be async: training waits for them. They are called in the order in which
 * the callbacks are listed.
 * @example
 * const budget: train.Callback = { onStep: ({ step }, run) => { if (step === 1000) run.stop("1,000 steps are enough"); } };
 */
export interface Callback {
  onStart?(run: Run): void | Promise<void>;
  onEpochStart?(run: Run): void | Promise<void>;
  /** After an update. */
  onStep?(record: StepRecord, run: Run): void | Promise<void>;
  /** After an epoch and its validation. */
  onEpochEnd?(record: EpochRecord, run: Run): void | Promise<void>;
  /** At the end, however it comes: `error` is what was thrown, or undefined. */
  onEnd?(run: Run, error?: unknown): void | Promise<void>;
  /** What a checkpoint keeps of it: JSON values and tensors. */
  stateDict?(): Readonly<Record<string, unknown>>;
  loadStateDict?(state: Readonly<Record<string, unknown>>): void;
}
