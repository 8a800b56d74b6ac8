import type { Callback } from "./callback.ts";
import type { EpochRecord, StepRecord } from "./history.ts";

/** What has happened since the last look; there may be many steps in one. Plain data: it can go through postMessage. */
export interface LiveUpdate {
  readonly steps: readonly StepRecord[];
  readonly epochs: readonly EpochRecord[];
}

/**
 * The history as it comes, for a page or a log that draws it: an async iterator that gives what is new each time it is asked, and ends
 * with training. Whoever draws slowly gets more at a time, and training never waits. Nothing is collected before the first loop over it.
 * @example
 * const live = new train.Live();
 * const done = train.fit(model, loader, { …, callbacks: [live] });
 * for await (const { steps } of live) chart.add(steps);
 */
export class Live implements Callback, AsyncIterable<LiveUpdate> {
  readonly #readers = new Set<Reader>();
  #ended = false;

  onStart(): void {
    this.#ended = false;
  }

  onStep(record: StepRecord): void {
    for (const reader of this.#readers) reader.add(record, null);
  }

  onEpochEnd(record: EpochRecord): void {
    for (const reader of this.#readers) reader.add(null, record);
  }

  onEnd(): void {
    this.#ended = true;
    for (const reader of this.#readers) reader.end();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<LiveUpdate, void, undefined> {
    if (this.#ended) return;
    const reader = new Reader();
    this.#readers.add(reader);
    try {
      for (let update = await reader.next(); update !== null; update = await reader.next()) yield update;
    } finally {
      this.#readers.delete(reader);
    }
  }
}

class Reader {
  #steps: StepRecord[] = [];
  #epochs: EpochRecord[] = [];
  #ended = false;
  #wake = (): void => undefined;

  add(step: StepRecord | null, epoch: EpochRecord | null): void {
    if (step !== null) this.#steps.push(step);
    if (epoch !== null) this.#epochs.push(epoch);
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** What is new, once there is something; null at the end. */
  async next(): Promise<LiveUpdate | null> {
    const isEmpty = (): boolean => this.#steps.length + this.#epochs.length === 0;
    if (isEmpty() && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (isEmpty()) return null;
    const update = { steps: this.#steps, epochs: this.#epochs };
    this.#steps = [];
    this.#epochs = [];
    return update;
  }
}
