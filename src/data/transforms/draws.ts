import { placeOf, type BatchContext } from "../transform.ts";
import { philox4x32, type Words4 } from "../shuffle.ts";

/** The key of a seed. */
const keyOf = (seed: number): readonly [number, number] => [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0];

/** Block `block` of the numbers of row `row` of the batch, four words of 32 bits: by its sample's index, not by the row. */
export function wordsOf(context: BatchContext, row: number, block: number): Words4 {
  const index = context.indices[row] as number;
  return philox4x32([block, placeOf(context), context.epoch >>> 0, index >>> 0], keyOf(context.seed));
}

/** The next random number of [0, 1) of a sample. */
export type Draw = () => number;

/** The random numbers of row `row` of the batch. */
export function drawsOf(context: BatchContext, row: number): Draw {
  let words: Words4 = [0, 0, 0, 0];
  let drawn = 0;
  return () => {
    if (drawn % 4 === 0) words = wordsOf(context, row, drawn / 4);
    return (words[drawn++ % 4] as number) / 2 ** 32;
  };
}

/** A number of [low, high). */
export const between = (draw: Draw, low: number, high: number): number => low + draw() * (high - low);

/** A whole number of [0, n). */
export const below = (draw: Draw, n: number): number => Math.floor(draw() * n);
