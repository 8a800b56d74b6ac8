/**
 * Running sums, products and linear recurrences along the middle of x [outer, n, inner], from the end where
 * `reversed` is not 0. Floats are carried in f64, as PyTorch does.
 */
import { splat } from "../simd/f32";
import { shareStart } from "../loops";
import { demote, high, loadUpTo, low, storeUpTo } from "../sums";


@final
@unmanaged
class Sum {

  @inline
  identity(): f64 {
    return 0;
  }


  @inline
  scalar(a: f64, b: f64): f64 {
    return a + b;
  }


  @inline
  lanes(a: v128, b: v128): v128 {
    return f64x2.add(a, b);
  }
}


@final
@unmanaged
class Product {

  @inline
  identity(): f64 {
    return 1;
  }


  @inline
  scalar(a: f64, b: f64): f64 {
    return a * b;
  }


  @inline
  lanes(a: v128, b: v128): v128 {
    return f64x2.mul(a, b);
  }
}

/** Columns of floats; `step` bytes lead from a row to the next. */
@final
@unmanaged
class Floats<T> {
  run(out: usize, x: usize, unused: usize, n: i32, step: usize): void {
    const operation = changetype<T>(0);
    let carry = operation.identity();
    for (; n > 0; n--, x += step, out += step) {
      carry = operation.scalar(carry, <f64>load<f32>(x));
      store<f32>(out, <f32>carry);
    }
  }

  columns(out: usize, x: usize, unused: usize, n: i32, step: usize, count: i32): void {
    const operation = changetype<T>(0);
    let lo = f64x2.splat(operation.identity());
    let hi = lo;
    for (; n > 0; n--, x += step, out += step) {
      const v = loadUpTo(x, count, splat(0));
      lo = operation.lanes(lo, low(v));
      hi = operation.lanes(hi, high(v));
      storeUpTo(out, demote(lo, hi), count);
    }
  }
}

/** out = a · (out before) + x. */
@final
@unmanaged
class Recurrence {
  run(out: usize, x: usize, a: usize, n: i32, step: usize): void {
    this.columns(out, x, a, n, step, 1);
  }

  columns(out: usize, x: usize, a: usize, n: i32, step: usize, count: i32): void {
    let lo = f64x2.splat(0);
    let hi = lo;
    for (; n > 0; n--, x += step, a += step, out += step) {
      const v = loadUpTo(x, count, splat(0));
      const w = loadUpTo(a, count, splat(0));
      lo = f64x2.add(f64x2.mul(low(w), lo), low(v));
      hi = f64x2.add(f64x2.mul(high(w), hi), high(v));
      storeUpTo(out, demote(lo, hi), count);
    }
  }
}


@final
@unmanaged
class IntegerSum {
  run(out: usize, x: usize, unused: usize, n: i32, step: usize): void {
    let carry = 0;
    for (; n > 0; n--, x += step, out += step) {
      carry += load<i32>(x);
      store<i32>(out, carry);
    }
  }

  columns(out: usize, x: usize, unused: usize, n: i32, step: usize, count: i32): void {
    for (let c = 0; c < count; c++, x += 4, out += 4) this.run(out, x, 0, n, step);
  }
}


@final
@unmanaged
class IntegerProduct {
  run(out: usize, x: usize, unused: usize, n: i32, step: usize): void {
    let carry = 1;
    for (; n > 0; n--, x += step, out += step) {
      carry *= load<i32>(x);
      store<i32>(out, carry);
    }
  }

  columns(out: usize, x: usize, unused: usize, n: i32, step: usize, count: i32): void {
    for (let c = 0; c < count; c++, x += 4, out += 4) this.run(out, x, 0, n, step);
  }
}

function scanKernel<T>(
  out: usize,
  x: usize,
  a: usize,
  outer: i32,
  n: i32,
  inner: i32,
  reversed: i32,
  part: i32,
  parts: i32,
): i32 {
  const scan = changetype<T>(0);
  let at = shareStart(outer * inner, 4, part, parts);
  const end = shareStart(outer * inner, 4, part + 1, parts);
  const down = (<usize>inner) << 2;
  const step = reversed != 0 ? <usize>0 - down : down;
  const first = reversed != 0 ? <usize>(n - 1) * down : 0;
  while (at < end) {
    const o = at / inner;
    const j = at - o * inner;
    const offset = ((<usize>o * n * inner + j) << 2) + first;
    const columns = min(4, min(inner - j, end - at));
    if (inner == 1) scan.run(out + offset, x + offset, a + offset, n, step);
    else scan.columns(out + offset, x + offset, a + offset, n, step, columns);
    at += columns;
  }
  return 0;
}

export function cumsum_f32(
  out: usize,
  x: usize,
  outer: i32,
  n: i32,
  inner: i32,
  reversed: i32,
  part: i32,
  parts: i32,
): i32 {
  return scanKernel<Floats<Sum>>(out, x, 0, outer, n, inner, reversed, part, parts);
}

export function cumprod_f32(
  out: usize,
  x: usize,
  outer: i32,
  n: i32,
  inner: i32,
  reversed: i32,
  part: i32,
  parts: i32,
): i32 {
  return scanKernel<Floats<Product>>(out, x, 0, outer, n, inner, reversed, part, parts);
}

export function cumsum_i32(
  out: usize,
  x: usize,
  outer: i32,
  n: i32,
  inner: i32,
  reversed: i32,
  part: i32,
  parts: i32,
): i32 {
  return scanKernel<IntegerSum>(out, x, 0, outer, n, inner, reversed, part, parts);
}

export function cumprod_i32(
  out: usize,
  x: usize,
  outer: i32,
  n: i32,
  inner: i32,
  reversed: i32,
  part: i32,
  parts: i32,
): i32 {
  return scanKernel<IntegerProduct>(out, x, 0, outer, n, inner, reversed, part, parts);
}

/** out[i] = a[i] · out[i − 1] + x[i], beginning with 0; with `reversed`, out[i + 1] takes the place of out[i − 1]. */
export function recurrence_f32(
  out: usize,
  x: usize,
  a: usize,
  outer: i32,
  n: i32,
  inner: i32,
  reversed: i32,
  part: i32,
  parts: i32,
): i32 {
  return scanKernel<Recurrence>(out, x, a, outer, n, inner, reversed, part, parts);
}
