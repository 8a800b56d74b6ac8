/**
 * Convolutions in which each channel has a window of its own (Howard et al. 2017): vectors along the rows of a padded
 * plane. The gradient for the input is the same with the taps read backwards and the strides between the values of g.
 */
import { shareStart } from "../../loops";
import { hsum64, madd, splat } from "../../simd/f32";
import { high, loadUpTo, low, storeUpTo } from "../../sums";
import { extent, grid, place } from "./image";

/** Floats behind a plane that vectors may read. */
const SLACK: i32 = 48;

/** Vectors of one f32 chain. */
const CHAIN: i32 = 64;

// Four windows side by side.

@final
@unmanaged
class Near {

  @inline
  at(p: usize): v128 {
    return v128.load(p);
  }


  @inline
  bytes(): usize {
    return 16;
  }
}


@final
@unmanaged
class EveryOther {

  @inline
  at(p: usize): v128 {
    return v128.shuffle<f32>(v128.load(p), v128.load(p, 16), 0, 2, 4, 6);
  }


  @inline
  bytes(): usize {
    return 32;
  }
}

/** `count` results of a row from its first window at p; `by` and `byStep` walk through the weights, offsets … end through the taps. */
function windows<Step>(
  out: usize,
  count: i32,
  p: usize,
  offsets: usize,
  end: usize,
  by: usize,
  byStep: usize,
  shift: v128,
  floor: v128,
): void {
  const step = changetype<Step>(0);
  const next = step.bytes();
  while (count > 8) {
    let a = splat(0);
    let b = a;
    let c = a;
    let d = a;
    for (let at = offsets, w = by; at < end; at += 4, w += byStep) {
      const v = v128.load32_splat(w);
      let q = p + load<usize>(at);
      a = madd(v, step.at(q), a);
      q += next;
      b = madd(v, step.at(q), b);
      q += next;
      c = madd(v, step.at(q), c);
      q += next;
      d = madd(v, step.at(q), d);
    }
    v128.store(out, f32x4.pmax(f32x4.add(a, shift), floor));
    v128.store(out, f32x4.pmax(f32x4.add(b, shift), floor), 16);
    storeUpTo(out + 32, f32x4.pmax(f32x4.add(c, shift), floor), count - 8);
    if (count > 12) storeUpTo(out + 48, f32x4.pmax(f32x4.add(d, shift), floor), count - 12);
    out += 64;
    p += next << 2;
    count -= 16;
  }
  for (; count > 0; count -= 4, out += 16, p += next) {
    let a = splat(0);
    for (let at = offsets, w = by; at < end; at += 4, w += byStep) {
      a = madd(v128.load32_splat(w), step.at(p + load<usize>(at)), a);
    }
    storeUpTo(out, f32x4.pmax(f32x4.add(a, shift), floor), count);
  }
}

/** A part's slice: offsets of the taps, a padded plane. */
@inline
function sliceBytes(taps: i32, needH: i32, needW: i32): usize {
  return (((<usize>(taps + SLACK) + <usize>needH * <usize>needW) << 2) + 63) & ~63;
}

/** Bytes of workspace of depthwise_f32. */
export function depthwise_f32_workspace(
  oh: i32,
  ow: i32,
  kh: i32,
  kw: i32,
  sh: i32,
  sw: i32,
  dh: i32,
  dw: i32,
  parts: i32,
): i32 {
  return <i32>(sliceBytes(kh * kw, extent(oh, sh, kh, dh), extent(ow, sw, kw, dw)) * <usize>parts);
}

/**
 * out [n, c, oh, ow] of x [n, c, h, w] and weight [c, kh, kw], + bias [c] if it is not 0; `activation` 1 is relu. The values of x
 * lie (spreadH, spreadW) apart in the padded planes, from (top, left) on, between zeros; sw is 1 or 2; `flip` reads the taps backwards.
 */
