/** The search for the first value that is not a finite number. */
import { isNaN4, load, loadTail, splat } from "../simd/f32";

/** Lanes that are no finite number (x − x is NaN), or with `nanOnly` lanes that are NaN. */
@inline
function bad(x: v128, nanOnly: bool): v128 {
  return isNaN4(nanOnly ? x : f32x4.sub(x, x));
}

/**
 * The position + 1 of the first of n contiguous values that is NaN or, unless `nanOnly`, infinite; 0 where there is none. It reads only,
 * and each part reads all.
 */
export function nonFinite_f32(x: usize, n: i32, nanOnly: i32, part: i32, parts: i32): i32 {
  const only = nanOnly != 0;
  for (let i = 0; i < n; i += 4) {
    const p = x + ((<usize>i) << 2);
    const lanes = n - i >= 4 ? load(p) : loadTail(p, n - i, splat(0));
    const mask = i32x4.bitmask(bad(lanes, only));
    if (mask != 0) return i + ctz(mask) + 1;
  }
  return 0;
}
