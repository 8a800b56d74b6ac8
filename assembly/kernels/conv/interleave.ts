/** Four channels side by side: [channel][row][column] to [row][column][4] and back, one row at a time. */
import { splat } from "../../simd/f32";
import { transpose } from "../gemm/pack";

/** What lies outside of the image is 0. `plane` are the bytes between channels of which `valid` are there; others repeat the last. */
export function interleave(
  to: usize,
  columns: i32,
  x: usize,
  plane: usize,
  valid: i32,
  width: i32,
  left: i32,
): void {
  const before = min(max(-left, 0), columns);
  const first = max(left, 0);
  const count = max(min(width, left + columns) - first, 0);
  for (let i = before; i > 0; i--, to += 16) v128.store(to, splat(0));
  const c0 = x + ((<usize>first) << 2);
  const c1 = c0 + (valid > 1 ? plane : 0);
  const c2 = c1 + (valid > 2 ? plane : 0);
  const c3 = c2 + (valid > 3 ? plane : 0);
  if (count >= 4) {
    // The last four may overlap the four before.
    const last = count - 4;
    for (let i = 0; ; i = min(i + 4, last)) {
      const at = (<usize>i) << 2;
      transpose(
        to + (at << 2),
        16,
        v128.load(c0 + at),
        v128.load(c1 + at),
        v128.load(c2 + at),
        v128.load(c3 + at),
      );
      if (i == last) break;
    }
  } else {
    for (let at: usize = 0; at < (<usize>count) << 2; at += 4) {
      let v = v128.load32_zero(c0 + at);
      v = v128.load32_lane(c1 + at, v, 1);
      v = v128.load32_lane(c2 + at, v, 2);
      v128.store(to + (at << 2), v128.load32_lane(c3 + at, v, 3));
    }
  }
  to += (<usize>count) << 4;
  for (let i = columns - before - count; i > 0; i--, to += 16) v128.store(to, splat(0));
}

/** Back to the `valid` ≤ 4 channels that are there: + bias, and nothing below `floor`. */
export function separate(
  to: usize,
  plane: usize,
  valid: i32,
  columns: i32,
  from: usize,
  bias: v128,
  floor: v128,
): void {
  const c1 = to + plane;
  let done = 0;
  if (valid == 4 && columns >= 4) {
    const last = columns - 4;
    for (let i = 0; ; i = min(i + 4, last)) {
      const p = from + ((<usize>i) << 4);
      transpose(
        to + ((<usize>i) << 2),
        plane,
        f32x4.pmax(f32x4.add(v128.load(p), bias), floor),
        f32x4.pmax(f32x4.add(v128.load(p, 16), bias), floor),
        f32x4.pmax(f32x4.add(v128.load(p, 32), bias), floor),
        f32x4.pmax(f32x4.add(v128.load(p, 48), bias), floor),
      );
      if (i == last) break;
    }
    done = columns;
  }
  for (let i = done; i < columns; i++) {
    const v = f32x4.pmax(f32x4.add(v128.load(from + ((<usize>i) << 4)), bias), floor);
    const at = (<usize>i) << 2;
    v128.store32_lane(to + at, v, 0);
    if (valid > 1) v128.store32_lane(c1 + at, v, 1);
    if (valid > 2) v128.store32_lane(c1 + plane + at, v, 2);
    if (valid > 3) v128.store32_lane(c1 + (plane << 1) + at, v, 3);
  }
}
