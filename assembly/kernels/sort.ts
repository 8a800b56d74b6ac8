/**
 * Sorting rows of 32-bit elements, stable, with the positions they come from. `flags`: 1 for f32 (else i32), 2 for
 * descending. NaN counts as the largest.
 */
import { keyOf, pairOf } from "../order";
import { shareStart } from "../loops";

/** Up to here counting, which is quadratic but four at a time and without branches, is faster than a radix sort. */
const SHORT: i32 = 64;
/** Bytes of the counts of four digits of eight bits. */
const COUNTS: i32 = 4096;


@inline
function count(table: usize, digit: u32): void {
  const at = table + ((<usize>(digit & 255)) << 2);
  store<i32>(at, load<i32>(at) + 1);
}

/** Puts each element where as many as come before it leave room: those below it, and equal ones to its left. */
function rankSort(values: usize, indices: usize, keys: usize, x: usize, n: i32, flags: i32): void {
  for (let i = 0; i < n; i++)
    store<u32>(keys + ((<usize>i) << 2), keyOf(load<i32>(x + ((<usize>i) << 2)), flags) ^ 0x80000000);
  // What is padded comes before nothing.
  for (let i = n; (i & 3) != 0; i++) store<i32>(keys + ((<usize>i) << 2), i32.MAX_VALUE);
  const end = keys + ((<usize>n) << 2);
  for (let i = 0; i < n; i++) {
    const key = v128.load32_splat(keys + ((<usize>i) << 2));
    const own = keys + ((<usize>(i & ~3)) << 2);
    const left = i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(i & 3));
    const here = v128.load(own);
    let before = v128.or(i32x4.lt_s(here, key), v128.and(i32x4.eq(here, key), left));
    for (let at = keys; at < own; at += 16) before = i32x4.add(before, i32x4.le_s(v128.load(at), key));
    for (let at = own + 16; at < end; at += 16) before = i32x4.add(before, i32x4.lt_s(v128.load(at), key));
    const rank = (<usize>-sumOf(before)) << 2;
    store<i32>(values + rank, load<i32>(x + ((<usize>i) << 2)));
    store<i32>(indices + rank, i);
  }
}


@inline
function sumOf(v: v128): i32 {
  const halves = i32x4.add(v, v128.shuffle<i32>(v, v, 2, 3, 0, 1));
  return i32x4.extract_lane(halves, 0) + i32x4.extract_lane(halves, 1);
}

/** Sorts by the digits of the keys, least first; returns which of the two buffers holds the result. */
function radixSort(pairs: usize, other: usize, counts: usize, x: usize, n: i32, flags: i32): usize {
  memory.fill(counts, 0, COUNTS);
  for (let i = 0; i < n; i++) {
    const pair = pairOf(x, i, flags);
    store<u64>(pairs + ((<usize>i) << 3), pair);
    const key = <u32>(pair >> 32);
    count(counts, key);
    count(counts + 1024, key >> 8);
    count(counts + 2048, key >> 16);
    count(counts + 3072, key >> 24);
  }
  for (let digit = 0; digit < 4; digit++) {
    const table = counts + digit * 1024;
    const shift = <u64>(32 + 8 * digit);
    // A digit that all keys share needs no pass.
    const shared = table + ((<usize>((load<u64>(pairs) >> shift) & 255)) << 2);
    if (load<i32>(shared) == n) continue;
    // Counts become the addresses that each digit's pairs go to.
    let next = other;
    for (let at = table; at < table + 1024; at += 4) {
      const bytes = (<usize>load<i32>(at)) << 3;
      store<i32>(at, <i32>next);
      next += bytes;
    }
    const end = pairs + ((<usize>n) << 3);
    for (let from = pairs; from < end; from += 8) {
      const pair = load<u64>(from);
      const slot = table + ((<usize>((pair >> shift) & 255)) << 2);
      const to = <usize>load<u32>(slot);
      store<i32>(slot, <i32>(to + 8));
      store<u64>(to, pair);
    }
    const swap = pairs;
    pairs = other;
    other = swap;
  }
  return pairs;
}

/** Bytes for one part. */
@inline
function roomOf(n: i32): i32 {
  return n <= SHORT ? (n + 3) * 4 : n * 16 + COUNTS;
}

/** Which piece of the workspace a part has: there are as many as parts that have rows. */
@inline
function slotOf(row: i32, rows: i32, part: i32, parts: i32): usize {
  return rows < parts ? row : part;
}

export function sort_32_workspace(rows: i32, n: i32, parts: i32): i32 {
  return roomOf(n) * min(rows, parts);
}

