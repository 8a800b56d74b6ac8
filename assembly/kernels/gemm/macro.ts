/** One packed panel of B against all rows of a block of A. */
import { MR, MR_LOW } from "./blocking";
import { tile4, tile5 } from "./micro";
import { writeTile } from "./tail";

/** Bytes of a tile that is not written in place. */
export const TILE_BYTES: usize = 192;

/**
 * c[i][0…width−1] = Σₚ A(i, p)·B[p][…] (+ init), for i < m, where A(i, p) = load(a + rows[i] + cols[p]).
 * `init` points at what is added to c's first row (c itself, or a bias with initRow 0); if it is 0, initRow is too.
 */
export function sweep(
  a: usize,
  rows: usize,
  m: i32,
  cols: usize,
  k: i32,
  b: usize,
  c: usize,
  cRow: usize,
  width: i32,
  init: usize,
  initRow: usize,
  tile: usize,
): void {
  // m = MR·high + MR_LOW·low where that is possible, and otherwise low tiles with rows to spare.
  let low = (MR - (m % MR)) % MR;
  if (low * MR_LOW > m) low = (m + MR_LOW - 1) / MR_LOW;
  const direct = init == 0 && width == 8;
  let i = 0;
  for (const high = m - low * MR_LOW; i < high; i += MR) {
    const a0 = a + load<usize>(rows);
    const a1 = a + load<usize>(rows, 4);
    const a2 = a + load<usize>(rows, 8);
    const a3 = a + load<usize>(rows, 12);
    const a4 = a + load<usize>(rows, 16);
    // Two calls, so that the compiler does not inline the tile's loop into this one.
    if (direct) {
      tile5(a0, a1, a2, a3, a4, cols, k, b, c, cRow);
    } else {
      tile5(a0, a1, a2, a3, a4, cols, k, b, tile, 32);
      writeTile(c, cRow, tile, init, initRow, MR, width);
    }
    rows += MR << 2;
    c += cRow * MR;
    init += initRow * MR;
  }
  for (; i < m; i += MR_LOW) {
    const height = min(m - i, MR_LOW);
    // Rows to spare are row 0 once more.
    const a0 = a + load<usize>(rows);
    const a1 = a + load<usize>(rows + (height > 1 ? 4 : 0));
    const a2 = a + load<usize>(rows + (height > 2 ? 8 : 0));
    const a3 = a + load<usize>(rows + (height > 3 ? 12 : 0));
    if (direct && height == MR_LOW) {
      tile4(a0, a1, a2, a3, cols, k, b, c, cRow);
    } else {
      tile4(a0, a1, a2, a3, cols, k, b, tile, 32);
      writeTile(c, cRow, tile, init, initRow, height, width);
    }
    rows += MR_LOW << 2;
    c += cRow * MR_LOW;
    init += initRow * MR_LOW;
  }
}
