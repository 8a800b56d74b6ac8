/** The loops of products with few vectors: four partial sums an element, in one vector or in four. */
import { loadSplat, loadTail, madd, splat } from "../../simd/f32";

/** partial[r] += w[r][p]·x[p], lane by lane, for r < 8; rows from `count` on are the last one once more. */
export function dots(partial: usize, w: usize, row: usize, count: i32, x: usize, k: i32): void {
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
export function dotTails(partial: usize, w: usize, row: usize, count: i32, x: usize, left: i32): void {
  const v = loadTail(x, left, splat(0));
  for (; count > 0; count--) {
    v128.store(partial, madd(v, loadTail(w, left, splat(0)), v128.load(partial)));
    partial += 16;
    w += row;
  }
}

/** Partial sums of `columns` (a multiple of eight), [column / 4][p mod 4][column mod 4], by eight rows of w. */
export function rows8(strip: usize, w: usize, row: usize, x: usize, columns: i32): void {
  const x0 = loadSplat(x);
  const x1 = loadSplat(x + 4);
  const x2 = loadSplat(x + 8);
  const x3 = loadSplat(x + 12);
  const x4 = loadSplat(x + 16);
  const x5 = loadSplat(x + 20);
  const x6 = loadSplat(x + 24);
  const x7 = loadSplat(x + 28);
  let w1 = w + row;
  let w2 = w1 + row;
  let w3 = w2 + row;
  let w4 = w3 + row;
  let w5 = w4 + row;
  let w6 = w5 + row;
  let w7 = w6 + row;
  // Two vectors a turn, since it is the number of instructions that keeps loads from running ahead.
  for (const end = strip + ((<usize>columns) << 4); strip < end; strip += 128) {
    v128.store(strip, madd(x4, v128.load(w4), madd(x0, v128.load(w), v128.load(strip))));
    v128.store(strip, madd(x5, v128.load(w5), madd(x1, v128.load(w1), v128.load(strip, 16))), 16);
    v128.store(strip, madd(x6, v128.load(w6), madd(x2, v128.load(w2), v128.load(strip, 32))), 32);
    v128.store(strip, madd(x7, v128.load(w7), madd(x3, v128.load(w3), v128.load(strip, 48))), 48);
    v128.store(strip, madd(x4, v128.load(w4, 16), madd(x0, v128.load(w, 16), v128.load(strip, 64))), 64);
    v128.store(strip, madd(x5, v128.load(w5, 16), madd(x1, v128.load(w1, 16), v128.load(strip, 80))), 80);
    v128.store(strip, madd(x6, v128.load(w6, 16), madd(x2, v128.load(w2, 16), v128.load(strip, 96))), 96);
    v128.store(strip, madd(x7, v128.load(w7, 16), madd(x3, v128.load(w3, 16), v128.load(strip, 112))), 112);
    w += 32;
    w1 += 32;
    w2 += 32;
    w3 += 32;
    w4 += 32;
    w5 += 32;
    w6 += 32;
    w7 += 32;
  }
}

/** `rows8` of one row, from its place in the strip on. */
export function row1(strip: usize, w: usize, x: usize, columns: i32): void {
  const v = loadSplat(x);
  for (const end = strip + ((<usize>columns) << 4); strip < end; strip += 64, w += 16) {
    v128.store(strip, madd(v, v128.load(w), v128.load(strip)));
  }
}
