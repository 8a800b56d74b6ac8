/**
 * The loops of element-wise kernels, generic over a functor: an `@unmanaged` class without fields whose `v` is
 * inlined. Elements are worked on as four lanes of 32 bits, narrower ones widened on the way in and narrowed on the
 * way out. The last one to three elements go through the same lane code, so where an element stands never shows.
 */
import { loadTail, storeTail } from "./simd/f32";

/** First element of `part`'s share of n elements, in units of `unit` elements; `part + 1` gives the end. */
export function shareStart(n: i32, unit: i32, part: i32, parts: i32): i32 {
  if (parts == 1) return part == 0 ? 0 : n;
  const units = (<u64>n + unit - 1) / unit;
  return <i32>min<u64>(n, ((units * part) / parts) * unit);
}

/** Shares end on 64 bytes, so that no two parts write to one cache line. */
@inline
export function lineOf<T>(): i32 {
  return 64 >> alignof<T>();
}

/** Four elements as lanes of 32 bits. */
@inline
export function load4<T>(p: usize): v128 {
  if (sizeof<T>() == 4) return v128.load(p);
  if (sizeof<T>() == 2) return i32x4.extend_low_i16x8_u(v128.load64_zero(p));
  return widened(v128.load32_zero(p));
}


@inline
function widened(bytes: v128): v128 {
  return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(bytes));
}


@inline
export function narrowed(lanes: v128): v128 {
  const halves = i16x8.narrow_i32x4_u(lanes, lanes);
  return i8x16.narrow_i16x8_u(halves, halves);
}


@inline
export function store4<T>(p: usize, lanes: v128): void {
  if (sizeof<T>() == 4) v128.store(p, lanes);
  else if (sizeof<T>() == 2) v128.store64_lane(p, i16x8.narrow_i32x4_u(lanes, lanes), 0);
  else v128.store32_lane(p, narrowed(lanes), 0);
}

function loadHalves(p: usize, count: i32): v128 {
  let lanes = i32x4.replace_lane(i32x4.splat(0), 0, load<u16>(p));
  if (count > 1) lanes = i32x4.replace_lane(lanes, 1, load<u16>(p, 2));
  if (count > 2) lanes = i32x4.replace_lane(lanes, 2, load<u16>(p, 4));
  return lanes;
}

function storeHalves(p: usize, lanes: v128, count: i32): void {
  store<u16>(p, <u16>i32x4.extract_lane(lanes, 0));
  if (count > 1) store<u16>(p, <u16>i32x4.extract_lane(lanes, 1), 2);
  if (count > 2) store<u16>(p, <u16>i32x4.extract_lane(lanes, 2), 4);
}

function loadBytes(p: usize, count: i32): v128 {
  let bytes = i32x4.splat(load<u8>(p));
  if (count > 1) bytes = i8x16.replace_lane(bytes, 1, load<u8>(p, 1));
  if (count > 2) bytes = i8x16.replace_lane(bytes, 2, load<u8>(p, 2));
  return widened(bytes);
}

function storeBytes(p: usize, lanes: v128, count: i32): void {
  store<u8>(p, <u8>i32x4.extract_lane(lanes, 0));
  if (count > 1) store<u8>(p, <u8>i32x4.extract_lane(lanes, 1), 1);
  if (count > 2) store<u8>(p, <u8>i32x4.extract_lane(lanes, 2), 2);
}

/** `count` < 4 elements; the other lanes are 0. */
@inline
export function load4Tail<T>(p: usize, count: i32): v128 {
  if (sizeof<T>() == 4) return loadTail(p, count, i32x4.splat(0));
  if (sizeof<T>() == 2) return loadHalves(p, count);
  return loadBytes(p, count);
}


@inline
export function store4Tail<T>(p: usize, lanes: v128, count: i32): void {
  if (sizeof<T>() == 4) storeTail(p, lanes, count);
  else if (sizeof<T>() == 2) storeHalves(p, lanes, count);
  else storeBytes(p, lanes, count);
}

/** `count` ≤ 4 elements that lie `stride` bytes apart. */
export function gather4<T>(p: usize, stride: usize, count: i32): v128 {
  if (sizeof<T>() == 1) return gatherBytes(p, stride, count);
  let lanes = v128.load32_zero(p);
  if (count > 1) lanes = v128.load32_lane(p + stride, lanes, 1);
  if (count > 2) lanes = v128.load32_lane(p + stride * 2, lanes, 2);
  if (count > 3) lanes = v128.load32_lane(p + stride * 3, lanes, 3);
  return lanes;
}

function gatherBytes(p: usize, stride: usize, count: i32): v128 {
  let lanes = i32x4.splat(load<u8>(p));
  if (count > 1) lanes = i32x4.replace_lane(lanes, 1, load<u8>(p + stride));
  if (count > 2) lanes = i32x4.replace_lane(lanes, 2, load<u8>(p + stride * 2));
  if (count > 3) lanes = i32x4.replace_lane(lanes, 3, load<u8>(p + stride * 3));
  return lanes;
}


