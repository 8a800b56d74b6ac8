/**
 * Average pooling of planes [h, w] to [oh, ow]. A window's sum is divided by `divisor`, or where that is 0 by the number
 * of its places: those of the padding count where `countIncludePad` is set, those beyond it never (PyTorch's rule). A stride
 * of 0 asks for adaptive windows, with `countIncludePad` 0.
 */
import { shareStart } from "../loops";
import { splat } from "../simd/f32";
import { loadUpTo, storeUpTo, sumRun } from "../sums";
import { fourWithin, loadWindows, windowEnd, windowStart } from "../windows";

/** What a window along one dimension counts. */
function extent(
  o: i32,
  stride: i32,
  padding: i32,
  kernel: i32,
  size: i32,
  count: i32,
  countIncludePad: i32,
): i32 {
  if (countIncludePad != 0) return min(o * stride + kernel, size + 2 * padding) - o * stride;
  const end = windowEnd(o, stride, padding, 1, kernel, size, count);
  return end - windowStart(o, stride, padding, 1, size, count);
}

export function avgPool2d_f32(
  out: usize,
  x: usize,
  planes: i32,
  h: i32,
  w: i32,
  oh: i32,
  ow: i32,
  kh: i32,
  kw: i32,
  sh: i32,
  sw: i32,
  ph: i32,
  pw: i32,
  countIncludePad: i32,
  divisor: i32,
  part: i32,
  parts: i32,
): i32 {
  const first = shareStart(planes, 1, part, parts);
  const last = shareStart(planes, 1, part + 1, parts);
  for (let plane = first; plane < last; plane++) {
    const from = x + ((<usize>plane * h * w) << 2);
    for (let oy = 0; oy < oh; oy++) {
      let to = out + ((<usize>(plane * oh + oy) * ow) << 2);
      const top = windowStart(oy, sh, ph, 1, h, oh);
      const bottom = windowEnd(oy, sh, ph, 1, kh, h, oh);
      const height = extent(oy, sh, ph, kh, h, oh, countIncludePad);
      let ox = 0;
      while (ox < ow) {
        const places = height * extent(ox, sw, pw, kw, w, ow, countIncludePad);
        const scale: f32 = <f32>1 / <f32>(divisor != 0 ? divisor : places);
        // A long window is summed by `sumRun`.
        if (kw < 16 && fourWithin(ox, ow, sw, pw, 1, kw, w)) {
          let sum = splat(0);
          for (let iy = top; iy < bottom; iy++) {
            let p = from + ((<usize>(iy * w + ox * sw - pw)) << 2);
            for (let k = 0; k < kw; k++, p += 4) sum = f32x4.add(sum, loadWindows(p, sw));
          }
          v128.store(to, f32x4.mul(sum, splat(scale)));
          to += 16;
          ox += 4;
          continue;
        }
        const left = windowStart(ox, sw, pw, 1, w, ow);
        const width = windowEnd(ox, sw, pw, 1, kw, w, ow) - left;
        let sum: f64 = 0;
        for (let iy = top; iy < bottom; iy++) sum += sumRun(from + ((<usize>(iy * w + left)) << 2), width);
        store<f32>(to, <f32>(sum * <f64>scale));
        to += 4;
        ox++;
      }
    }
  }
  return 0;
}

/** An output row's share of two input rows for 2 × 2 with stride 2, ow ≥ 4; the last four may overlap. */
function rowOf2x2(dx: usize, g: usize, w: i32, ow: i32, scale: f32): void {
  const second = dx + ((<usize>w) << 2);
  const last = ow - 4;
  for (let ox = 0; ; ox = min(ox + 4, last)) {
    const v = f32x4.mul(v128.load(g + ((<usize>ox) << 2)), splat(scale));
    const left = v128.shuffle<f32>(v, v, 0, 0, 1, 1);
    const right = v128.shuffle<f32>(v, v, 2, 2, 3, 3);
    const to = (<usize>ox) << 3;
    v128.store(dx + to, left);
    v128.store(dx + to, right, 16);
    v128.store(second + to, left);
    v128.store(second + to, right, 16);
    if (ox == last) break;
  }
}

/** Adds g · scale of `run` windows at a stride of 1 to all their places: kw of `rows` rows. */
function addRun(dx: usize, w: i32, g: usize, run: i32, scale: f32, rows: i32, kw: i32): void {
  const by = splat(scale);
  for (; rows > 0; rows--, dx += (<usize>w) << 2) {
    for (let kx = 0; kx < kw; kx++) {
      let p = dx + ((<usize>kx) << 2);
      let q = g;
      for (let rest = run; rest > 0; rest -= 4, p += 16, q += 16) {
        const v = f32x4.mul(loadUpTo(q, rest, by), by);
        storeUpTo(p, f32x4.add(loadUpTo(p, rest, by), v), rest);
      }
    }
  }
}

/** dx gets of each window its gradient by the divisor, at each place. */
export function avgPool2dGrad_f32(
  dx: usize,
  g: usize,
  planes: i32,
  h: i32,
  w: i32,
  oh: i32,
  ow: i32,
  kh: i32,
  kw: i32,
  sh: i32,
  sw: i32,
  ph: i32,
  pw: i32,
  countIncludePad: i32,
  divisor: i32,
  part: i32,
  parts: i32,
): i32 {
  const first = shareStart(planes, 1, part, parts);
  const last = shareStart(planes, 1, part + 1, parts);
  const fits = ((kh - 2) | (kw - 2) | (sh - 2) | (sw - 2) | ph | pw) == 0;
  const simple = fits && ow >= 4 && oh * 2 <= h && ow * 2 <= w;
  const quarter: f32 = divisor != 0 ? <f32>1 / <f32>divisor : 0.25;
  for (let plane = first; plane < last; plane++) {
    const to = dx + ((<usize>plane * h * w) << 2);
    if (!simple || oh * 2 != h || ow * 2 != w) memory.fill(to, 0, (<usize>h * w) << 2);
    for (let oy = 0; oy < oh; oy++) {
      const from = g + ((<usize>(plane * oh + oy) * ow) << 2);
      if (simple) {
        rowOf2x2(to + ((<usize>(2 * oy * w)) << 2), from, w, ow, quarter);
        continue;
      }
      const top = windowStart(oy, sh, ph, 1, h, oh);
      const bottom = windowEnd(oy, sh, ph, 1, kh, h, oh);
      const height = extent(oy, sh, ph, kh, h, oh, countIncludePad);
      let ox = 0;
      while (ox < ow) {
        const places = height * extent(ox, sw, pw, kw, w, ow, countIncludePad);
        const scale: f32 = <f32>1 / <f32>(divisor != 0 ? divisor : places);
        // Windows that lie within the row, side by side.
        const run = sw == 1 && ox >= pw ? min(ow, w - kw + pw + 1) - ox : 0;
        if (run > 0) {
          const start = to + ((<usize>(top * w + ox - pw)) << 2);
          addRun(start, w, from + ((<usize>ox) << 2), run, scale, bottom - top, kw);
          ox += run;
          continue;
        }
        const each = splat(load<f32>(from + ((<usize>ox) << 2)) * scale);
        const left = windowStart(ox, sw, pw, 1, w, ow);
        const right = windowEnd(ox, sw, pw, 1, kw, w, ow);
        for (let iy = top; iy < bottom; iy++) {
          let p = to + ((<usize>(iy * w + left)) << 2);
          for (let rest = right - left; rest > 0; rest -= 4, p += 16) {
            storeUpTo(p, f32x4.add(loadUpTo(p, rest, each), each), rest);
          }
        }
        ox++;
      }
    }
  }
  return 0;
}
