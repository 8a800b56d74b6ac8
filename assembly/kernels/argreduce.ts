/**
 * Where the extremum of x [outer, red, inner] lies along the middle, to out [outer, inner] of i32: the first of equals,
 * and the first NaN before all. The least is the greatest of the values with bits flipped, as in `amin`.
 */
import { splat } from "../simd/f32";
import { foldRun, Greatest, GreatestInteger } from "../folds";
import { shareStart } from "../loops";
import { loadUpTo, storeUpTo } from "../sums";


@final
@unmanaged
class Floats {
  /** The extremum of a run, in all lanes. */
  @inline
  extremum(p: usize, n: i32, flipped: i32): v128 {
    return foldRun<Greatest>(p, n, flipped);
  }


  @inline
  same(x: v128, y: v128): v128 {
    return v128.or(f32x4.eq(x, y), v128.and(f32x4.ne(x, x), f32x4.ne(y, y)));
  }


  @inline
  beats(x: v128, best: v128): v128 {
    return v128.andnot(f32x4.eq(best, best), f32x4.le(x, best));
  }
}


@final
@unmanaged
class Integers {

  @inline
  extremum(p: usize, n: i32, flipped: i32): v128 {
    return foldRun<GreatestInteger>(p, n, flipped);
  }


  @inline
  same(x: v128, y: v128): v128 {
    return i32x4.eq(x, y);
  }


  @inline
  beats(x: v128, best: v128): v128 {
    return i32x4.gt_s(x, best);
  }
}

/** Position of the first extremum of n ≥ 1 contiguous values. */
function findInRun<T>(p: usize, n: i32, flipped: i32): i32 {
  const type = changetype<T>(0);
  const best = type.extremum(p, n, flipped);
  for (let i = 0; i < n; i += 4, p += 16) {
    // A padded lane may hit, but only behind the true one.
    const hits = i32x4.bitmask(type.same(loadUpTo(p, n - i, best), best));
    if (hits != 0) return i + ctz(hits);
  }
  return 0;
}

/** Positions of the first extremum of `count` ≤ 4 columns of red ≥ 1 rows. */
function findInColumns<T>(p: usize, red: i32, stride: usize, count: i32, flipped: i32): v128 {
  const type = changetype<T>(0);
  const bits = i32x4.splat(flipped);
  let best = v128.xor(loadUpTo(p, count, splat(0)), bits);
  let where = i32x4.splat(0);
  for (let r = 1; r < red; r++) {
    p += stride;
    const x = v128.xor(loadUpTo(p, count, splat(0)), bits);
    const beats = type.beats(x, best);
    best = v128.bitselect(x, best, beats);
    where = v128.bitselect(i32x4.splat(r), where, beats);
  }
  return where;
}

function findKernel<T>(
  out: usize,
  x: usize,
  outer: i32,
  red: i32,
  inner: i32,
  flipped: i32,
  part: i32,
  parts: i32,
): i32 {
  let at = shareStart(outer * inner, 4, part, parts);
  const end = shareStart(outer * inner, 4, part + 1, parts);
  while (at < end) {
    const o = at / inner;
    const j = at - o * inner;
    const to = out + ((<usize>at) << 2);
    const from = x + ((<usize>o * red * inner + j) << 2);
    const columns = min(4, min(inner - j, end - at));
    if (inner == 1) store<i32>(to, findInRun<T>(from, red, flipped));
    else storeUpTo(to, findInColumns<T>(from, red, (<usize>inner) << 2, columns, flipped), columns);
    at += columns;
  }
  return 0;
}

export function argmax_f32(
  out: usize,
  x: usize,
  outer: i32,
  red: i32,
  inner: i32,
  part: i32,
  parts: i32,
): i32 {
  return findKernel<Floats>(out, x, outer, red, inner, 0, part, parts);
}

export function argmin_f32(
  out: usize,
  x: usize,
  outer: i32,
  red: i32,
  inner: i32,
  part: i32,
  parts: i32,
): i32 {
  return findKernel<Floats>(out, x, outer, red, inner, 0x80000000, part, parts);
}

export function argmax_i32(
  out: usize,
  x: usize,
  outer: i32,
  red: i32,
  inner: i32,
  part: i32,
  parts: i32,
): i32 {
  return findKernel<Integers>(out, x, outer, red, inner, 0, part, parts);
}

export function argmin_i32(
  out: usize,
  x: usize,
  outer: i32,
  red: i32,
  inner: i32,
  part: i32,
  parts: i32,
): i32 {
  return findKernel<Integers>(out, x, outer, red, inner, -1, part, parts);
}