@inline
export function one<T>(p: usize): i32 {
  if (sizeof<T>() == 4) return load<i32>(p);
  return load<u8>(p);
}

/** Elements left, at most 4. */
@inline
export function lanesLeft<T>(p: usize, end: usize): i32 {
  return <i32>min<usize>(4, (end - p) >> alignof<T>());
}

/** out[i] = op(x[i]) with the constants p and q; out may be x. */
export function map1<Op, In, Out>(
  out: usize,
  x: usize,
  p: v128,
  q: v128,
  n: i32,
  part: i32,
  parts: i32,
): i32 {
  const op = changetype<Op>(0);
  const begin = <usize>shareStart(n, lineOf<Out>(), part, parts);
  const end = x + ((<usize>shareStart(n, lineOf<Out>(), part + 1, parts)) << alignof<In>());
  let from = x + (begin << alignof<In>());
  let to = out + (begin << alignof<Out>());
  for (; from + 4 * sizeof<In>() <= end; from += 4 * sizeof<In>(), to += 4 * sizeof<Out>()) {
    store4<Out>(to, op.v(load4<In>(from), p, q));
  }
  const left = lanesLeft<In>(from, end);
  if (left > 0) store4Tail<Out>(to, op.v(load4Tail<In>(from, left), p, q), left);
  return 0;
}

/** Elements from `from` to `end`, a vector at a time; the functor's code is there once. */
@inline
function mapVectors<Op>(from: usize, end: usize, shift: usize, p: v128, q: v128): i32 {
  const op = changetype<Op>(0);
  for (; from < end; from += 16) {
    const full = from + 16 <= end;
    const lanes = op.v(full ? v128.load(from) : loadTail(from, lanesLeft<f32>(from, end), p), p, q);
    if (full) v128.store(from + shift, lanes);
    else storeTail(from + shift, lanes, lanesLeft<f32>(from, end));
  }
  return 0;
}

/** `map1` of f32 that holds the functor's code once, for long ones. */
export function mapLong<Op>(out: usize, x: usize, p: v128, q: v128, n: i32, part: i32, parts: i32): i32 {
  const end = x + ((<usize>shareStart(n, 16, part + 1, parts)) << 2);
  const from = x + ((<usize>shareStart(n, 16, part, parts)) << 2);
  return mapVectors<Op>(from, end, out - x, p, q);
}

/** `mapLong` for the most used: four vectors at a time, in step (`wide` of the functor). */
export function mapFour<Op>(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  const zero = i32x4.splat(0);
  const end = x + ((<usize>shareStart(n, 16, part + 1, parts)) << 2);
  const shift = out - x;
  let from = x + ((<usize>shareStart(n, 16, part, parts)) << 2);
  for (; from + 64 <= end; from += 64) changetype<Op>(0).wide(from + shift, from);
  return mapVectors<Op>(from, end, shift, zero, zero);
}

/** Word `index` of dims = [rank, shape …, strides of operand 1 …, of operand 2 …], strides in elements. */
@inline
export function dimWord(dims: usize, index: i32): i32 {
  return load<i32>(dims + ((<usize>index) << 2));
}

/** The number of elements of the shape. */
export function countOf(dims: usize): i32 {
  let count = 1;
  for (let d = dimWord(dims, 0); d > 0; d--) count *= dimWord(dims, d);
  return count;
}

/** In which element of an operand row `row` begins; a row is a run along the last dimension. */
function rowOffset(dims: usize, operand: i32, row: i32): isize {
  const rank = dimWord(dims, 0);
  let rest = <u32>row;
  let offset: isize = 0;
  for (let d = rank - 1; d > 0 && rest > 0; d--) {
    const size = <u32>dimWord(dims, d);
    const quotient = rest / size;
    offset += <isize>(rest - quotient * size) * <isize>dimWord(dims, rank * operand + d);
    rest = quotient;
  }
  return offset;
}

/**
 * Walks the rows of `part`'s share in row-major order. `run(at, a, b, c, strideA, strideB, strideC, n)` of the
 * functor does n elements from the at-th on, strides in bytes, and returns 0 or a code that ends the walk.
 * Operands 1 … `operands` are a, b, c, and their elements have 1 << shift bytes.
 */
