/** One packed panel of B against all rows of a block of A. */
import { fused } from "../../simd/f32";
import { tileHeight } from "./blocking";
import { tile4, tile5, tile6 } from "./micro";
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
  const six = fused();
  const plain = init == 0 && width == 8;
  for (let left = m; left > 0;) {
    const height = tileHeight(left, six);
    const direct = plain && left >= height;
    // Rows to spare of the lowest tile are row 0 once more.
    const a0 = a + load<usize>(rows);
    const a1 = a + load<usize>(rows + (left > 1 ? 4 : 0));
    const a2 = a + load<usize>(rows + (left > 2 ? 8 : 0));
    const a3 = a + load<usize>(rows + (left > 3 ? 12 : 0));
    // Each tile is called twice, lest the compiler move its only call's loop in here: V8 12 and older then spill.
    if (height == 4) {
      if (direct) tile4(a0, a1, a2, a3, cols, k, b, c, cRow);
      else tile4(a0, a1, a2, a3, cols, k, b, tile, 32);
    } else {
      const a4 = a + load<usize>(rows, 16);
      if (height == 5) {
        if (direct) tile5(a0, a1, a2, a3, a4, cols, k, b, c, cRow);
        else tile5(a0, a1, a2, a3, a4, cols, k, b, tile, 32);
      } else {
        const a5 = a + load<usize>(rows, 20);
        if (direct) tile6(a0, a1, a2, a3, a4, a5, cols, k, b, c, cRow);
        else tile6(a0, a1, a2, a3, a4, a5, cols, k, b, tile, 32);
      }
    }
    if (!direct) writeTile(c, cRow, tile, init, initRow, min(left, height), width);
    rows += height << 2;
    c += cRow * height;
    init += initRow * height;
    left -= height;
  }
}
