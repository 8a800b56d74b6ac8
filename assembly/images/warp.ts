/** Images looked at through a matrix, one a sample. */
import { splat } from "../simd/f32";
import { storeUpTo } from "../sums";
import { argument } from "./place";

/** Four numbers of a plane, by their index. */
@inline
function at4(plane: usize, index: v128): v128 {
  const v = v128.load32_zero(plane + ((<usize>i32x4.extract_lane(index, 0)) << 2));
  const two = v128.load32_lane(plane + ((<usize>i32x4.extract_lane(index, 1)) << 2), v, 1);
  const three = v128.load32_lane(plane + ((<usize>i32x4.extract_lane(index, 2)) << 2), two, 2);
  return v128.load32_lane(plane + ((<usize>i32x4.extract_lane(index, 3)) << 2), three, 3);
}

/** All ones where 0 ≤ i < size. */
@inline
function within(i: v128, size: i32): v128 {
  return i32x4.lt_u(i, i32x4.splat(size));
}

/** The pixels of a plane at (y, x), `fill` outside. */
@inline
function tap(plane: usize, y: v128, x: v128, h: i32, w: i32, fill: v128): v128 {
  const inside = v128.and(within(y, h), within(x, w));
  const index = v128.and(i32x4.add(i32x4.mul(y, i32x4.splat(w)), x), inside);
  return v128.bitselect(at4(plane, index), fill, inside);
}

/**
 * Row: a matrix of 2 × 3, then fill. The pixel whose middle lies at (x, y) from the image's middle is read at matrix · (x, y, 1):
 * from the nearest pixel (halves to even), or between the four around.
 */
export function warp(out: usize, x: usize, row: usize, c: i32, h: i32, w: i32, bilinear: bool): void {
  const fill = splat(argument(row, 6));
  const one = splat(1);
  const plane = (<usize>(h * w)) << 2;
  const halfX = <f32>w * 0.5 - 0.5;
  const halfY = <f32>h * 0.5 - 0.5;
  let lanes = i32x4.replace_lane(i32x4.splat(0), 1, 1);
  lanes = i32x4.replace_lane(i32x4.replace_lane(lanes, 2, 2), 3, 3);
  for (let i = 0; i < h; i++) {
    const fromMiddle = <f32>i - halfY;
    const startX = splat(argument(row, 1) * fromMiddle + argument(row, 2) + halfX);
    const startY = splat(argument(row, 4) * fromMiddle + argument(row, 5) + halfY);
    for (let j = 0; j < w; j += 4) {
      const column = f32x4.sub(f32x4.convert_i32x4_s(i32x4.add(lanes, i32x4.splat(j))), splat(halfX));
      const px = f32x4.add(f32x4.mul(splat(argument(row, 0)), column), startX);
      const py = f32x4.add(f32x4.mul(splat(argument(row, 3)), column), startY);
      const roundX = bilinear ? f32x4.floor(px) : f32x4.nearest(px);
      const roundY = bilinear ? f32x4.floor(py) : f32x4.nearest(py);
      const left = i32x4.trunc_sat_f32x4_s(roundX);
      const top = i32x4.trunc_sat_f32x4_s(roundY);
      const fx = f32x4.sub(px, roundX);
      const fy = f32x4.sub(py, roundY);
      const right = i32x4.add(left, i32x4.splat(1));
      const bottom = i32x4.add(top, i32x4.splat(1));
      let from = x;
      let to = out + ((<usize>(i * w + j)) << 2);
      for (let channel = 0; channel < c; channel++, from += plane, to += plane) {
        let v = tap(from, top, left, h, w, fill);
        if (bilinear) {
          const second = tap(from, top, right, h, w, fill);
          const third = tap(from, bottom, left, h, w, fill);
          const fourth = tap(from, bottom, right, h, w, fill);
          const gx = f32x4.sub(one, fx);
          const upper = f32x4.add(f32x4.mul(v, gx), f32x4.mul(second, fx));
          const lower = f32x4.add(f32x4.mul(third, gx), f32x4.mul(fourth, fx));
          v = f32x4.add(f32x4.mul(upper, f32x4.sub(one, fy)), f32x4.mul(lower, fy));
        }
        storeUpTo(to, v, w - j);
      }
    }
  }
}
