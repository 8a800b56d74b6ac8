/**
 * Products of a matrix with up to four vectors, bound by reading the matrix: nothing of it is packed. Every sum is four
 * partial ones, over p = 0, 4, 8 …, over p = 1, 5, 9 …, and so on, which are added as `hsum` does, however the matrix lies.
 */
import { hsum, loadSplat, loadTail, madd, splat } from "../../simd/f32";
import { shareStart } from "../../loops";
import { pack } from "./pack";

/** The most vectors. */
const FEW: i32 = 4;

/** Elements of a matrix that is large enough to be worth it. */
const LARGE: i32 = 4096;

/** Elements of a row that are copied at a time where they lie apart. */
const CHUNK: i32 = 1024;

/** Bytes of the partial sums of a block of columns, all vectors together: what stays in L1. */
const STRIP_BYTES: i32 = 16384;

/** Rows that run side by side: as many chains of multiply-adds as keep the machine busy. */
const SIDE: i32 = 8;

/** Whether a product is one with few vectors. */
@inline
export function isFew(m: i32, n: i32, k: i32): bool {
  return min(m, n) <= FEW && <i64>max(m, n) * k >= LARGE;
}

/** Bytes of a part's workspace: vectors, partial sums, rows. */
@inline
export function fewBytes(m: i32, n: i32, k: i32): usize {
  return ((<usize>min(m, n) * <usize>k) << 2) + STRIP_BYTES + ((SIDE * CHUNK) << 2);
}

/** partial[r] += w[r][p]·x[p], lane by lane, for r < 8; rows from `count` on are the last one once more. */
function dots(partial: usize, w: usize, row: usize, count: i32, x: usize, k: i32): void {
  let w0 = w;
  let w1 = w0 + (count > 1 ? row : 0);
  let w2 = w1 + (count > 2 ? row : 0);
  let w3 = w2 + (count > 3 ? row : 0);
  let w4 = w3 + (count > 4 ? row : 0);
  let w5 = w4 + (count > 5 ? row : 0);
  let w6 = w5 + (count > 6 ? row : 0);
  let w7 = w6 + (count > 7 ? row : 0);
  let s0 = v128.load(partial);
  let s1 = v128.load(partial, 16);
  let s2 = v128.load(partial, 32);
  let s3 = v128.load(partial, 48);
  let s4 = v128.load(partial, 64);
  let s5 = v128.load(partial, 80);
  let s6 = v128.load(partial, 96);
  let s7 = v128.load(partial, 112);
  for (const end = x + ((<usize>(k & ~3)) << 2); x < end; x += 16) {
    const v = v128.load(x);
    s0 = madd(v, v128.load(w0), s0);
    s1 = madd(v, v128.load(w1), s1);
    s2 = madd(v, v128.load(w2), s2);
    s3 = madd(v, v128.load(w3), s3);
    s4 = madd(v, v128.load(w4), s4);
    s5 = madd(v, v128.load(w5), s5);
    s6 = madd(v, v128.load(w6), s6);
    s7 = madd(v, v128.load(w7), s7);
    w0 += 16;
    w1 += 16;
    w2 += 16;
    w3 += 16;
    w4 += 16;
    w5 += 16;
    w6 += 16;
    w7 += 16;
  }
  v128.store(partial, s0);
  v128.store(partial, s1, 16);
  v128.store(partial, s2, 32);
  v128.store(partial, s3, 48);
  v128.store(partial, s4, 64);
  v128.store(partial, s5, 80);
  v128.store(partial, s6, 96);
  v128.store(partial, s7, 112);
}

/** What `dots` leaves of k. */
function dotTails(partial: usize, w: usize, row: usize, count: i32, x: usize, left: i32): void {
  const v = loadTail(x, left, splat(0));
  for (; count > 0; count--) {
    v128.store(partial, madd(v, loadTail(w, left, splat(0)), v128.load(partial)));
    partial += 16;
    w += row;
  }
}

