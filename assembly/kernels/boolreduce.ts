/** Reductions of bytes, true where not zero: x [outer, red, inner] along the middle to out [outer, inner]. */
import { shareStart } from "../loops";

/** How many of n contiguous bytes are not zero. */
function countRun(p: usize, n: i32): i32 {
  let count = 0;
  let left = n;
  for (; left >= 16; left -= 16, p += 16) {
    count += popcnt(i8x16.bitmask(i8x16.ne(v128.load(p), i8x16.splat(0))));
  }
  for (; left > 0; left--, p++) count += i32(load<u8>(p) != 0);
  return count;
}

/** How many of `red` bytes, `stride` apart, are not zero. */
function countColumn(p: usize, red: i32, stride: usize): i32 {
  let count = 0;
  for (; red > 0; red--, p += stride) count += i32(load<u8>(p) != 0);
  return count;
}


@inline
function countAt(x: usize, at: i32, red: i32, inner: i32): i32 {
  const o = at / inner;
  const from = x + <usize>o * red * inner + (at - o * inner);
  return inner == 1 ? countRun(from, red) : countColumn(from, red, inner);
}

/** The number of trues, as i32. */
export function sum_bool(out: usize, x: usize, outer: i32, red: i32, inner: i32, part: i32, parts: i32): i32 {
  const end = shareStart(outer * inner, 4, part + 1, parts);
  for (let at = shareStart(outer * inner, 4, part, parts); at < end; at++) {
    store<i32>(out + ((<usize>at) << 2), countAt(x, at, red, inner));
  }
  return 0;
}

/** 1 where the count of trues is at least `least`. */
function atLeast(
  out: usize,
  x: usize,
  outer: i32,
  red: i32,
  inner: i32,
  least: i32,
  part: i32,
  parts: i32,
): i32 {
  const end = shareStart(outer * inner, 16, part + 1, parts);
  for (let at = shareStart(outer * inner, 16, part, parts); at < end; at++) {
    store<u8>(out + at, u8(countAt(x, at, red, inner) >= least));
  }
  return 0;
}

/** False of nothing. */
export function any_bool(out: usize, x: usize, outer: i32, red: i32, inner: i32, part: i32, parts: i32): i32 {
  return atLeast(out, x, outer, red, inner, 1, part, parts);
}

/** True of nothing. */
export function all_bool(out: usize, x: usize, outer: i32, red: i32, inner: i32, part: i32, parts: i32): i32 {
  return atLeast(out, x, outer, red, inner, red, part, parts);
}
