/** Where a batch stands: what a transform's random draws are keyed by, so that they depend neither on the batch nor on the order. */
export interface BatchContext {
  /** The loader's seed. */
  readonly seed: number;
  /** Counts the loops over the loader, from 0. */
  readonly epoch: number;
  /** Which samples of the dataset these are, in the order of the batch. */
  readonly indices: Int32Array;
}

/** Makes another batch of a batch. What it makes on the way is freed by the loader. */
export type BatchTransform<S> = (batch: S, context: BatchContext) => S;
