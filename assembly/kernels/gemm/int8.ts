/**
 * Products of bytes, for quantised inference. Bytes become halves when they are packed, A's zero point taken off, and pairs of them
 * are multiplied and added to 32 bits (`i32x4.dot_i16x8_s`): exact, and the same integers in every build. The relaxed dot product
 * would take fewer instructions, but its second operand has seven bits.
 */
import { shareStart } from "../../loops";
import { NR } from "./blocking";
import { transpose } from "./pack";

/** Rows of a register tile: eight accumulators, which leaves room for products. */
const MR: i32 = 4;

/** Rows of A that are packed at a time, and meet each panel of B. */
const BLOCK: i32 = 64;

/** Bytes of a tile of sums. */
const TILE_BYTES: usize = 128;

/** Bytes of k halves, in whole vectors. */
@inline
function packedBytes(k: i32): usize {
  return (<usize>((k + 7) & ~7)) << 1;
}

/** A part's slice: a tile, a panel of B, rows of A. */
@inline
function sliceBytes(m: i32, k: i32): usize {
  return TILE_BYTES + packedBytes(k) * <usize>(NR + min(m, BLOCK));
}

/** Bytes of workspace of gemm_i8. */
export function gemm_i8_workspace(m: i32, k: i32, parts: i32): i32 {
  return <i32>(sliceBytes(m, k) * <usize>parts);
}

/** Eight bytes, of which those from `left` on are `fill`, as halves; `scratch` has room for eight. */
function halves(p: usize, left: i32, signed: i32, fill: i32, scratch: usize): v128 {
  if (left < 8) {
    for (let i = 0; i < 8; i++) store<u8>(scratch + <usize>i, i < left ? load<u8>(p + <usize>i) : <u8>fill);
    p = scratch;
  }
  const bytes = v128.load64_zero(p);
  return signed != 0 ? i16x8.extend_low_i8x16_s(bytes) : i16x8.extend_low_i8x16_u(bytes);
}

/** A row of A less its zero point. */
function packRow(to: usize, from: usize, k: i32, signed: i32, zero: i32, scratch: usize): void {
  const zeros = i16x8.splat(<i16>zero);
  for (; k > 0; k -= 8) {
    v128.store(to, i16x8.sub(halves(from, k, signed, zero, scratch), zeros));
    to += 16;
    from += 8;
  }
}

/** Four rows of B as four columns of a panel, [pair][8][2]. */
function packColumns(to: usize, b0: usize, b1: usize, b2: usize, b3: usize, k: i32, scratch: usize): void {
  for (let p: usize = 0; k > 0; k -= 8) {
    transpose(
      to,
      NR << 2,
      halves(b0 + p, k, 1, 0, scratch),
      halves(b1 + p, k, 1, 0, scratch),
      halves(b2 + p, k, 1, 0, scratch),
      halves(b3 + p, k, 1, 0, scratch),
    );
    to += NR << 4;
    p += 8;
  }
}


@inline
function dot(a: v128, b: v128, sum: v128): v128 {
  return i32x4.add(i32x4.dot_i16x8_s(a, b), sum);
}

/** Sums of four packed rows and a panel, over `bytes` of each row. */
function tile(to: usize, a0: usize, a1: usize, a2: usize, a3: usize, b: usize, bytes: usize): void {
  let c00 = i32x4.splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  for (let at: usize = 0; at < bytes; at += 4) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    b += 32;
    let x = v128.load32_splat(a0 + at);
    c00 = dot(x, b0, c00);
    c01 = dot(x, b1, c01);
    x = v128.load32_splat(a1 + at);
    c10 = dot(x, b0, c10);
    c11 = dot(x, b1, c11);
    x = v128.load32_splat(a2 + at);
    c20 = dot(x, b0, c20);
    c21 = dot(x, b1, c21);
    x = v128.load32_splat(a3 + at);
    c30 = dot(x, b0, c30);
    c31 = dot(x, b1, c31);
  }
  v128.store(to, c00);
  v128.store(to, c01, 16);
  v128.store(to, c10, 32);
  v128.store(to, c11, 48);
  v128.store(to, c20, 64);
  v128.store(to, c21, 80);
  v128.store(to, c30, 96);
  v128.store(to, c31, 112);
}