export function depthwise_f32(
  out: usize,
  x: usize,
  weight: usize,
  bias: usize,
  activation: i32,
  n: i32,
  c: i32,
  h: i32,
  w: i32,
  oh: i32,
  ow: i32,
  kh: i32,
  kw: i32,
  sh: i32,
  sw: i32,
  top: i32,
  left: i32,
  dh: i32,
  dw: i32,
  spreadH: i32,
  spreadW: i32,
  flip: i32,
  workspace: usize,
  part: i32,
  parts: i32,
): i32 {
  const needH = extent(oh, sh, kh, dh);
  const needW = extent(ow, sw, kw, dw);
  const taps = kh * kw;
  const size = sliceBytes(taps, needH, needW);
  const offsets = workspace + size * <usize>part;
  const end = offsets + ((<usize>taps) << 2);
  memory.fill(offsets, 0, size);
  grid(offsets, 0, 1, 0, kh, dh * needW, kw, dw);
  const first: usize = flip != 0 ? (<usize>(taps - 1)) << 2 : 0;
  const byStep = <usize>(flip != 0 ? -4 : 4);
  const floor = splat(activation != 0 ? 0 : -Infinity);
  const last = shareStart(n * c, 1, part + 1, parts);
  for (let plane = shareStart(n * c, 1, part, parts); plane < last; plane++) {
    const channel = plane % c;
    const from = x + ((<usize>plane * <usize>(h * w)) << 2);
    if ((spreadH | spreadW) == 1) place(end, needH, needW, top, left, from, h, w, 1);
    else spread(end, needH, needW, top, left, from, h, w, spreadH, spreadW);
    const by = weight + ((<usize>(channel * taps)) << 2) + first;
    const shift = bias == 0 ? splat(0) : v128.load32_splat(bias + ((<usize>channel) << 2));
    let to = out + ((<usize>plane * <usize>(oh * ow)) << 2);
    for (let y = 0; y < oh; y++, to += (<usize>ow) << 2) {
      const p = end + ((<usize>(y * sh * needW)) << 2);
      if (sw == 1) windows<Near>(to, ow, p, offsets, end, by, byStep, shift, floor);
      else windows<EveryOther>(to, ow, p, offsets, end, by, byStep, shift, floor);
    }
  }
  return 0;
}

/** `place` of one plane with zeros between its values. */
function spread(
  to: usize,
  toH: i32,
  toW: i32,
  top: i32,
  left: i32,
  from: usize,
  h: i32,
  w: i32,
  sh: i32,
  sw: i32,
): void {
  for (let y = 0; y < h; y++, from += (<usize>w) << 2) {
    const row = top + y * sh;
    if (<u32>row >= <u32>toH) continue;
    for (let x = 0; x < w; x++) {
      const column = left + x * sw;
      if (<u32>column >= <u32>toW) continue;
      store<u32>(to + ((<usize>(row * toW + column)) << 2), load<u32>(from + ((<usize>x) << 2)));
    }
  }
}

/** Adds to three sums of f64 at `sums` those of g · p, g · (p + one) and g · (p + two) over `rows` rows. */
function dots<Step>(
  sums: usize,
  g: usize,
  rows: i32,
  width: i32,
  p: usize,
  pRow: usize,
  one: usize,
  two: usize,
): void {
  const step = changetype<Step>(0);
  const next = step.bytes();
  const most = max(1, CHAIN / ((width + 3) >> 2));
  while (rows > 0) {
    let a = splat(0);
    let b = a;
    let c = a;
    for (let row = min(rows, most); row > 0; row--) {
      let q = p;
      let left = width;
      for (; left >= 4; left -= 4, g += 16, q += next) {
        const v = v128.load(g);
        a = madd(v, step.at(q), a);
        b = madd(v, step.at(q + one), b);
        c = madd(v, step.at(q + two), c);
      }
      if (left > 0) {
        // What lies behind the row must not count, not even times 0.
        const v = loadUpTo(g, left, splat(0));
        const there = f32x4.lt(f32x4(0, 1, 2, 3), splat(<f32>left));
        a = madd(v, v128.and(step.at(q), there), a);
        b = madd(v, v128.and(step.at(q + one), there), b);
        c = madd(v, v128.and(step.at(q + two), there), c);
        g += (<usize>left) << 2;
      }
      p += pRow;
    }
    gather(sums, a);
    gather(sums + 8, b);
    gather(sums + 16, c);
    rows -= most;
  }
}


