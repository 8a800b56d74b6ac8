/** What fused attention is made of: blocks of SIDE queries by SIDE keys that stay in L1, and products of such blocks. */
import { fillWords } from "../../bytes";
import { dimWord } from "../../loops";
import { splat } from "../../simd/f32";
import { loadUpTo, storeUpTo } from "../../sums";
import { tile4 } from "../gemm/micro";
import { packPanels } from "../gemm/pack";

export const SIDE: i32 = 64;

/** Bytes of a row of scores. */
export const ROW: usize = 256;

/** Bytes of a block of scores. */
export const BLOCK: usize = 16384;

/** More than any row or column: no limit. */
export const FREE: i32 = 1 << 20;

/** Where sizes and strides stand in a layout: strides of an operand are of batch, head, row; the mask's also of column. */
export const HEADS: i32 = 0;
export const QUERIES: i32 = 1;
export const WIDTH: i32 = 2;
export const VALUE_WIDTH: i32 = 3;
export const Q: i32 = 4;
export const K: i32 = 7;
export const V: i32 = 10;
export const OUT: i32 = 13;
export const MASK: i32 = 16;

/** Bytes of a row of a block of `width` features, in whole panels. */
@inline
export function rowBytes(width: i32): usize {
  return (<usize>((width + 7) & ~7)) << 2;
}

/** Bytes of the panels of SIDE rows of `width` features, or of the turned ones. */
@inline
export function panelBytes(width: i32): usize {
  return rowBytes(width) * SIDE;
}

/** The first element of `row` of a head in an operand whose strides stand at `operand` of the layout. */
export function rowAt(p: usize, layout: usize, operand: i32, head: i32, row: i32): usize {
  const heads = dimWord(layout, HEADS);
  const b = head / heads;
  const elements =
    <isize>b * dimWord(layout, operand) +
    <isize>(head - b * heads) * dimWord(layout, operand + 1) +
    <isize>row * dimWord(layout, operand + 2);
  return p + (elements << 2);
}

/** Bytes from one row of an operand to the next. */
@inline
export function strideAt(layout: usize, operand: i32): usize {
  return (<usize>dimWord(layout, operand + 2)) << 2;
}

/** The mask of a row's keys from `key` on. */
@inline
export function maskAt(mask: usize, layout: usize, head: i32, row: i32, key: i32): usize {
  return rowAt(mask, layout, MASK, head, row) + ((<usize>key * dimWord(layout, MASK + 3)) << 2);
}

/** Rows as panels of eight features: B of a product over the rows, and by `featureTable` A of one over the features. */
export function packRows(to: usize, from: usize, stride: i32, rows: i32, width: i32): void {
  packPanels(to, from, stride, 1, rows, width);
}

/** Rows as panels of eight rows: B of a product over the features. */
export function packTurned(to: usize, from: usize, stride: i32, rows: i32, width: i32): void {
  packPanels(to, from, 1, stride, width, rows);
}

/** Byte offsets of a row's features in the panels of `rows` rows. */
export function featureTable(table: usize, rows: i32, width: i32): void {
  for (let j = 0; j < width; j++, table += 4)
    store<usize>(table, <usize>(j >> 3) * ((<usize>rows) << 5) + (((<usize>j) & 7) << 2));
}

/** x ·= by for whole vectors. */
export function scaleBytes(x: usize, bytes: usize, by: f32): void {
  for (const end = x + bytes; x < end; x += 16) v128.store(x, f32x4.mul(v128.load(x), splat(by)));
}

/**
 * c (m × n, rows `cRow` bytes apart) = A·B in tiles of 4 × 8, where A(i, p) = load(a + i·step + cols[p]) and B are panels of k rows. Row i
 * has columns below i + right only, and sums over first + i ≤ p < last + i, for i a multiple of four: what a causal mask leaves. The
 * tiles at the edges are written whole.
 */
export function tiles(
  c: usize,
  cRow: usize,
  a: usize,
  step: usize,
  cols: usize,
  b: usize,
  k: i32,
  m: i32,
  n: i32,
  first: i32,
  last: i32,
  right: i32,
): void {
  for (let i = 0; i < m; i += 4, a += step << 2, c += cRow << 2) {
    const from = min(max(i + first, 0), k);
    const count = min(max(i + last, from), k) - from;
    const end = min(n, i + right);
    const at = cols + ((<usize>from) << 2);
    let panel = b + ((<usize>from) << 5);
    let to = c;
    for (let j = 0; j < end; j += 8, panel += (<usize>k) << 5, to += 32) {
      tile4(a, a + step, a + (step << 1), a + step * 3, at, count, panel, to, cRow);
    }
  }
}

/** How many of n columns row i sees where those up to `diagonal` + i are open. */
@inline
export function seenBy(i: i32, diagonal: i32, n: i32): i32 {
  return min(max(i + diagonal + 1, 0), n);
}

/** Zeros behind the n columns that row i sees, as far as the tiles of its four rows go. */
export function clearRest(row: usize, n: i32, i: i32, diagonal: i32, keys: i32): void {
  fillWords(row + ((<usize>n) << 2), 0, seenBy(i | 3, diagonal, keys) - n);
}

/** scores += mask for n keys; the mask's stride is 0 or 1. */
export function addMask(scores: usize, mask: usize, stride: i32, n: i32): void {
  for (; n > 0; n -= 4, scores += 16) {
    const m = stride == 0 ? v128.load32_splat(mask) : loadUpTo(mask, n, splat(0));
    storeUpTo(scores, f32x4.add(loadUpTo(scores, n, splat(0)), m), n);
    mask += (<usize>stride) << 4;
  }
}