/** values [rows, n] = x sorted along each row, indices = where each value stood in it. */
export function sort_32(
  values: usize,
  indices: usize,
  x: usize,
  rows: i32,
  n: i32,
  flags: i32,
  workspace: usize,
  part: i32,
  parts: i32,
): i32 {
  const end = shareStart(rows, 1, part + 1, parts);
  let row = shareStart(rows, 1, part, parts);
  const pairs = workspace + <usize>roomOf(n) * slotOf(row, rows, part, parts);
  const bytes = (<usize>n) << 2;
  for (; row < end; row++) {
    const from = x + <usize>row * bytes;
    const toValues = values + <usize>row * bytes;
    const toIndices = indices + <usize>row * bytes;
    if (n <= SHORT) rankSort(toValues, toIndices, pairs, from, n, flags);
    else
      unpack(
        toValues,
        toIndices,
        radixSort(pairs, pairs + bytes * 2, pairs + bytes * 4, from, n, flags),
        from,
        n,
      );
  }
  return 0;
}

/** Splits the first n pairs into values, as they stand in x, and positions. */
function unpack(values: usize, indices: usize, pairs: usize, x: usize, n: i32): void {
  for (let i = 0; i < n; i++, pairs += 8, values += 4, indices += 4) {
    const at = load<i32>(pairs);
    store<i32>(values, load<i32>(x + ((<usize>at) << 2)));
    store<i32>(indices, at);
  }
}

/** Restores the heap (largest first) of n pairs below its i-th, to which `pair` goes. */
function sift(heap: usize, n: i32, i: i32, pair: u64): void {
  for (;;) {
    let child = 2 * i + 1;
    if (child >= n) break;
    let largest = load<u64>(heap + ((<usize>child) << 3));
    if (child + 1 < n) {
      const right = load<u64>(heap + ((<usize>(child + 1)) << 3));
      if (right > largest) {
        largest = right;
        child++;
      }
    }
    if (largest <= pair) break;
    store<u64>(heap + ((<usize>i) << 3), largest);
    i = child;
  }
  store<u64>(heap + ((<usize>i) << 3), pair);
}

export function topk_32_workspace(rows: i32, k: i32, parts: i32): i32 {
  return k * 8 * min(rows, parts);
}

/** The first k ≥ 1 of each row of x [rows, n] in the order of `sort_32`, to values and indices [rows, k]. */
export function topk_32(
  values: usize,
  indices: usize,
  x: usize,
  rows: i32,
  n: i32,
  k: i32,
  flags: i32,
  workspace: usize,
  part: i32,
  parts: i32,
): i32 {
  const end = shareStart(rows, 1, part + 1, parts);
  let row = shareStart(rows, 1, part, parts);
  const heap = workspace + <usize>k * 8 * slotOf(row, rows, part, parts);
  for (; row < end; row++) {
    const from = x + ((<usize>row * n) << 2);
    for (let i = 0; i < k; i++) store<u64>(heap + ((<usize>i) << 3), pairOf(from, i, flags));
    for (let i = k / 2 - 1; i >= 0; i--) sift(heap, k, i, load<u64>(heap + ((<usize>i) << 3)));
    // A later element of an equal key does not come in: keys alone decide.
    let bound = <u32>(load<u64>(heap) >> 32);
    for (let i = k; i < n; i++) {
      if (keyOf(load<i32>(from + ((<usize>i) << 2)), flags) >= bound) continue;
      sift(heap, k, 0, pairOf(from, i, flags));
      bound = <u32>(load<u64>(heap) >> 32);
    }
    for (let i = k - 1; i > 0; i--) {
      const last = load<u64>(heap + ((<usize>i) << 3));
      store<u64>(heap + ((<usize>i) << 3), load<u64>(heap));
      sift(heap, i, 0, last);
    }
    unpack(values + ((<usize>row * k) << 2), indices + ((<usize>row * k) << 2), heap, from, k);
  }
  return 0;
}

/**
 * out[r, i] = how many of the ascending `sorted` [n], row r at r·rowStride, come before values[r, i]: those below it, or
 * with `right` those not above.
 */
export function searchsorted_32(
  out: usize,
  sorted: usize,
  values: usize,
  rows: i32,
  n: i32,
  m: i32,
  rowStride: i32,
  right: i32,
  flags: i32,
  part: i32,
  parts: i32,
): i32 {
  const end = shareStart(rows * m, 16, part + 1, parts);
  for (let at = shareStart(rows * m, 16, part, parts); at < end; at++) {
    const row = sorted + ((<usize>(at / m) * rowStride) << 2);
    const key = keyOf(load<i32>(values + ((<usize>at) << 2)), flags);
    let low = 0;
    let high = n;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = keyOf(load<i32>(row + ((<usize>middle) << 2)), flags);
      if (other < key || (right && other == key)) low = middle + 1;
      else high = middle;
    }
    store<i32>(out + ((<usize>at) << 2), low);
  }
  return 0;
}
