import {
  abandonFrame,
  collectTensors,
  dissolveFrame,
  free,
  closeFrame,
  openFrame,
} from "../tensor/lifetime.ts";
import type { Dataset, SampleRequest } from "./dataset.ts";
import { isPromise, rejection } from "./make.ts";

/**
 * The samples of a dataset as `fn` makes them of its samples, one by one, whenever they are asked for. What is drawn from may be
 * anything, such as the names of files, where `fn` makes tensors of it.
 *
 * For whole batches at once, give the loader a `transform`.
 * @param fn may answer with a promise.
 * @example
 * const files: data.Dataset<string> = { length: names.length, get: (i) => names[i] };
 * const images = new data.MapDataset(files, async (name) => tensor(await decode(name), { shape: [3, 32, 32] }));
 */
export class MapDataset<S, T> implements Dataset<T> {
  readonly dataset: Dataset<S>;
  readonly #fn: (sample: S, index: number) => T | Promise<T>;

  constructor(dataset: Dataset<S>, fn: (sample: S, index: number) => T | Promise<T>) {
    this.dataset = dataset;
    this.#fn = fn;
  }

  get length(): number {
    return this.dataset.length;
  }

  get(index: number, request?: SampleRequest): T | Promise<T> {
    const sample = this.dataset.get(index, request);
    if (isPromise(sample)) return sample.then((arrived) => consume(arrived, this.#apply(arrived, index)));
    const made = this.#apply(sample, index);
    return isPromise(made) ? consume(sample, made) : made;
  }

  #apply(sample: S, index: number): T | Promise<T> {
    const mark = openFrame();
    let made: T | Promise<T>;
    try {
      made = this.#fn(sample, index);
    } catch (error) {
      abandonFrame(mark, "MapDataset, whose function failed");
      // As a promise, so that a sample that has no frame around it is seen to.
      return rejection(error);
    }
    if (isPromise(made)) dissolveFrame(mark);
    else
      closeFrame(mark, collectTensors(made, new Set(), Infinity), "MapDataset: made on the way to a sample");
    return made;
  }
}

/** A sample that outlived the frame it was made in, or never had one, ends here, but for what is handed on. */
async function consume<T>(sample: unknown, making: T | Promise<T>): Promise<T> {
  let handedOn: ReadonlySet<unknown> = new Set();
  try {
    const made = await making;
    handedOn = collectTensors(made, new Set(), Infinity);
    return made;
  } finally {
    for (const t of collectTensors(sample, new Set(), Infinity)) {
      if (!t.kept && !handedOn.has(t)) free(t, "MapDataset, whose function made another sample of it");
    }
  }
}
