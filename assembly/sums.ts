/**
 * Accurate sums: a few f32 additions in a tree, then f64 accumulators. The order depends on the length alone, so
 * neither the place of a run nor the number of threads changes a bit.
 */
import { hsum64, load, loadTail, madd, splat, store, storeTail } from "./simd/f32";

/** The first `count` lanes (all four from 4 on), the others from `fill`. */
@inline
export function loadUpTo(p: usize, count: i32, fill: v128): v128 {
  return count >= 4 ? load(p) : loadTail(p, count, fill);
}

/** Stores the first `count` lanes (all four from 4 on). */
@inline
export function storeUpTo(p: usize, v: v128, count: i32): void {
  if (count >= 4) store(p, v);
  else storeTail(p, v, count);
}

/** Lanes 0 and 1 as f64. */
@inline
export function low(v: v128): v128 {
  return f64x2.promote_low_f32x4(v);
}

/** Lanes 2 and 3 as f64. */
@inline
export function high(v: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<f32>(v, v, 2, 3, 2, 3));
}

/** Two pairs of f64 rounded to four f32. */
@inline
export function demote(lo: v128, hi: v128): v128 {
  const a = f32x4.demote_f64x2_zero(lo);
  return v128.shuffle<f32>(a, f32x4.demote_f64x2_zero(hi), 0, 1, 4, 5);
}

/** Σ x of n contiguous values. */
export function sumRun(p: usize, n: i32): f64 {
  let lo = f64x2.splat(0);
  let hi = f64x2.splat(0);
  let left = n;
  for (; left >= 16; left -= 16, p += 64) {
    const v = f32x4.add(f32x4.add(load(p), v128.load(p, 16)), f32x4.add(v128.load(p, 32), v128.load(p, 48)));
    lo = f64x2.add(lo, low(v));
    hi = f64x2.add(hi, high(v));
  }
  for (; left > 0; left -= 4, p += 16) {
    const v = loadUpTo(p, left, splat(0));
    lo = f64x2.add(lo, low(v));
    hi = f64x2.add(hi, high(v));
  }
  return hsum64(f64x2.add(lo, hi));
}

// What `moments` sums: d(g, w, e) and d·e for e = x − c.

/** Σ e and Σ e². */
@final
@unmanaged
export class Deviation {

  @inline
  d(g: usize, w: usize, e: v128, count: i32): v128 {
    return e;
  }
}

/** Σ g and Σ g·e. */
@final
@unmanaged
export class Gradient {

  @inline
  d(g: usize, w: usize, e: v128, count: i32): v128 {
    return loadUpTo(g, count, splat(0));
  }
}

/** Σ g·w and Σ g·w·e. */
@final
@unmanaged
export class WeightedGradient {

  @inline
  d(g: usize, w: usize, e: v128, count: i32): v128 {
    return f32x4.mul(loadUpTo(g, count, splat(0)), loadUpTo(w, count, splat(0)));
  }
}

/** [Σ d, Σ d·(x − c)] of n contiguous values, as f64 lanes. */
export function moments<T>(g: usize, x: usize, w: usize, n: i32, c: f32): v128 {
  const terms = changetype<T>(0);
  const centre = splat(c);
  let lo1 = f64x2.splat(0);
  let hi1 = f64x2.splat(0);
  let lo2 = f64x2.splat(0);
  let hi2 = f64x2.splat(0);
  let left = n;
  for (; left >= 16; left -= 16, g += 64, x += 64, w += 64) {
    const e0 = f32x4.sub(load(x), centre);
    const e1 = f32x4.sub(v128.load(x, 16), centre);
    const d0 = terms.d(g, w, e0, 4);
    const d1 = terms.d(g + 16, w + 16, e1, 4);
    let s1 = f32x4.add(d0, d1);
    let s2 = madd(d1, e1, f32x4.mul(d0, e0));
    const e2 = f32x4.sub(v128.load(x, 32), centre);
    const e3 = f32x4.sub(v128.load(x, 48), centre);
    const d2 = terms.d(g + 32, w + 32, e2, 4);
    const d3 = terms.d(g + 48, w + 48, e3, 4);
    s1 = f32x4.add(s1, f32x4.add(d2, d3));
    s2 = f32x4.add(s2, madd(d3, e3, f32x4.mul(d2, e2)));
    lo1 = f64x2.add(lo1, low(s1));
    hi1 = f64x2.add(hi1, high(s1));
    lo2 = f64x2.add(lo2, low(s2));
    hi2 = f64x2.add(hi2, high(s2));
  }
  for (; left > 0; left -= 4, g += 16, x += 16, w += 16) {
    const e = f32x4.sub(loadUpTo(x, left, centre), centre);
    const d = terms.d(g, w, e, left);
    const s2 = f32x4.mul(d, e);
    lo1 = f64x2.add(lo1, low(d));
    hi1 = f64x2.add(hi1, high(d));
    lo2 = f64x2.add(lo2, low(s2));
    hi2 = f64x2.add(hi2, high(s2));
  }
  const sum1 = hsum64(f64x2.add(lo1, hi1));
  return f64x2.replace_lane(f64x2.splat(sum1), 1, hsum64(f64x2.add(lo2, hi2)));
}

