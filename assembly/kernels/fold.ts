/** Sums the blocks of an unfolded image where they overlap. */
import { shareStart } from "../loops";
import { loadUpTo, storeUpTo } from "../sums";
import { splat } from "../simd/f32";

/**
 * out [planes, h, w] gets of blocks [planes, kh, kw, oh, ow] each value at the place that tap (ky, kx) of window (oy, ox) covers;
 * what falls into the padding is left out. Values that meet are added in the order of the taps.
 */
export function fold_f32(
  out: usize,
  blocks: usize,
  planes: i32,
  h: i32,
  w: i32,
  kh: i32,
  kw: i32,
  oh: i32,
  ow: i32,
  sh: i32,
  sw: i32,
  ph: i32,
  pw: i32,
  dh: i32,
  dw: i32,
  part: i32,
  parts: i32,
): i32 {
  const last = shareStart(planes, 1, part + 1, parts);
  for (let plane = shareStart(planes, 1, part, parts); plane < last; plane++) {
    const to = out + ((<usize>plane * h * w) << 2);
    memory.fill(to, 0, (<usize>h * w) << 2);
    let from = blocks + ((<usize>plane * kh * kw * oh * ow) << 2);
    for (let ky = 0; ky < kh; ky++) {
      for (let kx = 0; kx < kw; kx++) {
        // Outputs whose tap lies within the row: 0 ≤ ox·sw + shift < w.
        const shift = kx * dw - pw;
        const first = shift < 0 ? (sw - 1 - shift) / sw : 0;
        const count = shift >= w ? 0 : min(ow, (w - 1 - shift) / sw + 1) - first;
        for (let oy = 0; oy < oh; oy++, from += (<usize>ow) << 2) {
          const iy = oy * sh + ky * dh - ph;
          if (<u32>iy >= <u32>h || count <= 0) continue;
          let p = to + ((<usize>(iy * w + first * sw + shift)) << 2);
          let q = from + ((<usize>first) << 2);
          if (sw == 1) {
            for (let left = count; left > 0; left -= 4, p += 16, q += 16) {
              const sum = f32x4.add(loadUpTo(p, left, splat(0)), loadUpTo(q, left, splat(0)));
              storeUpTo(p, sum, left);
            }
            continue;
          }
          for (let left = count; left > 0; left--, p += (<usize>sw) << 2, q += 4) {
            store<f32>(p, load<f32>(p) + load<f32>(q));
          }
        }
      }
    }
  }
  return 0;
}
