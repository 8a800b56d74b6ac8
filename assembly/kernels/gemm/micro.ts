/**
 * The register tiles, the only lines whose speed matters: four to six rows of A against eight columns of B.
 *
 * A is not packed: element (i, p) is at `aᵢ + cols[p]`, a pointer a row and a table of byte offsets. That is a matrix
 * in any order, and as well the windows of an image (row = pixel, column = channel and tap, or the other way about),
 * whose matrix so never exists in memory. It costs no more than packed panels do (measured: the loads are hidden).
 * B is packed, k rows of eight.
 *
 * What V8 needs: a function of its own (it replaces its baseline code only from one call to the next), no unrolling,
 * and after the loop nothing but stores. Adding to what was there here made V8 12 and older spill accumulators,
 * at half the speed; `tail.ts` does that.
 *
 * Every element is one chain of `madd` over p, whatever tile it falls into: neither the division into tiles nor a
 * part's share changes a bit.
 */
import { loadSplat, madd, splat } from "../../simd/f32";

/** For builds with fused multiply-add. */
export function tile6(
  a0: usize,
  a1: usize,
  a2: usize,
  a3: usize,
  a4: usize,
  a5: usize,
  cols: usize,
  k: i32,
  b: usize,
  c: usize,
  cRow: usize,
): void {
  let c00 = splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  let c40 = c00;
  let c41 = c00;
  let c50 = c00;
  let c51 = c00;
  for (const end = cols + ((<usize>k) << 2); cols < end; cols += 4) {
    const at = load<usize>(cols);
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    b += 32;
    let x = loadSplat(a0 + at);
    c00 = madd(x, b0, c00);
    c01 = madd(x, b1, c01);
    x = loadSplat(a1 + at);
    c10 = madd(x, b0, c10);
    c11 = madd(x, b1, c11);
    x = loadSplat(a2 + at);
    c20 = madd(x, b0, c20);
    c21 = madd(x, b1, c21);
    x = loadSplat(a3 + at);
    c30 = madd(x, b0, c30);
    c31 = madd(x, b1, c31);
    x = loadSplat(a4 + at);
    c40 = madd(x, b0, c40);
    c41 = madd(x, b1, c41);
    x = loadSplat(a5 + at);
    c50 = madd(x, b0, c50);
    c51 = madd(x, b1, c51);
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  c += cRow;
  v128.store(c, c10);
  v128.store(c, c11, 16);
  c += cRow;
  v128.store(c, c20);
  v128.store(c, c21, 16);
  c += cRow;
  v128.store(c, c30);
  v128.store(c, c31, 16);
  c += cRow;
  v128.store(c, c40);
  v128.store(c, c41, 16);
  c += cRow;
  v128.store(c, c50);
  v128.store(c, c51, 16);
}

export function tile5(
  a0: usize,
  a1: usize,
  a2: usize,
  a3: usize,
  a4: usize,
  cols: usize,
  k: i32,
  b: usize,
  c: usize,
  cRow: usize,
): void {
  let c00 = splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  let c40 = c00;
  let c41 = c00;
  for (const end = cols + ((<usize>k) << 2); cols < end; cols += 4) {
    const at = load<usize>(cols);
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    b += 32;
    let x = loadSplat(a0 + at);
    c00 = madd(x, b0, c00);
    c01 = madd(x, b1, c01);
    x = loadSplat(a1 + at);
    c10 = madd(x, b0, c10);
    c11 = madd(x, b1, c11);
    x = loadSplat(a2 + at);
    c20 = madd(x, b0, c20);
    c21 = madd(x, b1, c21);
    x = loadSplat(a3 + at);
    c30 = madd(x, b0, c30);
    c31 = madd(x, b1, c31);
    x = loadSplat(a4 + at);
    c40 = madd(x, b0, c40);
    c41 = madd(x, b1, c41);
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  c += cRow;
  v128.store(c, c10);
  v128.store(c, c11, 16);
  c += cRow;
  v128.store(c, c20);
  v128.store(c, c21, 16);
  c += cRow;
  v128.store(c, c30);
  v128.store(c, c31, 16);
  c += cRow;
  v128.store(c, c40);
  v128.store(c, c41, 16);
}

export function tile4(
  a0: usize,
  a1: usize,
  a2: usize,
  a3: usize,
  cols: usize,
  k: i32,
  b: usize,
  c: usize,
  cRow: usize,
): void {
  let c00 = splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  for (const end = cols + ((<usize>k) << 2); cols < end; cols += 4) {
    const at = load<usize>(cols);
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    b += 32;
    let x = loadSplat(a0 + at);
    c00 = madd(x, b0, c00);
    c01 = madd(x, b1, c01);
    x = loadSplat(a1 + at);
    c10 = madd(x, b0, c10);
    c11 = madd(x, b1, c11);
    x = loadSplat(a2 + at);
    c20 = madd(x, b0, c20);
    c21 = madd(x, b1, c21);
    x = loadSplat(a3 + at);
    c30 = madd(x, b0, c30);
    c31 = madd(x, b1, c31);
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  c += cRow;
  v128.store(c, c10);
  v128.store(c, c11, 16);
  c += cRow;
  v128.store(c, c20);
  v128.store(c, c21, 16);
  c += cRow;
  v128.store(c, c30);
  v128.store(c, c31, 16);
}
