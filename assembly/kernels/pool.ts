/**
 * Max pooling of planes [h, w] to [oh, ow]; a stride of 0 asks for adaptive windows. As in PyTorch the first of equals wins and
 * NaN wins over all; `index`, unless it is 0, gets the winner's place in its plane, or −1 where all taps of a dilated window lie in
 * the padding.
 */
import { shareStart } from "../loops";
import { select, splat } from "../simd/f32";
import { fourWithin, loadWindows, windowEnd, windowStart } from "../windows";

/** Where b comes in place of a. */
@inline
function beats(b: v128, a: v128): v128 {
  return v128.or(f32x4.gt(b, a), f32x4.ne(b, b));
}

/** The windows of an output row of ow ≥ 4 for 2 × 2 with stride 2; the last four may overlap the four before. */
function rowOf2x2(out: usize, index: usize, x: usize, first: i32, w: i32, ow: i32): void {
  const second = x + ((<usize>w) << 2);
  const down = i32x4.splat(w);
  const last = ow - 4;
  for (let ox = 0; ; ox = min(ox + 4, last)) {
    const from = (<usize>ox) << 3;
    const to = (<usize>ox) << 2;
    const a = v128.load(x + from);
    const b = v128.load(x + from, 16);
    const c = v128.load(second + from);
    const d = v128.load(second + from, 16);
    const upper = v128.shuffle<f32>(a, b, 0, 2, 4, 6);
    const upperRight = v128.shuffle<f32>(a, b, 1, 3, 5, 7);
    const lower = v128.shuffle<f32>(c, d, 0, 2, 4, 6);
    const lowerRight = v128.shuffle<f32>(c, d, 1, 3, 5, 7);
    const right1 = beats(upperRight, upper);
    const right2 = beats(lowerRight, lower);
    const best1 = select(right1, upperRight, upper);
    const best2 = select(right2, lowerRight, lower);
    const below = beats(best2, best1);
    v128.store(out + to, select(below, best2, best1));
    // A mask is −1 where it holds.
    const place = i32x4.add(i32x4.splat(first + (ox << 1)), i32x4(0, 2, 4, 6));
    const sideways = i32x4.sub(place, select(below, right2, right1));
    v128.store(index + to, i32x4.add(sideways, v128.and(below, down)));
    if (ox == last) break;
  }
}

/** `rowOf2x2` for who asks for no index. `pmax` keeps the first of equals, too, but not every NaN: where a sum has one, they are compared in full. */
function valuesOf2x2(out: usize, x: usize, w: i32, ow: i32): void {
  const second = x + ((<usize>w) << 2);
  const last = ow - 4;
  for (let ox = 0; ; ox = min(ox + 4, last)) {
    const from = (<usize>ox) << 3;
    const a = v128.load(x + from);
    const b = v128.load(x + from, 16);
    const c = v128.load(second + from);
    const d = v128.load(second + from, 16);
    const upper = v128.shuffle<f32>(a, b, 0, 2, 4, 6);
    const upperRight = v128.shuffle<f32>(a, b, 1, 3, 5, 7);
    const lower = v128.shuffle<f32>(c, d, 0, 2, 4, 6);
    const lowerRight = v128.shuffle<f32>(c, d, 1, 3, 5, 7);
    let best1 = f32x4.pmax(upper, upperRight);
    let best2 = f32x4.pmax(lower, lowerRight);
    let best = f32x4.pmax(best1, best2);
    const sum = f32x4.add(f32x4.add(upper, upperRight), f32x4.add(lower, lowerRight));
    if (v128.any_true(f32x4.ne(sum, sum))) {
      best1 = select(beats(upperRight, upper), upperRight, upper);
      best2 = select(beats(lowerRight, lower), lowerRight, lower);
      best = select(beats(best2, best1), best2, best1);
    }
    v128.store(out + ((<usize>ox) << 2), best);
    if (ox == last) break;
  }
}