/** Partial sums of `columns` (a multiple of four), [column / 4][p mod 4][column mod 4], by eight rows of w. */
function rows8(strip: usize, w: usize, row: usize, x: usize, xStep: usize, columns: i32): void {
  const x0 = loadSplat(x);
  const x1 = loadSplat((x += xStep));
  const x2 = loadSplat((x += xStep));
  const x3 = loadSplat((x += xStep));
  const x4 = loadSplat((x += xStep));
  const x5 = loadSplat((x += xStep));
  const x6 = loadSplat((x += xStep));
  const x7 = loadSplat(x + xStep);
  let w1 = w + row;
  let w2 = w1 + row;
  let w3 = w2 + row;
  let w4 = w3 + row;
  let w5 = w4 + row;
  let w6 = w5 + row;
  let w7 = w6 + row;
  for (const end = strip + ((<usize>columns) << 4); strip < end; strip += 64) {
    v128.store(strip, madd(x4, v128.load(w4), madd(x0, v128.load(w), v128.load(strip))));
    v128.store(strip, madd(x5, v128.load(w5), madd(x1, v128.load(w1), v128.load(strip, 16))), 16);
    v128.store(strip, madd(x6, v128.load(w6), madd(x2, v128.load(w2), v128.load(strip, 32))), 32);
    v128.store(strip, madd(x7, v128.load(w7), madd(x3, v128.load(w3), v128.load(strip, 48))), 48);
    w += 16;
    w1 += 16;
    w2 += 16;
    w3 += 16;
    w4 += 16;
    w5 += 16;
    w6 += 16;
    w7 += 16;
  }
}

/** `rows8` of one row, from its place in the strip on. */
function row1(strip: usize, w: usize, x: usize, columns: i32): void {
  const v = loadSplat(x);
  for (const end = strip + ((<usize>columns) << 4); strip < end; strip += 64, w += 16) {
    v128.store(strip, madd(v, v128.load(w), v128.load(strip)));
  }
}

/** c = sums (+ bias) (+ c if `accumulate`), rectified if `activation`; steps in bytes. */
function finish(
  c: usize,
  cStep: usize,
  sums: usize,
  count: i32,
  bias: usize,
  biasStep: usize,
  accumulate: i32,
  activation: i32,
): void {
  for (const end = sums + ((<usize>count) << 2); sums < end; sums += 4) {
    let init: f32 = accumulate != 0 ? load<f32>(c) : 0;
    if (bias != 0) init += load<f32>(bias);
    const value = init + load<f32>(sums);
    store<f32>(c, activation != 0 && value < 0 ? 0 : value);
    c += cStep;
    if (bias != 0) bias += biasStep;
  }
}

/**
 * gemm_f32 for such products: the vectors are A's rows or B's columns, whichever are fewer, and the rows of the other
 * are divided among the parts, those of all the batch's products one behind another.
 */
export function few(
  c: usize,
  a: usize,
  b: usize,
  bias: usize,
  m: i32,
  n: i32,
  k: i32,
  aRow: i32,
  aCol: i32,
  bRow: i32,
  bCol: i32,
  cRow: i32,
  batch: i32,
  aBatch: i32,
  bBatch: i32,
  cBatch: i32,
  accumulate: i32,
  activation: i32,
  part: i32,
  parts: i32,
  workspace: usize,
): void {
  const turned = m <= n;
  const rows = turned ? n : m;
  const units = (rows + 15) >> 4;
  const end = shareStart(batch * units, 1, part + 1, parts);
  for (let unit = shareStart(batch * units, 1, part, parts); unit < end;) {
    const i = unit / units;
    const first = unit - i * units;
    const last = min(units, first + end - unit);
    const x = (turned ? a : b) + ((<usize>i * <usize>(turned ? aBatch : bBatch)) << 2);
    const w = (turned ? b : a) + ((<usize>i * <usize>(turned ? bBatch : aBatch)) << 2);
    vectors(
      c + ((<usize>i * <usize>cBatch) << 2),
      (<usize>(turned ? 1 : cRow)) << 2,
      (<usize>(turned ? cRow : <i32>1)) << 2,
      w,
      turned ? bCol : aRow,
      turned ? bRow : aCol,
      x,
      turned ? aRow : bCol,
      turned ? aCol : bRow,
      bias,
      turned ? 4 : 0,
      turned ? 0 : 4,
      turned ? m : n,
      k,
      first << 4,
      min(rows, last << 4),
      accumulate,
      activation,
      workspace,
    );
    unit += last - first;
  }
}