/** A tile's rows as they are, or as f32: sum·scale + bias, each rounded. */
function write(c: usize, cRow: usize, sums: usize, height: i32, width: i32, scale: usize, bias: usize): void {
  const bytes = (<usize>width) << 2;
  for (let r = 0; r < height; r++) {
    for (let j: usize = 0; j < bytes; j += 4) {
      if (scale == 0) store<i32>(c + j, load<i32>(sums + j));
      else {
        const shift: f32 = bias == 0 ? 0 : load<f32>(bias + j);
        store<f32>(c + j, <f32>load<i32>(sums + j) * load<f32>(scale + j) + shift);
      }
    }
    c += cRow;
    sums += NR << 2;
  }
}

/**
 * C (m × n) = (A − zero) · Bᵀ for bytes A (m × k, with a sign if `signed`) and B (n × k, with a sign), rows `aRow` and `bRow` bytes
 * apart. C is i32 if `scale` is 0, else f32: sum·scale[j] + bias[j], the latter unless bias is 0. Sums are exact while k ≤ 65,000.
 */
export function gemm_i8(
  c: usize,
  a: usize,
  b: usize,
  scale: usize,
  bias: usize,
  m: i32,
  n: i32,
  k: i32,
  aRow: i32,
  bRow: i32,
  signed: i32,
  zero: i32,
  workspace: usize,
  part: i32,
  parts: i32,
): i32 {
  // Columns or rows, of which each part packs its own.
  const columnwise = n > m;
  const row = columnwise ? 0 : shareStart(m, MR, part, parts);
  const lastRow = columnwise ? m : shareStart(m, MR, part + 1, parts);
  const column = columnwise ? shareStart(n, NR, part, parts) : 0;
  const lastColumn = columnwise ? shareStart(n, NR, part + 1, parts) : n;
  const sums = workspace + sliceBytes(m, k) * <usize>part;
  const bytes = packedBytes(k);
  const panel = sums + TILE_BYTES;
  const rows = panel + bytes * NR;
  const cRow = (<usize>n) << 2;
  for (let i = row; i < lastRow; i += BLOCK) {
    const height = min(lastRow - i, BLOCK);
    for (let r = 0; r < height; r++) {
      packRow(rows + bytes * <usize>r, a + <usize>aRow * <usize>(i + r), k, signed, zero, sums);
    }
    for (let j = column; j < lastColumn; j += NR) {
      const width = min(lastColumn - j, NR);
      for (let q = 0; q < NR; q += 4) {
        // Columns to spare are the last one once more.
        const from = b + <usize>bRow * <usize>(j + min(q, width - 1));
        const step = <usize>bRow;
        const b1 = from + (q + 1 < width ? step : 0);
        const b2 = b1 + (q + 2 < width ? step : 0);
        packColumns(panel + ((<usize>q) << 2), from, b1, b2, b2 + (q + 3 < width ? step : 0), k, sums);
      }
      for (let r = 0; r < height; r += MR) {
        const a0 = rows + bytes * <usize>r;
        const a1 = a0 + (r + 1 < height ? bytes : 0);
        const a2 = a1 + (r + 2 < height ? bytes : 0);
        tile(sums, a0, a1, a2, a2 + (r + 3 < height ? bytes : 0), panel, bytes);
        const at = (<usize>j) << 2;
        const shift = bias == 0 ? <usize>0 : bias + at;
        const factors = scale == 0 ? <usize>0 : scale + at;
        write(c + cRow * <usize>(i + r) + at, cRow, sums, min(height - r, MR), width, factors, shift);
      }
    }
  }
  return 0;
}