export function overRows<Row>(
  operands: i32,
  a: usize,
  shiftA: i32,
  b: usize,
  shiftB: i32,
  c: usize,
  shiftC: i32,
  out: usize,
  dims: usize,
  unit: i32,
  part: i32,
  parts: i32,
): i32 {
  const rank = dimWord(dims, 0);
  const inner = dimWord(dims, rank);
  const count = countOf(dims);
  const end = shareStart(count, unit, part + 1, parts);
  const strideA = (<isize>dimWord(dims, rank * 2)) << shiftA;
  const strideB = operands > 1 ? (<isize>dimWord(dims, rank * 3)) << shiftB : 0;
  const strideC = operands > 2 ? (<isize>dimWord(dims, rank * 4)) << shiftC : 0;
  // From one row to the next, until the dimension above the last is through.
  const rows = rank > 1 ? dimWord(dims, rank - 1) : 1;
  const nextA = rank > 1 ? (<isize>dimWord(dims, rank * 2 - 1)) << shiftA : 0;
  const nextB = rank > 1 && operands > 1 ? (<isize>dimWord(dims, rank * 3 - 1)) << shiftB : 0;
  const nextC = rank > 1 && operands > 2 ? (<isize>dimWord(dims, rank * 4 - 1)) << shiftC : 0;
  let at = shareStart(count, unit, part, parts);
  while (at < end) {
    const row = at / inner;
    let column = at - row * inner;
    let left = rows - (row % rows);
    let rowA = a + (rowOffset(dims, 1, row) << shiftA);
    let rowB = operands > 1 ? b + (rowOffset(dims, 2, row) << shiftB) : 0;
    let rowC = operands > 2 ? c + (rowOffset(dims, 3, row) << shiftC) : 0;
    do {
      const n = min(inner - column, end - at);
      const code = changetype<Row>(0).run(
        out,
        at,
        rowA + <isize>column * strideA,
        rowB + <isize>column * strideB,
        rowC + <isize>column * strideC,
        strideA,
        strideB,
        strideC,
        n,
      );
      if (code != 0) return code;
      at += n;
      column = 0;
      rowA += nextA;
      rowB += nextB;
      rowC += nextC;
    } while (--left > 0 && at < end);
  }
  return 0;
}

/** Four elements of a row. */
@inline
export function rowLanes<T>(p: usize, stride: usize, count: i32): v128 {
  if (count == 4 && stride == sizeof<T>()) return load4<T>(p);
  return gather4<T>(p, stride, count);
}

/** out[i] = op(a[i·strideA], b[i·strideB]); strides in bytes. */
@final @unmanaged class Row2<Op, In, Out> {
  run(
    out: usize,
    at: i32,
    a: usize,
    b: usize,
    c: usize,
    strideA: usize,
    strideB: usize,
    strideC: usize,
    n: i32,
  ): i32 {
    const op = changetype<Op>(0);
    const width = 4 * sizeof<Out>();
    let to = out + ((<usize>at) << alignof<Out>());
    const end = to + ((<usize>n) << alignof<Out>());
    if (strideA == sizeof<In>() && strideB == sizeof<In>()) {
      for (; to + width <= end; to += width, a += 4 * strideA, b += 4 * strideB) {
        store4<Out>(to, op.v(load4<In>(a), load4<In>(b)));
      }
    } else if (strideA == sizeof<In>() && strideB == 0) {
      const one4 = i32x4.splat(one<In>(b));
      for (; to + width <= end; to += width, a += 4 * strideA) store4<Out>(to, op.v(load4<In>(a), one4));
    } else if (strideA == 0 && strideB == sizeof<In>()) {
      const one4 = i32x4.splat(one<In>(a));
      for (; to + width <= end; to += width, b += 4 * strideB) store4<Out>(to, op.v(one4, load4<In>(b)));
    }
    for (; to < end; to += width, a += 4 * strideA, b += 4 * strideB) {
      const count = lanesLeft<Out>(to, end);
      const lanes = op.v(rowLanes<In>(a, strideA, count), rowLanes<In>(b, strideB, count));
      if (count == 4) store4<Out>(to, lanes);
      else store4Tail<Out>(to, lanes, count);
    }
    return 0;
  }
}

/** out[…] = op(a[…], b[…]) over dims = [rank, shape …, strides of a …, of b …]; out is contiguous. */
@inline
export function map2<Op, In, Out>(out: usize, a: usize, b: usize, dims: usize, part: i32, parts: i32): i32 {
  const shift = <i32>alignof<In>();
  return overRows<Row2<Op, In, Out>>(2, a, shift, b, shift, 0, 0, out, dims, lineOf<Out>(), part, parts);
}

/** `map1` of f32 without constants. */
@inline
export function each<Op>(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return map1<Op, f32, f32>(out, x, i32x4.splat(0), i32x4.splat(0), n, part, parts);
}

/** `mapLong` without constants. */
@inline
export function eachLong<Op>(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return mapLong<Op>(out, x, i32x4.splat(0), i32x4.splat(0), n, part, parts);
}

/** out[i] = op(a[i], b[i]) over n contiguous f32; out may be a or b. */
export function zip<Op>(out: usize, a: usize, b: usize, n: i32, part: i32, parts: i32): i32 {
  const op = changetype<Op>(0);
  let i = (<usize>shareStart(n, 16, part, parts)) << 2;
  const end = (<usize>shareStart(n, 16, part + 1, parts)) << 2;
  for (; i + 16 <= end; i += 16) v128.store(out + i, op.v(v128.load(a + i), v128.load(b + i)));
  const left = lanesLeft<f32>(i, end);
  const zero = i32x4.splat(0);
  if (left > 0) storeTail(out + i, op.v(loadTail(a + i, left, zero), loadTail(b + i, left, zero)), left);
  return 0;
}
