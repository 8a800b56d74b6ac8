import { ValueError } from "../errors.ts";
import { collectTensors, free } from "../tensor/lifetime.ts";
import { philox4x32 } from "./shuffle.ts";

/** What random draws depend on, so that a sample becomes the same in any batch, order and process. */
export interface BatchContext {
  /** Seed of the run: a whole number from 0 to 2⁵³ − 1. */
  readonly seed: number;
  /** The epoch, from 0. */
  readonly epoch: number;
  /** The sample's number in the dataset, for each row of the batch. */
  readonly indices: Int32Array;
  /** Where in a composition a transform stands; `compose` sets it. Left out, that is the beginning. */
  readonly place?: number;
}

/**
 * A function of a batch: tensors whose first dimension counts samples, as a loader makes them. It gives a batch of the same form and
 * never writes to what it was given, which may be the dataset's own.
 */
export type BatchTransform<S> = (batch: S, context: BatchContext) => S;

/** A transform of batches of any form, such as those of `data.transforms`. */
export type Transform = <S>(batch: S, context: BatchContext) => S;

/** Not 0, which is where the library's random stream begins. */
const BEGINNING = 0x61756774;

/** The number of a place in a composition. */
export const placeOf = (context: BatchContext): number => context.place ?? BEGINNING;

/**
 * One transform from several, which run one after the other; compositions may hold compositions.
 *
 * Random transforms draw by the seed, the epoch, the sample's index and their place in the composition, so two of a kind differ,
 * and one that is added behind the others leaves theirs as they were. (Called by hand with one context, all draw the same numbers.)
 * @throws {ValueError} something that is no function.
 * @example
 * const { randomCrop, randomHorizontalFlip } = data.transforms;
 * const augment = data.compose(randomCrop(32, { padding: 4 }), randomHorizontalFlip());
 */
export function compose(...transforms: readonly Transform[]): Transform;
export function compose<S>(...transforms: readonly BatchTransform<S>[]): BatchTransform<S>;
export function compose<S>(...transforms: readonly BatchTransform<S>[]): BatchTransform<S> {
  transforms.forEach((transform: unknown, i) => {
    if (typeof transform !== "function") {
      throw new ValueError(
        `compose: argument ${i} is ${transform === null ? "null" : typeof transform}, not a transform (call it: randomCrop(28))`,
      );
    }
  });
  return (batch, context) => {
    const start = placeOf(context);
    const given = collectTensors(batch, new Set());
    let current = batch;
    transforms.forEach((transform, i) => {
      const [place] = philox4x32([i, start, BEGINNING, 0], [0, 0]);
      const next = transform(current, { ...context, place });
      const wanted = collectTensors(next, new Set());
      for (const t of collectTensors(current, new Set())) {
        if (!given.has(t) && !wanted.has(t) && !t.kept)
          free(t, "compose(…): the next transform made another of it");
      }
      current = next;
    });
    return current;
  };
}
