import { ValueError } from "../errors.ts";
import type { Dataset, SampleRequest } from "./dataset.ts";
import { checkIndex } from "./subset.ts";

/**
 * The samples of several datasets, one dataset after the other.
 * @example
 * const all = new data.ConcatDataset(digits, letters);
 */
export class ConcatDataset<S> implements Dataset<S> {
  readonly datasets: readonly Dataset<S>[];

  constructor(...datasets: readonly Dataset<S>[]) {
    if (datasets.length === 0) throw new ValueError("ConcatDataset: needs at least one dataset, got none");
    this.datasets = datasets;
  }

  get length(): number {
    return this.datasets.reduce((sum, { length }) => sum + length, 0);
  }

  get(index: number, request?: SampleRequest): S | Promise<S> {
    checkIndex("ConcatDataset", index, this.length);
    let left = index;
    for (const dataset of this.datasets) {
      if (left < dataset.length) return dataset.get(left, request);
      left -= dataset.length;
    }
    throw new ValueError("ConcatDataset: a dataset became shorter meanwhile");
  }
}
