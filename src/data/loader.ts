import { ValueError } from "../errors.ts";
import { getRandomState } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Dataset } from "./dataset.ts";
import { collate, own, release } from "./sample.ts";
import { permutationArray } from "./shuffle.ts";
import { turn } from "./turn.ts";

export interface DataLoaderOptions {
  /** Samples in a batch. Default 1. */
  readonly batchSize?: number;
  /** Draw the samples in a new random order each epoch. Default false: in the order of the dataset. */
  readonly shuffle?: boolean;
  /** Leave out the last batch where it is short. Default false. */
  readonly dropLast?: boolean;
  /** Seed of the order, a whole number from 0 to 2⁵³ − 1. Default: the one of `manualSeed`. */
  readonly seed?: number;
}

/**
 * The event loop gets its turn before this many milliseconds have passed, if the step to come is no longer than
 * the last one. Below 50, so that a somewhat longer step does not break that promise.
 */
const BUDGET = 40;

const NOTHING: ReadonlySet<Tensor> = new Set();

/**
 * Batches of a dataset, for `for await`. Each loop over it is an epoch; the order of epoch e depends on the seed,
 * e and the number of samples alone, so that runs repeat.
 *
 * Batches belong to the loader: it frees one when the next is asked for and when the loop ends, however it ends.
 * `keep(x)` exempts a tensor of a batch.
 *
 * It lets the event loop go round at the start of an epoch and at least every 50 ms (or after every batch, where
 * a step takes longer), so that Ctrl-C, messages, timers and paints get through while training runs.
 */
export class DataLoader<S> implements AsyncIterable<S> {
  readonly dataset: Dataset<S>;
  readonly batchSize: number;
  readonly #shuffle: boolean;
  readonly #dropLast: boolean;
  readonly #seed: number | undefined;
  #epoch = 0;

  /** @throws ValueError for an empty dataset and for options that make no sense. */
  constructor(dataset: Dataset<S>, options: DataLoaderOptions = {}) {
    const { batchSize = 1, shuffle = false, dropLast = false, seed } = options;
    if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
      throw new ValueError(`DataLoader: batchSize must be a whole number ≥ 1, got ${batchSize}`);
    }
    if (seed !== undefined && (!Number.isSafeInteger(seed) || seed < 0)) {
      throw new ValueError(`DataLoader: seed must be a whole number from 0 to 2^53 - 1, got ${seed}`);
    }
    this.dataset = dataset;
    this.batchSize = batchSize;
    this.#shuffle = shuffle;
    this.#dropLast = dropLast;
    this.#seed = seed;
    this.#samples();
  }

  /** Number of batches in an epoch. */
  get length(): number {
    return Math.ceil(this.#samples() / this.batchSize);
  }

  /** The epoch that the next loop runs, from 0. Set it to go on where another process stopped. */
  get epoch(): number {
    return this.#epoch;
  }

  set epoch(epoch: number) {
    if (!Number.isInteger(epoch) || epoch < 0) {
      throw new ValueError(`DataLoader: epoch must be a whole number ≥ 0, got ${epoch}`);
    }
    this.#epoch = epoch;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<S, void, undefined> {
    const samples = this.#samples();
    const order = this.#order(this.#epoch++);
    let owned = NOTHING;
    try {
      await turn();
      let turned = performance.now();
      let last = turned;
      for (let start = 0; start < samples; start += this.batchSize) {
        release(owned);
        owned = NOTHING;
        const now = performance.now();
        if (now - turned + (now - last) > BUDGET) {
          await turn();
          turned = performance.now();
        }
        last = performance.now();
        const batch = this.#batch(order.slice(start, Math.min(start + this.batchSize, samples)));
        owned = batch.tensors;
        yield batch.sample;
      }
    } finally {
      release(owned);
    }
  }

  #batch(indices: Int32Array): ReturnType<typeof own<S>> {
    const { dataset } = this;
    return own(() =>
      dataset.batch
        ? dataset.batch(indices)
        : collate(
            Array.from(indices, (index) => dataset.get(index)),
            indices,
          ),
    );
  }

  /** The order of an epoch, all samples. */
  #order(epoch: number): Int32Array {
    const { length } = this.dataset;
    return this.#shuffle
      ? permutationArray(length, this.#seed ?? currentSeed(), epoch)
      : Int32Array.from({ length }, (_, i) => i);
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

/** The seed that `manualSeed` set: the key of the library's random stream. */
function currentSeed(): number {
  const [low = 0, high = 0] = getRandomState();
  return (low >>> 0) + (high >>> 0) * 2 ** 32;
}
