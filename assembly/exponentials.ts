/** Sums of exponentials, the core of softmax and what is made of it: of runs and of columns. */
import { foldRun, GreatestNumber } from "./folds";
import { expNonPositive, log } from "./simd/math";
import { hsum64, splat } from "./simd/f32";
import { shareStart } from "./loops";
import { exponentials } from "./simd/wide";
import { demote, high, loadUpTo, low, storeUpTo } from "./sums";

/** Bytes from one vector to the next along the middle of [outer, n, inner]; a run (inner = 1) goes by four values. */
@inline
export function strideOf(inner: i32): usize {
  return inner == 1 ? 16 : (<usize>inner) << 2;
}

/** How many of the middle's values a vector holds. */
@inline
export function stepOf(inner: i32): i32 {
  return inner == 1 ? 4 : 1;
}

/** The maximum of a run of n values, in all lanes, or of each of `columns` ≤ 4 columns; NaN shows in the sum. */
export function peak(p: usize, n: i32, inner: i32, columns: i32): v128 {
  if (inner == 1) return foldRun<GreatestNumber>(p, n, 0);
  let best = splat(-Infinity);
  for (; n > 0; n--, p += (<usize>inner) << 2) best = f32x4.pmax(best, loadUpTo(p, columns, splat(0)));
  return best;
}

/** The sum of f64 lanes, in all lanes, where they are of a run; of columns the lanes themselves. */
@inline
export function total(lo: v128, hi: v128, inner: i32): v128 {
  return inner == 1 ? splat(<f32>hsum64(f64x2.add(lo, hi))) : demote(lo, hi);
}

/** log x, as a function that several callers share. */
export function logOf(x: v128): v128 {
  return log(x);
}

/** e^(x − m) for x ≤ m. */
@final
@unmanaged
export class Below {

  @inline
  begin(x: v128, m: v128): v128 {
    return f32x4.sub(x, m);
  }


  @inline
  end(e: v128, from: usize): v128 {
    return e;
  }


  @inline
  v(x: v128, m: v128, q: v128): v128 {
    return expNonPositive(f32x4.sub(x, m));
  }
}

/** Σ exp(x − m) of a run or of columns, as `peak` takes them; each exponential also goes to `out`, unless that is 0. */
export function expSum(out: usize, x: usize, n: i32, inner: i32, columns: i32, m: v128): v128 {
  let lo = f64x2.splat(0);
  let hi = f64x2.splat(0);
  if (inner == 1) {
    // Four vectors at a time: their chains of operations overlap, and f32 holds the sum of four well enough.
    for (; n >= 16; n -= 16, x += 64) {
      const sum = exponentials<Below>(out, x, m);
      lo = f64x2.add(lo, low(sum));
      hi = f64x2.add(hi, high(sum));
      if (out != 0) out += 64;
    }
  }
  const stride = strideOf(inner);
  const step = stepOf(inner);
  for (let left = n; left > 0; left -= step, x += stride) {
    const count = inner == 1 ? left : columns;
    const e = expNonPositive(f32x4.sub(loadUpTo(x, count, splat(-Infinity)), m));
    lo = f64x2.add(lo, low(e));
    hi = f64x2.add(hi, high(e));
    if (out != 0) {
      storeUpTo(out, e, count);
      out += stride;
    }
  }
  return total(lo, hi, inner);
}

/**
 * For a part's share of x [outer, n, inner]: the maxima along the middle to `peaks` and log Σ exp(x − maximum) to
 * `logs`, both [outer, inner]. Their sum is the logarithm of the sum of exponentials. Kept apart, they lose nothing
 * where the values are large. Where `peaks` is 0, the sum goes to `logs`, right for infinite maxima, too.
 */
export function logSums(
  peaks: usize,
  logs: usize,
  x: usize,
  outer: i32,
  n: i32,
  inner: i32,
  part: i32,
  parts: i32,
): void {
  let at = shareStart(outer * inner, 4, part, parts);
  const end = shareStart(outer * inner, 4, part + 1, parts);
  while (at < end) {
    const o = at / inner;
    const j = at - o * inner;
    const from = x + ((<usize>o * n * inner + j) << 2);
    const columns = min(4, min(inner - j, end - at));
    const m = peak(from, n, inner, columns);
    let sum = logOf(expSum(0, from, n, inner, columns, m));
    const to = (<usize>at) << 2;
    if (peaks != 0) {
      storeUpTo(peaks + to, m, columns);
    } else {
      const infinite = f32x4.eq(f32x4.abs(m), splat(Infinity));
      sum = v128.bitselect(m, f32x4.add(m, sum), infinite);
    }
    storeUpTo(logs + to, sum, columns);
    at += columns;
  }
}
