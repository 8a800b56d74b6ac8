import { IndexOutOfRangeError } from "../errors.ts";
import type { Dataset, SampleRequest } from "./dataset.ts";

/**
 * Some samples of a dataset, in the order of `indices`; repeated ones are there as often.
 * @throws IndexOutOfRangeError for an index that the dataset does not have.
 * @example
 * const even = new data.Subset(digits, digits.labels.flatMap((label, i) => (label % 2 === 0 ? [i] : [])));
 */
export class Subset<S> implements Dataset<S> {
  readonly dataset: Dataset<S>;
  readonly indices: Int32Array;
  /** Where the dataset makes batches itself, so does its subset. */
  readonly batch?: (indices: Int32Array, request?: SampleRequest) => S | Promise<S>;

  constructor(dataset: Dataset<S>, indices: ArrayLike<number>) {
    for (let i = 0; i < indices.length; i++) checkIndex("Subset", indices[i] as number, dataset.length);
    this.dataset = dataset;
    this.indices = Int32Array.from(indices);
    const batch = dataset.batch?.bind(dataset);
    if (batch)
      this.batch = (asked, request) =>
        batch(
          asked.map((index) => this.#at(index)),
          request,
        );
  }

  get length(): number {
    return this.indices.length;
  }

  get(index: number, request?: SampleRequest): S | Promise<S> {
    return this.dataset.get(this.#at(index), request);
  }

  #at(index: number): number {
    checkIndex("Subset", index, this.length);
    return this.indices[index] as number;
  }
}

/** @throws IndexOutOfRangeError unless it is one of a dataset of this length. */
export function checkIndex(op: string, index: number, length: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= length) {
    throw new IndexOutOfRangeError(`${op}: index ${index} is outside [0, ${length - 1}]`);
  }
}