/**
 * Σ (x − mean)² from [Σ (x − c), Σ (x − c)²]: the first sum is not quite zero, since c is the mean rounded
 * (the corrected two-pass algorithm; Chan, Golub, LeVeque 1983).
 */
@inline
export function squaresAboutMean(sums: v128, n: f64): f64 {
  const first = f64x2.extract_lane(sums, 0);
  return f64x2.extract_lane(sums, 1) - (first * first) / n;
}

/** Σ / divisor of each of `count` ≤ 4 columns of `red` rows, `stride` bytes apart. */
export function sumColumns(x: usize, red: i32, stride: usize, count: i32, divisor: f64): v128 {
  let lo = f64x2.splat(0);
  let hi = f64x2.splat(0);
  let left = red;
  for (; left >= 4; left -= 4) {
    let a = loadUpTo(x, count, splat(0));
    a = f32x4.add(a, loadUpTo(x + stride, count, splat(0)));
    x += stride << 1;
    let b = loadUpTo(x, count, splat(0));
    b = f32x4.add(b, loadUpTo(x + stride, count, splat(0)));
    x += stride << 1;
    const v = f32x4.add(a, b);
    lo = f64x2.add(lo, low(v));
    hi = f64x2.add(hi, high(v));
  }
  for (; left > 0; left--, x += stride) {
    const v = loadUpTo(x, count, splat(0));
    lo = f64x2.add(lo, low(v));
    hi = f64x2.add(hi, high(v));
  }
  const by = f64x2.splat(divisor);
  return demote(f64x2.div(lo, by), f64x2.div(hi, by));
}

/** `sumColumns` of 16 columns, in the same order, stored at `out`. */
export function sumColumns16(out: usize, x: usize, red: i32, stride: usize, divisor: f64): void {
  let lo0 = f64x2.splat(0);
  let hi0 = f64x2.splat(0);
  let lo1 = f64x2.splat(0);
  let hi1 = f64x2.splat(0);
  let lo2 = f64x2.splat(0);
  let hi2 = f64x2.splat(0);
  let lo3 = f64x2.splat(0);
  let hi3 = f64x2.splat(0);
  let left = red;
  while (left > 0) {
    let a = load(x);
    let b = v128.load(x, 16);
    let c = v128.load(x, 32);
    let d = v128.load(x, 48);
    if (left >= 4) {
      const second = x + stride;
      const third = second + stride;
      const fourth = third + stride;
      a = f32x4.add(f32x4.add(a, load(second)), f32x4.add(load(third), load(fourth)));
      b = f32x4.add(
        f32x4.add(b, v128.load(second, 16)),
        f32x4.add(v128.load(third, 16), v128.load(fourth, 16)),
      );
      c = f32x4.add(
        f32x4.add(c, v128.load(second, 32)),
        f32x4.add(v128.load(third, 32), v128.load(fourth, 32)),
      );
      d = f32x4.add(
        f32x4.add(d, v128.load(second, 48)),
        f32x4.add(v128.load(third, 48), v128.load(fourth, 48)),
      );
      x = fourth;
      left -= 3;
    }
    left--;
    x += stride;
    lo0 = f64x2.add(lo0, low(a));
    hi0 = f64x2.add(hi0, high(a));
    lo1 = f64x2.add(lo1, low(b));
    hi1 = f64x2.add(hi1, high(b));
    lo2 = f64x2.add(lo2, low(c));
    hi2 = f64x2.add(hi2, high(c));
    lo3 = f64x2.add(lo3, low(d));
    hi3 = f64x2.add(hi3, high(d));
  }
  const by = f64x2.splat(divisor);
  store(out, demote(f64x2.div(lo0, by), f64x2.div(hi0, by)));
  v128.store(out, demote(f64x2.div(lo1, by), f64x2.div(hi1, by)), 16);
  v128.store(out, demote(f64x2.div(lo2, by), f64x2.div(hi2, by)), 32);
  v128.store(out, demote(f64x2.div(lo3, by), f64x2.div(hi3, by)), 48);
}

