/** What happens to a tile after its sums. */
import { splat } from "../../simd/f32";

/** c = tile (+ init, unless that is 0) for `height` rows of `width` ≤ 8; the tile's rows are 32 bytes apart. */
export function writeTile(
  c: usize,
  cRow: usize,
  tile: usize,
  init: usize,
  initRow: usize,
  height: i32,
  width: i32,
): void {
  const bytes = (<usize>width) << 2;
  for (let r = 0; r < height; r++) {
    if (init == 0) {
      for (let j: usize = 0; j < bytes; j += 4) store<u32>(c + j, load<u32>(tile + j));
    } else if (width == 8) {
      v128.store(c, f32x4.add(v128.load(init), v128.load(tile)));
      v128.store(c, f32x4.add(v128.load(init, 16), v128.load(tile, 16)), 16);
      init += initRow;
    } else {
      for (let j: usize = 0; j < bytes; j += 4) store<f32>(c + j, load<f32>(init + j) + load<f32>(tile + j));
      init += initRow;
    }
    c += cRow;
    tile += 32;
  }
}

/** c = max(c, 0), NaN staying, for `height` rows of `width` ≤ 8: what a tile's columns become at their end. */
export function rectify(c: usize, cRow: usize, height: i32, width: i32): void {
  const zero = splat(0);
  for (; height > 0; height--) {
    if (width == 8) {
      v128.store(c, f32x4.pmax(v128.load(c), zero));
      v128.store(c, f32x4.pmax(v128.load(c, 16), zero), 16);
    } else {
      for (let at: usize = 0; at < (<usize>width) << 2; at += 4) {
        if (load<f32>(c + at) < 0) store<f32>(c + at, 0);
      }
    }
    c += cRow;
  }
}
