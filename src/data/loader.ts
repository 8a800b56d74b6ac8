import { ValueError } from "../errors.ts";
import { getRandomState } from "../tensor/random.ts";
import type { Dataset, SampleRequest } from "./dataset.ts";
import { isPromise, makeBatch, rejection, type Making } from "./make.ts";
import { own, release, type Owned } from "./sample.ts";
import { permutationArray } from "./shuffle.ts";
import type { BatchContext, BatchTransform } from "./transform.ts";
import { turn } from "./turn.ts";
import { cumulate, weightedArray } from "./weighted.ts";

export interface DataLoaderOptions<S> {
  /** Samples in a batch. Default 1. */
  readonly batchSize?: number;
  /** Draw the samples in a new random order each epoch. Default false: in the order of the dataset. */
  readonly shuffle?: boolean;
  /** Leave out the last batch where it is short. Default false. */
  readonly dropLast?: boolean;
  /**
   * Draw as many samples as there are with replacement, each by its weight: one number ≥ 0 a sample. With the inverse of the class's
   * frequency as weight, classes come equally often. Not together with `shuffle`.
   */
  readonly weights?: ArrayLike<number>;
  /** Seed of the order and of the transform, a whole number from 0 to 2⁵³ − 1. Default: the one of `manualSeed`. */
  readonly seed?: number;
  /** Makes of each batch the one that is handed out; see `transforms`. */
  readonly transform?: BatchTransform<S>;
  /**
   * Batches that are asked for ahead of the one that is handed out. Default 0. Of use where the dataset answers with promises (files,
   * workers): they are then made while the training step runs. Each takes its memory.
   */
  readonly prefetch?: number;
}

/** Where a loader stands. */
export interface DataLoaderState {
  readonly epoch: number;
  /** Batches of this epoch that have been handed out. */
  readonly batch: number;
}

/**
 * The event loop gets its turn before this many milliseconds have passed, if the step to come is no longer than
 * the last one. Below 50, so that a somewhat longer step does not break that promise.
 */
const BUDGET = 40;

/**
 * Batches of a dataset, for `for await`. Each loop over it is an epoch; the order of epoch e depends on the seed,
 * e and the number of samples alone, so that runs repeat.
 *
 * Batches belong to the loader: it frees one when the next is asked for and when the loop ends, however it ends.
 * `keep(x)` exempts a tensor of a batch.
 *
 * It lets the event loop go round at the start of an epoch and at least every 50 ms (or after every batch, where
 * a step takes longer), so that Ctrl-C, messages, timers and paints get through while training runs.
 * @example
 * const loader = new data.DataLoader(dataset, { batchSize: 64, shuffle: true, prefetch: 2 });
 * for await (const [x, y] of loader) step(x, y);
 */
export class DataLoader<S> implements AsyncIterable<S> {
  readonly dataset: Dataset<S>;
  readonly batchSize: number;
  readonly #shuffle: boolean;
  readonly #dropLast: boolean;
  readonly #sums: Float64Array | null;
  readonly #seed: number | undefined;
  readonly #transform: BatchTransform<S> | undefined;
  readonly #prefetch: number;
  /** Where the next loop starts. */
  #next: DataLoaderState = { epoch: 0, batch: 0 };
  /** Where the newest of the running loops stands. */
  #running: { epoch: number; batch: number } | null = null;