/** The sum of four rows at four columns, as `sumColumns` adds them. */
@inline
function fourRows(x: usize, stride: usize, count: i32): v128 {
  const a = f32x4.add(loadUpTo(x, count, splat(0)), loadUpTo(x + stride, count, splat(0)));
  x += stride << 1;
  return f32x4.add(a, f32x4.add(loadUpTo(x, count, splat(0)), loadUpTo(x + stride, count, splat(0))));
}

/** Adds eight rows of n columns, `stride` bytes apart, to sums in f64, as `sumColumns` does. */
export function addEightRows(sums: usize, x: usize, stride: usize, n: i32): void {
  for (; n > 0; n -= 4, x += 16, sums += 32) {
    const first = fourRows(x, stride, n);
    const second = fourRows(x + (stride << 2), stride, n);
    v128.store(sums, f64x2.add(f64x2.add(v128.load(sums), low(first)), low(second)));
    v128.store(sums, f64x2.add(f64x2.add(v128.load(sums, 16), high(first)), high(second)), 16);
  }
}

export function addFourRows(sums: usize, x: usize, stride: usize, n: i32): void {
  for (; n > 0; n -= 4, x += 16, sums += 32) {
    const v = fourRows(x, stride, n);
    v128.store(sums, f64x2.add(v128.load(sums), low(v)));
    v128.store(sums, f64x2.add(v128.load(sums, 16), high(v)), 16);
  }
}

export function addRow(sums: usize, x: usize, n: i32): void {
  for (; n > 0; n -= 4, x += 16, sums += 32) {
    const v = loadUpTo(x, n, splat(0));
    v128.store(sums, f64x2.add(v128.load(sums), low(v)));
    v128.store(sums, f64x2.add(v128.load(sums, 16), high(v)), 16);
  }
}

/** Σ (x − mean)² / divisor of each of `count` ≤ 4 columns; `centre` is the mean rounded. */
export function squaresOfColumns(
  x: usize,
  red: i32,
  stride: usize,
  count: i32,
  centre: v128,
  divisor: f64,
): v128 {
  let lo1 = f64x2.splat(0);
  let hi1 = f64x2.splat(0);
  let lo2 = f64x2.splat(0);
  let hi2 = f64x2.splat(0);
  for (let r = 0; r < red; r++, x += stride) {
    const d = f32x4.sub(loadUpTo(x, count, centre), centre);
    const square = f32x4.mul(d, d);
    lo1 = f64x2.add(lo1, low(d));
    hi1 = f64x2.add(hi1, high(d));
    lo2 = f64x2.add(lo2, low(square));
    hi2 = f64x2.add(hi2, high(square));
  }
  const n = f64x2.splat(<f64>red);
  const by = f64x2.splat(divisor);
  lo2 = f64x2.sub(lo2, f64x2.div(f64x2.mul(lo1, lo1), n));
  hi2 = f64x2.sub(hi2, f64x2.div(f64x2.mul(hi1, hi1), n));
  return demote(f64x2.div(lo2, by), f64x2.div(hi2, by));
}