/** c[r][v] = Σₚ w[r][p]·x[v][p] for the rows from … to−1. Strides of w and x in elements, those of c and bias in bytes. */
function vectors(
  c: usize,
  cRow: usize,
  cNext: usize,
  w: usize,
  wRow: i32,
  wCol: i32,
  x: usize,
  xRow: i32,
  xCol: i32,
  bias: usize,
  biasRow: usize,
  biasNext: usize,
  count: i32,
  k: i32,
  from: i32,
  to: i32,
  accumulate: i32,
  activation: i32,
  workspace: usize,
): void {
  let xNext = (<usize>xRow) << 2;
  if (xCol != 1) {
    pack(workspace, (<usize>k) << 2, x, xRow, xCol, count, k);
    x = workspace;
    xNext = (<usize>k) << 2;
  }
  const strip = workspace + ((<usize>count * <usize>k) << 2);
  const block = strip + STRIP_BYTES;
  const row = (<usize>wRow) << 2;
  const col = (<usize>wCol) << 2;
  if (wRow == 1 && wCol != 1) {
    // Columns by blocks whose partial sums stay in L1; what is left of four goes the other way.
    const most = ((STRIP_BYTES >> 4) / count) & ~3;
    const whole = from + ((to - from) & ~3);
    for (; from < whole; from += most) {
      const columns = min(whole - from, most);
      const bytes = (<usize>columns) << 4;
      for (let at = strip; at < strip + bytes * count; at += 16) v128.store(at, splat(0));
      let source = w + ((<usize>from) << 2);
      let p = 0;
      for (; p + 8 <= k; p += 8) {
        for (let v = 0; v < count; v++)
          rows8(strip + bytes * v, source, col, x + xNext * v + ((<usize>p) << 2), 4, columns);
        source += col << 3;
      }
      for (; p < k; p++) {
        for (let v = 0; v < count; v++) {
          row1(
            strip + bytes * v + ((<usize>(p & 3)) << 4),
            source,
            x + xNext * v + ((<usize>p) << 2),
            columns,
          );
        }
        source += col;
      }
      for (let v = 0; v < count; v++) {
        const own = strip + bytes * v;
        for (let at: usize = 0; at < bytes; at += 64) {
          const even = f32x4.add(v128.load(own + at), v128.load(own + at, 32));
          const odd = f32x4.add(v128.load(own + at, 16), v128.load(own + at, 48));
          v128.store(own + (at >> 2), f32x4.add(even, odd));
        }
        const target = c + <usize>from * cRow + cNext * v;
        const shift = bias == 0 ? <usize>0 : bias + <usize>from * biasRow + biasNext * v;
        finish(target, cRow, own, columns, shift, biasRow, accumulate, activation);
      }
    }
    from = whole;
  }
  for (; from < to; from += SIDE) {
    const side = min(to - from, SIDE);
    for (let at = strip; at < strip + ((<usize>(SIDE * count)) << 4); at += 16) v128.store(at, splat(0));
    const source = w + <usize>from * row;
    const most = wCol == 1 ? k : CHUNK;
    for (let p = 0; p < k; p += most) {
      const depth = min(k - p, most);
      let lines = source + <usize>p * col;
      let line = row;
      if (wCol != 1) {
        pack(block, CHUNK << 2, lines, wRow, wCol, side, depth);
        lines = block;
        line = CHUNK << 2;
      }
      for (let v = 0; v < count; v++) {
        const own = strip + ((<usize>(SIDE * v)) << 4);
        const other = x + xNext * v + ((<usize>p) << 2);
        dots(own, lines, line, side, other, depth);
        const whole = (<usize>(depth & ~3)) << 2;
        if (depth & 3) dotTails(own, lines + whole, line, side, other + whole, depth & 3);
      }
    }
    for (let v = 0; v < count; v++) {
      const own = strip + ((<usize>(SIDE * v)) << 4);
      for (let r: usize = 0; r < <usize>SIDE; r++)
        store<f32>(own + (r << 2), hsum(v128.load(own + (r << 4))));
      const target = c + <usize>from * cRow + cNext * v;
      const shift = bias == 0 ? <usize>0 : bias + <usize>from * biasRow + biasNext * v;
      finish(target, cRow, own, side, shift, biasRow, accumulate, activation);
    }
  }
}