export function maxPool2d_f32(
  out: usize,
  index: usize,
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
  dh: i32,
  dw: i32,
  part: i32,
  parts: i32,
): i32 {
  const first = shareStart(planes, 1, part, parts);
  const last = shareStart(planes, 1, part + 1, parts);
  const fits = ((kh - 2) | (kw - 2) | (sh - 2) | (sw - 2) | ph | pw | (dh - 1) | (dw - 1)) == 0;
  const simple = fits && ow >= 4 && oh * 2 <= h && ow * 2 <= w;
  for (let plane = first; plane < last; plane++) {
    const from = x + ((<usize>plane * h * w) << 2);
    for (let oy = 0; oy < oh; oy++) {
      const row = (<usize>(plane * oh + oy) * ow) << 2;
      if (simple) {
        const top = 2 * oy * w;
        const start = from + ((<usize>top) << 2);
        if (index == 0) valuesOf2x2(out + row, start, w, ow);
        else rowOf2x2(out + row, index + row, start, top, w, ow);
        continue;
      }
      const top = windowStart(oy, sh, ph, dh, h, oh);
      const bottom = windowEnd(oy, sh, ph, dh, kh, h, oh);
      let ox = 0;
      while (ox < ow) {
        const to = row + ((<usize>ox) << 2);
        if (top < bottom && fourWithin(ox, ow, sw, pw, dw, kw, w)) {
          let best = splat(-Infinity);
          const start = ox * sw - pw;
          const offsets = i32x4.mul(i32x4.splat(sw), i32x4(0, 1, 2, 3));
          let winner = i32x4.add(i32x4.splat(top * w + start), offsets);
          for (let iy = top; iy < bottom; iy += dh) {
            const end = iy * w + start + kw * dw;
            for (let at = iy * w + start; at < end; at += dw) {
              const v = loadWindows(from + ((<usize>at) << 2), sw);
              const wins = beats(v, best);
              best = select(wins, v, best);
              winner = select(wins, i32x4.add(i32x4.splat(at), offsets), winner);
            }
          }
          v128.store(out + to, best);
          if (index != 0) v128.store(index + to, winner);
          ox += 4;
          continue;
        }
        const left = windowStart(ox, sw, pw, dw, w, ow);
        const right = windowEnd(ox, sw, pw, dw, kw, w, ow);
        let best: f32 = -Infinity;
        let winner = top < bottom && left < right ? top * w + left : -1;
        for (let iy = top; iy < bottom; iy += dh) {
          for (let ix = left; ix < right; ix += dw) {
            const v = load<f32>(from + ((<usize>(iy * w + ix)) << 2));
            if (v > best || v != v) {
              best = v;
              winner = iy * w + ix;
            }
          }
        }
        store<f32>(out + to, best);
        if (index != 0) store<i32>(index + to, winner);
        ox++;
      }
    }
  }
  return 0;
}

/** dx is 0 but at the winners, which get the sum of what their windows got. */
export function maxPool2dGrad_f32(
  dx: usize,
  g: usize,
  index: usize,
  planes: i32,
  hw: i32,
  ohw: i32,
  part: i32,
  parts: i32,
): i32 {
  const first = shareStart(planes, 1, part, parts);
  const last = shareStart(planes, 1, part + 1, parts);
  for (let plane = first; plane < last; plane++) {
    const to = dx + ((<usize>plane * hw) << 2);
    const from = (<usize>plane * ohw) << 2;
    memory.fill(to, 0, (<usize>hw) << 2);
    const end = from + ((<usize>ohw) << 2);
    for (let p = from; p < end; p += 4) {
      const winner = load<i32>(index + p);
      if (winner < 0) continue;
      const at = to + ((<usize>winner) << 2);
      store<f32>(at, load<f32>(at) + load<f32>(g + p));
    }
  }
  return 0;
}

/** out = x at `index`, 0 where there is none: the gradient's gradient. */
export function maxPool2dGather_f32(
  out: usize,
  x: usize,
  index: usize,
  planes: i32,
  hw: i32,
  ohw: i32,
  part: i32,
  parts: i32,
): i32 {
  const first = shareStart(planes, 1, part, parts);
  const last = shareStart(planes, 1, part + 1, parts);
  for (let plane = first; plane < last; plane++) {
    const from = x + ((<usize>plane * hw) << 2);
    const end = (<usize>(plane + 1) * ohw) << 2;
    for (let p = (<usize>plane * ohw) << 2; p < end; p += 4) {
      const winner = load<i32>(index + p);
      store<f32>(out + p, winner < 0 ? 0 : load<f32>(from + ((<usize>winner) << 2)));
    }
  }
  return 0;
}
