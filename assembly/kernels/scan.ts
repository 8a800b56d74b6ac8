/** Running sums and products along the middle of x [outer, n, inner], carried in f64 as PyTorch does. */
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

function scanRun<T>(out: usize, x: usize, n: i32): void {
  const operation = changetype<T>(0);
  let carry = operation.identity();
  for (; n > 0; n--, x += 4, out += 4) {
    carry = operation.scalar(carry, <f64>load<f32>(x));
    store<f32>(out, <f32>carry);
  }
}

/** Scans `count` ≤ 4 columns of n rows, `stride` bytes apart. */
function scanColumns<T>(out: usize, x: usize, n: i32, stride: usize, count: i32): void {
  const operation = changetype<T>(0);
  let lo = f64x2.splat(operation.identity());
  let hi = lo;
  for (; n > 0; n--, x += stride, out += stride) {
    const v = loadUpTo(x, count, splat(0));
    lo = operation.lanes(lo, low(v));
    hi = operation.lanes(hi, high(v));
    storeUpTo(out, demote(lo, hi), count);
  }
}

function scanKernel<T>(out: usize, x: usize, outer: i32, n: i32, inner: i32, part: i32, parts: i32): i32 {
  let at = shareStart(outer * inner, 4, part, parts);
  const end = shareStart(outer * inner, 4, part + 1, parts);
  while (at < end) {
    const o = at / inner;
    const j = at - o * inner;
    const offset = (<usize>o * n * inner + j) << 2;
    const columns = min(4, min(inner - j, end - at));
    if (inner == 1) scanRun<T>(out + offset, x + offset, n);
    else scanColumns<T>(out + offset, x + offset, n, (<usize>inner) << 2, columns);
    at += columns;
  }
  return 0;
}

export function cumsum_f32(out: usize, x: usize, outer: i32, n: i32, inner: i32, part: i32, parts: i32): i32 {
  return scanKernel<Sum>(out, x, outer, n, inner, part, parts);
}

export function cumprod_f32(
  out: usize,
  x: usize,
  outer: i32,
  n: i32,
  inner: i32,
  part: i32,
  parts: i32,
): i32 {
  return scanKernel<Product>(out, x, outer, n, inner, part, parts);
}
