/** Folds of four lanes of 32 bits by an associative operation: extrema, products, sums of integers. */
import { load, splat } from "./simd/f32";
import { shareStart } from "./loops";
import { loadUpTo, storeUpTo } from "./sums";

// An operation: `identity` leaves the other operand as it is; `flip` turns maximum into minimum (by inverting bits).

@final
@unmanaged
export class Product {

  @inline
  identity(): v128 {
    return splat(1);
  }


  @inline
  merge(a: v128, b: v128): v128 {
    return f32x4.mul(a, b);
  }


  @inline
  flip(x: v128, bits: v128): v128 {
    return x;
  }
}

/** NaN wins. */
@final
@unmanaged
export class Greatest {

  @inline
  identity(): v128 {
    return splat(-Infinity);
  }


  @inline
  merge(a: v128, b: v128): v128 {
    return f32x4.max(a, b);
  }


  @inline
  flip(x: v128, bits: v128): v128 {
    return v128.xor(x, bits);
  }
}

/** NaN is passed over, at an eighth of the instructions: for who meets it again in another way. */
@final
@unmanaged
export class GreatestNumber {

  @inline
  identity(): v128 {
    return splat(-Infinity);
  }


  @inline
  merge(a: v128, b: v128): v128 {
    return f32x4.pmax(a, b);
  }


  @inline
  flip(x: v128, bits: v128): v128 {
    return x;
  }
}


@final
@unmanaged
export class IntegerSum {

  @inline
  identity(): v128 {
    return i32x4.splat(0);
  }


  @inline
  merge(a: v128, b: v128): v128 {
    return i32x4.add(a, b);
  }


  @inline
  flip(x: v128, bits: v128): v128 {
    return x;
  }
}


@final
@unmanaged
export class IntegerProduct {

  @inline
  identity(): v128 {
    return i32x4.splat(1);
  }


  @inline
  merge(a: v128, b: v128): v128 {
    return i32x4.mul(a, b);
  }


  @inline
  flip(x: v128, bits: v128): v128 {
    return x;
  }
}


@final
@unmanaged
export class GreatestInteger {

  @inline
  identity(): v128 {
    return i32x4.splat(i32.MIN_VALUE);
  }


  @inline
  merge(a: v128, b: v128): v128 {
    return i32x4.max_s(a, b);
  }


  @inline
  flip(x: v128, bits: v128): v128 {
    return v128.xor(x, bits);
  }
}

/** The fold of n contiguous values, in all lanes. */
export function foldRun<F>(p: usize, n: i32, flipped: i32): v128 {
  const f = changetype<F>(0);
  const bits = i32x4.splat(flipped);
  const unit = f.flip(f.identity(), bits);
  let a = f.identity();
  let b = a;
  let c = a;
  let d = a;
  let left = n;
  for (; left >= 16; left -= 16, p += 64) {
    a = f.merge(a, f.flip(load(p), bits));
    b = f.merge(b, f.flip(v128.load(p, 16), bits));
    c = f.merge(c, f.flip(v128.load(p, 32), bits));
    d = f.merge(d, f.flip(v128.load(p, 48), bits));
  }
  for (; left > 0; left -= 4, p += 16) a = f.merge(a, f.flip(loadUpTo(p, left, unit), bits));
  a = f.merge(f.merge(a, b), f.merge(c, d));
  a = f.merge(a, v128.shuffle<i32>(a, a, 2, 3, 0, 1));
  return f.flip(f.merge(a, v128.shuffle<i32>(a, a, 1, 0, 3, 2)), bits);
}

/** The fold of each of `count` columns (16, or at most 4) of `red` rows, `stride` bytes apart. */
function foldColumns<F>(out: usize, p: usize, red: i32, stride: usize, count: i32, flipped: i32): void {
  const f = changetype<F>(0);
  const bits = i32x4.splat(flipped);
  let a = f.identity();
  if (count < 16) {
    for (let r = 0; r < red; r++, p += stride) a = f.merge(a, f.flip(loadUpTo(p, count, a), bits));
    storeUpTo(out, f.flip(a, bits), count);
    return;
  }
  let b = a;
  let c = a;
  let d = a;
  for (let r = 0; r < red; r++, p += stride) {
    a = f.merge(a, f.flip(load(p), bits));
    b = f.merge(b, f.flip(v128.load(p, 16), bits));
    c = f.merge(c, f.flip(v128.load(p, 32), bits));
    d = f.merge(d, f.flip(v128.load(p, 48), bits));
  }
  v128.store(out, f.flip(a, bits));
  v128.store(out, f.flip(b, bits), 16);
  v128.store(out, f.flip(c, bits), 32);
  v128.store(out, f.flip(d, bits), 48);
}

export function foldKernel<F>(
  out: usize,
  x: usize,
  outer: i32,
  red: i32,
  inner: i32,
  flipped: i32,
  part: i32,
  parts: i32,
): i32 {
  let at = shareStart(outer * inner, 16, part, parts);
  const end = shareStart(outer * inner, 16, part + 1, parts);
  while (at < end) {
    const o = at / inner;
    const j = at - o * inner;
    const to = out + ((<usize>at) << 2);
    const from = x + ((<usize>o * red * inner + j) << 2);
    let columns = min(inner - j, end - at);
    if (inner == 1) {
      v128.store32_lane(to, foldRun<F>(from, red, flipped), 0);
    } else {
      columns = columns >= 16 ? 16 : min(4, columns);
      foldColumns<F>(to, from, red, (<usize>inner) << 2, columns, flipped);
    }
    at += columns;
  }
  return 0;
}
