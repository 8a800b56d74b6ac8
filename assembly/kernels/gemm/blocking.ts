/** Sizes of the blocks that GEMM and the convolutions work in: numbers only. */

/**
 * Rows and columns of a register tile. 5 × 8 is ten accumulators, two vectors of B, one of A: enough chains to hide
 * the latency of a multiply-add, and two registers below what V8 hands out, so that the build without fused
 * multiply-add, which needs one more, does not spill. (6 × 8 is 3 % faster with fused ones and half as fast without.)
 */
export const MR: i32 = 5;
export const NR: i32 = 8;

/** The height of the tiles that fill up what is not a multiple of MR: any m ≥ 12 is 5 a + 4 b. */
export const MR_LOW: i32 = 4;

/** Length of a register tile's sums: KC × NR of B is a quarter of a small L1. */
export const KC: i32 = 256;

/** Rows of A in a block that is used again and again from L2. */
export const MC: i32 = 120;

/** Columns of B that are packed at a time. */
export const NC: i32 = 512;

/** How long the blocks are that `total` is cut into: equal ones, of at most `most`, in multiples of four. */
export function balanced(total: i32, most: i32): i32 {
  const blocks = (total + most - 1) / most;
  if (blocks <= 1) return total;
  return ((total + blocks - 1) / blocks + 3) & ~3;
}
