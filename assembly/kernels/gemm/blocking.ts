/** Sizes of the blocks that GEMM and the convolutions work in: numbers only. */

/**
 * Columns of a register tile. Its rows are six where multiply-add is one instruction: twelve accumulators, two vectors of
 * B and one of A are the fifteen registers that V8 hands out. Otherwise five, since a product needs a register too, and
 * V8 spills at half the speed. What is no multiple of that is made up with lower tiles.
 */
export const NR: i32 = 8;

/** Length of a register tile's sums: KC × NR of B is half of a small L1. */
export const KC: i32 = 512;

/** Rows of A in a block that is used again and again from L2. */
export const MC: i32 = 144;

/** Columns of B that are packed at a time. */
export const NC: i32 = 512;

/** How high the next tile is when so many rows are left, with six at most or five: from 8 (or 12) rows on, none is left partly empty. */
@inline
export function tileHeight(left: i32, six: bool): i32 {
  // The small numbers of rows that begin with four, and with five, as sets.
  if (six) return left > 13 ? 6 : (0x19e >> left) & 1 ? 4 : (0x2220 >> left) & 1 ? 5 : 6;
  return left > 16 ? 5 : (0x119de >> left) & 1 ? 4 : 5;
}

/** How long the blocks are that `total` is cut into: equal ones, of at most `most`, in multiples of four. */
export function balanced(total: i32, most: i32): i32 {
  const blocks = (total + most - 1) / most;
  if (blocks <= 1) return total;
  return ((total + blocks - 1) / blocks + 3) & ~3;
}