  /** @throws ValueError for an empty dataset and for options that make no sense. */
  constructor(dataset: Dataset<S>, options: DataLoaderOptions<NoInfer<S>> = {}) {
    const {
      batchSize = 1,
      shuffle = false,
      dropLast = false,
      weights,
      seed,
      transform,
      prefetch = 0,
    } = options;
    if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
      throw new ValueError(`DataLoader: batchSize must be a whole number ≥ 1, got ${batchSize}`);
    }
    if (seed !== undefined && (!Number.isSafeInteger(seed) || seed < 0)) {
      throw new ValueError(`DataLoader: seed must be a whole number from 0 to 2^53 - 1, got ${seed}`);
    }
    if (!Number.isSafeInteger(prefetch) || prefetch < 0) {
      throw new ValueError(`DataLoader: prefetch must be a whole number ≥ 0, got ${prefetch}`);
    }
    if (weights !== undefined && shuffle) {
      throw new ValueError(
        "DataLoader: weights and shuffle exclude each other (weights draw at random by themselves)",
      );
    }
    this.dataset = dataset;
    this.batchSize = batchSize;
    this.#shuffle = shuffle;
    this.#dropLast = dropLast;
    this.#seed = seed;
    this.#transform = transform;
    this.#prefetch = prefetch;
    this.#samples();
    this.#sums = weights === undefined ? null : cumulate(weights, dataset.length);
  }

  /** Number of batches in an epoch. */
  get length(): number {
    return Math.ceil(this.#samples() / this.batchSize);
  }

  /** The epoch that the next loop runs, from 0. Set it to go on where another process stopped. */
  get epoch(): number {
    return this.#next.epoch;
  }

  set epoch(epoch: number) {
    checkCount("epoch", epoch);
    this.#next = { epoch, batch: 0 };
  }

  /**
   * Where the running loop stands, or else where the next one starts. Two numbers are enough to go on from: orders and transforms depend
   * on the seed and the position alone.
   * @example
   * for await (const [x, y] of loader) {
   *   step(x, y);
   *   if (stopping) saved = loader.stateDict(); // before the `break`: after it, the next loop is the next epoch
   * }
   */
  stateDict(): DataLoaderState {
    return { ...(this.#running ?? this.#next) };
  }

  /**
   * Lets the next loop go on from there: it gives the batches that the interrupted one would have given, to the end of the epoch.
   * @throws ValueError for a position that an epoch does not have.
   */
  loadStateDict(state: DataLoaderState): void {
    const { epoch, batch } = state;
    checkCount("epoch", epoch);
    checkCount("batch", batch);
    if (batch > this.length) {
      throw new ValueError(
        `DataLoader: the state is that of batch ${batch}, an epoch has ${this.length} (was it another dataset or batchSize?)`,
      );
    }
    this.#next = { epoch, batch };
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<S, void, undefined> {
    const { epoch, batch: first } = this.#next;
    this.#next = { epoch: epoch + 1, batch: 0 };
    const position = { epoch, batch: first };
    this.#running = position;
    const ahead: Ahead<S>[] = [];
    let owned: Owned<S> | null = null;
    try {
      const samples = this.#samples();
      const seed = this.#seed ?? currentSeed();
      const order = this.#order(seed, epoch);
      let start = first * this.batchSize;
      const ask = (): void => {
        const indices = order.slice(start, Math.min(start + this.batchSize, samples));
        start += this.batchSize;
        const left = new AbortController();
        ahead.push({ indices, left, making: this.#ask(indices, { seed, epoch, signal: left.signal }) });
      };

      await turn();
      let turned = performance.now();
      let last = turned;
      while (ahead.length > 0 || start < samples) {
        if (owned) release(owned.tensors);
        owned = null;
        while (ahead.length <= this.#prefetch && start < samples) ask();
        const now = performance.now();
        if (now - turned + (now - last) > BUDGET || ahead.some(({ making }) => isPromise(making))) {
          await turn();
          turned = performance.now();
        }
        last = performance.now();
        const { indices, making } = ahead[0] as Ahead<S>;
        owned = await making;
        ahead.shift();
        owned = this.#transformed(owned, { seed, epoch, indices });
        position.batch++;
        yield owned.sample;
      }
    } finally {
      if (this.#running === position) this.#running = null;
      if (owned) release(owned.tensors);
      for (const { left, making } of ahead) {
        left.abort();
        discard(making);
      }
    }
  }

  /** An error belongs to its batch: it waits until that is handed out. */
  #ask(indices: Int32Array, request: SampleRequest): Making<S> {
    let making: Making<S>;
    try {
      making = makeBatch(this.dataset, indices, request);
    } catch (error) {
      making = rejection(error);
    }
    if (isPromise(making)) making.catch(() => undefined);
    return making;
  }

  /** Runs as a batch is handed out, not as it arrives, so that what it draws does not depend on timing. */
  #transformed(batch: Owned<S>, context: BatchContext): Owned<S> {
    const transform = this.#transform;
    if (transform === undefined) return batch;
    try {
      return own(() => transform(batch.sample, context));
    } finally {
      release(batch.tensors);
    }
  }

  /** The order of an epoch, all samples. */
  #order(seed: number, epoch: number): Int32Array {
    const { length } = this.dataset;
    if (this.#sums) {
      if (this.#sums.length !== length) {
        throw new ValueError(
          `DataLoader: ${this.#sums.length} weights for ${length} samples (the dataset has changed: make a new loader)`,
        );
      }
      return weightedArray(this.#sums, seed, epoch);
    }
    return this.#shuffle ? permutationArray(length, seed, epoch) : Int32Array.from({ length }, (_, i) => i);
  }

  /** How many samples an epoch has. Asked anew each time: a dataset may grow. */
  #samples(): number {
    const { length } = this.dataset;
    if (!Number.isInteger(length) || length < 0) {
      throw new ValueError(`DataLoader: the dataset's length must be a whole number ≥ 0, got ${length}`);
    }
    if (length === 0) throw new ValueError("DataLoader: the dataset is empty, length 0");
    const samples = this.#dropLast ? length - (length % this.batchSize) : length;
    if (samples === 0) {
      throw new ValueError(
        `DataLoader: dropLast leaves no batch, ${length} samples and batchSize ${this.batchSize} (use a smaller batchSize)`,
      );
    }
    return samples;
  }
}

interface Ahead<S> {
  readonly indices: Int32Array;
  /** Aborts when the loop is left. One a batch: hosts warn of signals with many listeners. */
  readonly left: AbortController;
  readonly making: Making<S>;
}

/** Frees a batch that nobody gets, now or when it arrives. */
function discard<S>(making: Making<S>): void {
  if (isPromise(making))
    making.then(
      ({ tensors }) => release(tensors),
      () => undefined,
    );
  else release(making.tensors);
}

function checkCount(name: string, count: number): void {
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new ValueError(`DataLoader: ${name} must be a whole number ≥ 0, got ${count}`);
  }
}

/** The seed that `manualSeed` set: the key of the library's random stream. */
function currentSeed(): number {
  const [low = 0, high = 0] = getRandomState();
  return (low >>> 0) + (high >>> 0) * 2 ** 32;
}
