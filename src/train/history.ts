import { ValueError } from "../errors.ts";
import type { MetricValue } from "./metric.ts";

/** One step of training: an update of the parameters, of one batch or of several accumulated ones. */
export interface StepRecord {
  /** Of all epochs together, from 1. */
  readonly step: number;
  /** From 1. */
  readonly epoch: number;
  /** Mean over the step's samples, before the update. */
  readonly loss: number;
  /** Learning rate of the update (of the first group). */
  readonly lr: number;
}

/** One epoch: a pass through the data. */
export interface EpochRecord {
  /** From 1. */
  readonly epoch: number;
  /** Steps of all epochs so far. */
  readonly step: number;
  /** Learning rate of the last step (of the first group). */
  readonly lr: number;
  /** How long it took, with its validation and without pauses. */
  readonly seconds: number;
  /** `loss` and the metrics over the epoch, each batch as it was when its turn came; of the validation as `valLoss` and so on. */
  readonly values: Readonly<Record<string, MetricValue>>;
}

/** A history as JSON. */
export interface HistoryData {
  /** A column a quantity; entry i is of step i + 1. */
  readonly steps: {
    readonly epoch: readonly number[];
    readonly loss: readonly number[];
    readonly lr: readonly number[];
  };
  readonly epochs: readonly EpochRecord[];
  /** Why training ended before its last epoch; null: it did not. */
  readonly stopped: string | null;
}

/**
 * What happened in training, as data. `fit` gives one; a loop of your own fills one.
 * @example
 * const history = new train.History();
 * history.addStep({ step: 1, epoch: 1, loss: 0.7, lr: 0.1 });
 * JSON.stringify(history);
 */
export class History implements HistoryData {
  readonly steps = { epoch: [] as number[], loss: [] as number[], lr: [] as number[] };
  readonly epochs: EpochRecord[] = [];
  stopped: string | null = null;

  addStep(record: StepRecord): void {
    const { steps } = this;
    if (record.step !== steps.loss.length + 1)
      throw new ValueError(
        `History.addStep: steps come in order, got step ${record.step} after ${steps.loss.length}`,
      );
    steps.epoch.push(record.epoch);
    steps.loss.push(record.loss);
    steps.lr.push(record.lr);
  }

  addEpoch(record: EpochRecord): void {
    this.epochs.push(record);
  }

  /** A value of every epoch, such as "valLoss"; NaN where an epoch has none. */
  values(name: string): number[] {
    return this.epochs.map(({ values }) => {
      const value = values[name];
      return typeof value === "number" ? value : NaN;
    });
  }

  /** A copy as plain data. (JSON has no NaN: a figure that is NaN becomes null in it.) */
  toJSON(): HistoryData {
    const { epoch, loss, lr } = this.steps;
    return {
      steps: { epoch: [...epoch], loss: [...loss], lr: [...lr] },
      epochs: this.epochs.map((record) => ({ ...record, values: { ...record.values } })),
      stopped: this.stopped,
    };
  }

  /**
   * Goes on from what toJSON gave.
   * @throws {ValueError} it is not a history. Nothing is changed then.
   */
  load(data: HistoryData): void {
    const { steps, epochs, stopped } = data;
    const columns = [steps.epoch, steps.loss, steps.lr];
    if (!columns.every((column) => Array.isArray(column) && column.length === steps.loss.length))
      throw new ValueError("History.load: the columns of the steps differ in length");
    for (const [name, column] of Object.entries(this.steps)) {
      column.length = 0;
      for (const value of steps[name as keyof typeof steps]) column.push(value);
    }
    this.epochs.splice(0, Infinity, ...epochs);
    this.stopped = stopped;
  }
}

/** The name of a figure of the validation: `valLoss` for `loss`. */
export const ofValidation = (name: string): string => `val${name.charAt(0).toUpperCase()}${name.slice(1)}`;

/**
 * The number that a callback or a schedule watches.
 * @throws {ValueError} there is none of that name.
 */
export function monitored(who: string, { values }: EpochRecord, monitor: string): number {
  const value = Object.hasOwn(values, monitor) ? values[monitor] : undefined;
  if (typeof value === "number") return value;
  const known = Object.keys(values).filter((name) => typeof values[name] === "number");
  throw new ValueError(
    value === undefined
      ? `${who}: no value is named "${monitor}"; there are ${known.join(", ")} (values of the validation begin with val and need a validation set)`
      : `${who}: "${monitor}" is not a number but a list; there are ${known.join(", ")}`,
  );
}