@inline
function gather(sum: usize, v: v128): void {
  store<f64>(sum, load<f64>(sum) + hsum64(f64x2.add(low(v), high(v))));
}

/** Bytes of workspace of depthwiseWeightGrad_f32: as of depthwise_f32, and sums of f64 for taps by threes. */
export function depthwiseWeightGrad_f32_workspace(
  oh: i32,
  ow: i32,
  kh: i32,
  kw: i32,
  sh: i32,
  sw: i32,
  dh: i32,
  dw: i32,
  parts: i32,
): i32 {
  const size = sliceBytes(kh * (kw + 2) * 2, extent(oh, sh, kh, dh), extent(ow, sw, kw, dw));
  return <i32>(size * <usize>parts);
}

/** dweight [c, kh, kw] of g [n, c, oh, ow] and x [n, c, h, w]; sw is 1 or 2. */
export function depthwiseWeightGrad_f32(
  dweight: usize,
  g: usize,
  x: usize,
  n: i32,
  c: i32,
  h: i32,
  w: i32,
  oh: i32,
  ow: i32,
  kh: i32,
  kw: i32,
  sh: i32,
  sw: i32,
  top: i32,
  left: i32,
  dh: i32,
  dw: i32,
  workspace: usize,
  part: i32,
  parts: i32,
): i32 {
  const needH = extent(oh, sh, kh, dh);
  const needW = extent(ow, sw, kw, dw);
  const size = sliceBytes(kh * (kw + 2) * 2, needH, needW);
  const sums = workspace + size * <usize>part;
  const sumBytes = (<usize>(kh * (kw + 2))) << 3;
  const padded = sums + sumBytes;
  memory.fill(sums, 0, size);
  const row = (<usize>(sh * needW)) << 2;
  const last = shareStart(c, 1, part + 1, parts);
  for (let channel = shareStart(c, 1, part, parts); channel < last; channel++) {
    for (let i: usize = 0; i < sumBytes; i += 8) store<f64>(sums + i, 0);
    for (let image = 0; image < n; image++) {
      const plane = <usize>(image * c + channel);
      place(padded, needH, needW, top, left, x + ((plane * <usize>(h * w)) << 2), h, w, 1);
      const gradient = g + ((plane * <usize>(oh * ow)) << 2);
      for (let ky = 0; ky < kh; ky++) {
        // Three taps of a row at once; what there is too much of is the last once more.
        for (let kx = 0; kx < kw; kx += 3) {
          const p = padded + ((<usize>(ky * dh * needW + kx * dw)) << 2);
          const one = (<usize>(min(1, kw - kx - 1) * dw)) << 2;
          const two = (<usize>(min(2, kw - kx - 1) * dw)) << 2;
          const to = sums + ((<usize>(ky * (kw + 2) + kx)) << 3);
          if (sw == 1) dots<Near>(to, gradient, oh, ow, p, row, one, two);
          else dots<EveryOther>(to, gradient, oh, ow, p, row, one, two);
        }
      }
    }
    for (let ky = 0; ky < kh; ky++) {
      for (let kx = 0; kx < kw; kx++) {
        const at = dweight + ((<usize>((channel * kh + ky) * kw + kx)) << 2);
        store<f32>(at, <f32>load<f64>(sums + ((<usize>(ky * (kw + 2) + kx)) << 3)));
      }
    }
  }
  return 0;
}
