/**
 * Convolutions in which each channel has a window of its own (Howard et al. 2017): vectors along the rows of a padded
 * plane. The gradient for the input is the same with the taps read backwards and the strides between the values of g.
 */
import { shareStart } from "../../loops";
import { hsum64, loadTail, madd, splat } from "../../simd/f32";
import { high, low, storeUpTo } from "../../sums";
import { extent, grid, place } from "./image";

/** Floats behind a plane that vectors may read. */
const SLACK: i32 = 48;

/** Vectors of one f32 chain. */
const CHAIN: i32 = 64;

// Four windows side by side; those of the next tap and the one behind it, since V8 adds constants to addresses for nothing.

@final
@unmanaged
class Near {

  @inline
  at(p: usize): v128 {
    return v128.load(p);
  }


  @inline
  one(p: usize): v128 {
    return v128.load(p, 4);
  }


  @inline
  two(p: usize): v128 {
    return v128.load(p, 8);
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
  one(p: usize): v128 {
    return v128.shuffle<f32>(v128.load(p), v128.load(p, 16), 1, 3, 5, 7);
  }


  @inline
  two(p: usize): v128 {
    return v128.shuffle<f32>(v128.load(p, 8), v128.load(p, 24), 0, 2, 4, 6);
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
  byStep: isize,
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
    for (let at = offsets, w = by; at < end; at += 4, w += <usize>byStep) {
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
    for (let at = offsets, w = by; at < end; at += 4, w += <usize>byStep) {
      a = madd(v128.load32_splat(w), step.at(p + load<usize>(at)), a);
    }
    storeUpTo(out, f32x4.pmax(f32x4.add(a, shift), floor), count);
  }
}

/** A plane of `oh` rows by 3 × 3 taps side by side, whose weights stay in registers; ow ≥ 4, `down` is the distance of the taps' rows. */
function windows3x3<Step>(
  out: usize,
  oh: i32,
  ow: i32,
  p: usize,
  pRow: usize,
  down: usize,
  by: usize,
  byStep: isize,
  shift: v128,
  floor: v128,
): void {
  const step = changetype<Step>(0);
  const w0 = v128.load32_splat(by);
  const w1 = v128.load32_splat((by += <usize>byStep));
  const w2 = v128.load32_splat((by += <usize>byStep));
  const w3 = v128.load32_splat((by += <usize>byStep));
  const w4 = v128.load32_splat((by += <usize>byStep));
  const w5 = v128.load32_splat((by += <usize>byStep));
  const w6 = v128.load32_splat((by += <usize>byStep));
  const w7 = v128.load32_splat((by += <usize>byStep));
  const w8 = v128.load32_splat((by += <usize>byStep));
  for (; oh > 0; oh--, p += pRow) {
    // The last four may overlap the four before; a call in this loop would make V8 spill the weights.
    const last = out + ((<usize>(ow - 4)) << 2);
    for (let q = p; ;) {
      let a = f32x4.mul(w0, step.at(q));
      a = madd(w1, step.one(q), a);
      a = madd(w2, step.two(q), a);
      const r = q + down;
      let b = f32x4.mul(w3, step.at(r));
      b = madd(w4, step.one(r), b);
      b = madd(w5, step.two(r), b);
      a = f32x4.add(a, b);
      const s = r + down;
      b = f32x4.mul(w6, step.at(s));
      b = madd(w7, step.one(s), b);
      b = madd(w8, step.two(s), b);
      a = f32x4.pmax(f32x4.add(f32x4.add(a, b), shift), floor);
      v128.store(out, a);
      if (out == last) break;
      const next = min(out + 16, last);
      q += (next - out) * (step.bytes() >> 4);
      out = next;
    }
    out += 16;
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
  parts: i32,
): i32 {
  return <i32>(sliceBytes(kh * kw, extent(oh, sh, kh, dh), extent(ow, sw, kw, 1)) * <usize>parts);
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
  spreadH: i32,
  spreadW: i32,
  flip: i32,
  workspace: usize,
  part: i32,
  parts: i32,
): i32 {
  const needH = extent(oh, sh, kh, dh);
  const needW = extent(ow, sw, kw, 1);
  const taps = kh * kw;
  const size = sliceBytes(taps, needH, needW);
  const offsets = workspace + size * <usize>part;
  const end = offsets + ((<usize>taps) << 2);
  memory.fill(offsets, 0, size);
  grid(offsets, 0, 1, 0, kh, dh * needW, kw, 1);
  const first: usize = flip != 0 ? (<usize>(taps - 1)) << 2 : 0;
  const row = (<usize>(sh * needW)) << 2;
  const down = (<usize>(dh * needW)) << 2;
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
    // Both are called twice for strides of 1, lest the compiler move their loops in here, where V8 spills.
    if (kh == 3 && kw == 3 && ow >= 4) {
      if (flip != 0) windows3x3<Near>(to, oh, ow, end, row, down, by, -4, shift, floor);
      else if (sw == 1) windows3x3<Near>(to, oh, ow, end, row, down, by, 4, shift, floor);
      else windows3x3<EveryOther>(to, oh, ow, end, row, down, by, 4, shift, floor);
      continue;
    }
    let p = end;
    for (let y = 0; y < oh; y++, to += (<usize>ow) << 2, p += row) {
      if (flip != 0) windows<Near>(to, ow, p, offsets, end, by, -4, shift, floor);
      else if (sw == 1) windows<Near>(to, ow, p, offsets, end, by, 4, shift, floor);
      else windows<EveryOther>(to, ow, p, offsets, end, by, 4, shift, floor);
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

/** Adds to nine sums of f64 at `sums`, `sumsRow` bytes between those of a row, those of g times the plane under each of 3 × 3 taps. */
function dots<Step>(
  sums: usize,
  sumsRow: usize,
  g: usize,
  rows: i32,
  width: i32,
  p: usize,
  pRow: usize,
  down: usize,
  below: usize,
): void {
  const step = changetype<Step>(0);
  const tail = width & 3;
  const there = i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(tail));
  const most = max(1, CHAIN / ((width + 3) >> 2));
  while (rows > 0) {
    let s0 = splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    let s4 = s0;
    let s5 = s0;
    let s6 = s0;
    let s7 = s0;
    let s8 = s0;
    for (let row = min(rows, most); row > 0; row--, p += pRow) {
      let q = p;
      for (const end = g + ((<usize>(width - tail)) << 2); g < end; g += 16, q += step.bytes()) {
        const v = v128.load(g);
        s0 = madd(v, step.at(q), s0);
        s1 = madd(v, step.one(q), s1);
        s2 = madd(v, step.two(q), s2);
        const r = q + down;
        s3 = madd(v, step.at(r), s3);
        s4 = madd(v, step.one(r), s4);
        s5 = madd(v, step.two(r), s5);
        const s = q + below;
        s6 = madd(v, step.at(s), s6);
        s7 = madd(v, step.one(s), s7);
        s8 = madd(v, step.two(s), s8);
      }
      if (tail == 0) continue;
      // What lies behind the row must not count, not even times 0.
      const v = loadTail(g, tail, splat(0));
      g += (<usize>tail) << 2;
      s0 = madd(v, v128.and(step.at(q), there), s0);
      s1 = madd(v, v128.and(step.one(q), there), s1);
      s2 = madd(v, v128.and(step.two(q), there), s2);
      const r = q + down;
      s3 = madd(v, v128.and(step.at(r), there), s3);
      s4 = madd(v, v128.and(step.one(r), there), s4);
      s5 = madd(v, v128.and(step.two(r), there), s5);
      q += below;
      s6 = madd(v, v128.and(step.at(q), there), s6);
      s7 = madd(v, v128.and(step.one(q), there), s7);
      s8 = madd(v, v128.and(step.two(q), there), s8);
    }
    gather(sums, s0);
    gather(sums + 8, s1);
    gather(sums + 16, s2);
    let to = sums + sumsRow;
    gather(to, s3);
    gather(to + 8, s4);
    gather(to + 16, s5);
    to += sumsRow;
    gather(to, s6);
    gather(to + 8, s7);
    gather(to + 16, s8);
    rows -= most;
  }
}

function gather(sum: usize, v: v128): void {
  store<f64>(sum, load<f64>(sum) + hsum64(f64x2.add(low(v), high(v))));
}

/** Bytes of workspace of depthwiseWeightGrad_f32: as of depthwise_f32, and sums of f64 for taps by three times three. */
export function depthwiseWeightGrad_f32_workspace(
  oh: i32,
  ow: i32,
  kh: i32,
  kw: i32,
  sh: i32,
  sw: i32,
  dh: i32,
  parts: i32,
): i32 {
  const size = sliceBytes((kh + 2) * (kw + 2) * 2, extent(oh, sh, kh, dh), extent(ow, sw, kw, 1));
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
  workspace: usize,
  part: i32,
  parts: i32,
): i32 {
  const needH = extent(oh, sh, kh, dh);
  const needW = extent(ow, sw, kw, 1);
  const size = sliceBytes((kh + 2) * (kw + 2) * 2, needH, needW);
  const sums = workspace + size * <usize>part;
  const sumBytes = (<usize>((kh + 2) * (kw + 2))) << 3;
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
      // Nine taps at once; sums that are too many are not read.
      for (let ky = 0; ky < kh; ky += 3) {
        const down = (<usize>(min(1, kh - ky - 1) * dh * needW)) << 2;
        const below = (<usize>(min(2, kh - ky - 1) * dh * needW)) << 2;
        for (let kx = 0; kx < kw; kx += 3) {
          const p = padded + ((<usize>(ky * dh * needW + kx)) << 2);
          const to = sums + ((<usize>(ky * (kw + 2) + kx)) << 3);
          const sumsRow = (<usize>(kw + 2)) << 3;
          if (sw == 1) dots<Near>(to, sumsRow, gradient, oh, ow, p, row, down, below);
          else dots<EveryOther>(to, sumsRow, gradient, oh, ow, p, row, down, below);
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
