/** Softmax along the middle of x [outer, n, inner], its logarithm, their gradients, and the log of a sum of exponentials. */
import { Below, expSum, logOf, logSums, peak, stepOf, strideOf, total } from "../exponentials";
import { expNonPositive } from "../simd/math";
import { nmadd, splat } from "../simd/f32";
import { exponentials } from "../simd/wide";
import { shareStart } from "../loops";
import { high, loadUpTo, low, storeUpTo } from "../sums";

/** log Σ exp x to out [outer, inner]; −∞ of nothing. */
export function logsumexp_f32(
  out: usize,
  x: usize,
  outer: i32,
  red: i32,
  inner: i32,
  part: i32,
  parts: i32,
): i32 {
  logSums(0, out, x, outer, red, inner, part, parts);
  return 0;
}

// What `apply` does to a run or to columns: x · by, or (x − m) − by.

@final
@unmanaged
class Scaled {

  @inline
  apply(x: v128, m: v128, by: v128): v128 {
    return f32x4.mul(x, by);
  }
}


@final
@unmanaged
class Shifted {

  @inline
  apply(x: v128, m: v128, by: v128): v128 {
    return f32x4.sub(f32x4.sub(x, m), by);
  }
}

function apply<T>(out: usize, x: usize, n: i32, inner: i32, columns: i32, m: v128, by: v128): void {
  const f = changetype<T>(0);
  if (inner == 1) {
    for (; n >= 4; n -= 4, x += 16, out += 16) v128.store(out, f.apply(v128.load(x), m, by));
  }
  const stride = strideOf(inner);
  const step = stepOf(inner);
  for (let left = n; left > 0; left -= step, x += stride, out += stride) {
    const count = inner == 1 ? left : columns;
    storeUpTo(out, f.apply(loadUpTo(x, count, splat(0)), m, by), count);
  }
}

export function softmax_f32(
  out: usize,
  x: usize,
  outer: i32,
  n: i32,
  inner: i32,
  part: i32,
  parts: i32,
): i32 {
  let at = shareStart(outer * inner, 4, part, parts);
  const end = shareStart(outer * inner, 4, part + 1, parts);
  while (at < end) {
    const o = at / inner;
    const j = at - o * inner;
    const offset = (<usize>o * n * inner + j) << 2;
    const columns = min(4, min(inner - j, end - at));
    const to = out + offset;
    const from = x + offset;
    const sum = expSum(to, from, n, inner, columns, peak(from, n, inner, columns));
    apply<Scaled>(to, to, n, inner, columns, sum, f32x4.div(splat(1), sum));
    at += columns;
  }
  return 0;
}

export function logSoftmax_f32(
  out: usize,
  x: usize,
  outer: i32,
  n: i32,
  inner: i32,
  part: i32,
  parts: i32,
): i32 {
  let at = shareStart(outer * inner, 4, part, parts);
  const end = shareStart(outer * inner, 4, part + 1, parts);
  while (at < end) {
    const o = at / inner;
    const j = at - o * inner;
    const offset = (<usize>o * n * inner + j) << 2;
    const columns = min(4, min(inner - j, end - at));
    const from = x + offset;
    const m = peak(from, n, inner, columns);
    const sum = expSum(0, from, n, inner, columns, m);
    apply<Shifted>(out + offset, from, n, inner, columns, m, logOf(sum));
    at += columns;
  }
  return 0;
}

/** What the gradients sum: g·y, or g alone; and how they end. */
@final
@unmanaged
class OfSoftmax {

  @inline
  term(g: v128, y: v128): v128 {
    return f32x4.mul(g, y);
  }


  @inline
  result(g: v128, y: v128, sum: v128): v128 {
    return f32x4.mul(y, f32x4.sub(g, sum));
  }


  @inline
  four(dx: usize, g: usize, y: usize, sum: v128): void {
    for (let i: usize = 0; i < 64; i += 16) {
      v128.store(dx + i, this.result(v128.load(g + i), v128.load(y + i), sum));
    }
  }
}


@final
@unmanaged
class OfLogSoftmax {

  @inline
  term(g: v128, y: v128): v128 {
    return g;
  }


  @inline
  result(g: v128, y: v128, sum: v128): v128 {
    return nmadd(expNonPositive(y), sum, g);
  }


  @inline
  four(dx: usize, g: usize, y: usize, sum: v128): void {
    exponentials<Below>(dx, y, splat(0));
    for (let i: usize = 0; i < 64; i += 16) {
      v128.store(dx + i, nmadd(v128.load(dx + i), sum, v128.load(g + i)));
    }
  }
}

function gradKernel<T>(
  dx: usize,
  g: usize,
  y: usize,
  outer: i32,
  n: i32,
  inner: i32,
  part: i32,
  parts: i32,
): i32 {
  const f = changetype<T>(0);
  let at = shareStart(outer * inner, 4, part, parts);
  const end = shareStart(outer * inner, 4, part + 1, parts);
  const stride = strideOf(inner);
  const step = stepOf(inner);
  while (at < end) {
    const o = at / inner;
    const j = at - o * inner;
    const columns = min(4, min(inner - j, end - at));
    let offset = (<usize>o * n * inner + j) << 2;
    let lo = f64x2.splat(0);
    let hi = f64x2.splat(0);
    let p = offset;
    let rest = n;
    // Four vectors in f32, then f64, as `expSum` has it.
    for (; inner == 1 && rest >= 16; rest -= 16, p += 64) {
      const from = g + p;
      const other = y + p;
      const a = f.term(v128.load(from), v128.load(other));
      const b = f.term(v128.load(from, 16), v128.load(other, 16));
      const c = f.term(v128.load(from, 32), v128.load(other, 32));
      const d = f.term(v128.load(from, 48), v128.load(other, 48));
      const v = f32x4.add(f32x4.add(a, b), f32x4.add(c, d));
      lo = f64x2.add(lo, low(v));
      hi = f64x2.add(hi, high(v));
    }
    for (let left = rest; left > 0; left -= step, p += stride) {
      const count = inner == 1 ? left : columns;
      const v = f.term(loadUpTo(g + p, count, splat(0)), loadUpTo(y + p, count, splat(0)));
      lo = f64x2.add(lo, low(v));
      hi = f64x2.add(hi, high(v));
    }
    const sum = total(lo, hi, inner);
    rest = n;
    for (; inner == 1 && rest >= 16; rest -= 16, offset += 64)
      f.four(dx + offset, g + offset, y + offset, sum);
    for (let left = rest; left > 0; left -= step, offset += stride) {
      const count = inner == 1 ? left : columns;
      const v = f.result(loadUpTo(g + offset, count, splat(0)), loadUpTo(y + offset, count, splat(0)), sum);
      storeUpTo(dx + offset, v, count);
    }
    at += columns;
  }
  return 0;
}

/** dx = y · (g − Σ g·y). */
export function softmaxGrad_f32(
  dx: usize,
  g: usize,
  y: usize,
  outer: i32,
  n: i32,
  inner: i32,
  part: i32,
  parts: i32,
): i32 {
  return gradKernel<OfSoftmax>(dx, g, y, outer, n, inner, part, parts);
}

/** dx = g − exp(y) · Σ g. */
export function logSoftmaxGrad_f32(
  dx: usize,
  g: usize,
  y: usize,
  outer: i32,
  n: i32,
  inner: i32,
  part: i32,
  parts: i32,
): i32 {
  return gradKernel<OfLogSoftmax>(dx, g, y, outer, n, inner, part, parts);
}
