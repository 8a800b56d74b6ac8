/** Copies between strided layouts: rows where runs lie along the last dimension, 4×4 tiles for transpositions. */
import { Words } from "../abi";
import { copyBytes } from "../bytes";
import { countOf, dimWord, lineOf, overRows, shareStart } from "../loops";

/** Runs along the last dimension; a is out, b is x. */
@final @unmanaged class Run<T> {
  run(
    unused: usize,
    at: i32,
    out: usize,
    x: usize,
    c: usize,
    strideOut: usize,
    strideX: usize,
    strideC: usize,
    n: i32,
  ): i32 {
    if (strideOut == sizeof<T>() && strideX == sizeof<T>()) {
      copyBytes(out, x, (<usize>n) << alignof<T>());
      return 0;
    }
    for (; n > 0; n--) {
      store<T>(out, load<T>(x));
      out += strideOut;
      x += strideX;
    }
    return 0;
  }
}

/** Element offset of an operand at `index` counted over all dimensions but p and q. */
function offsetWithout(dims: usize, operand: i32, index: i32, p: i32, q: i32): isize {
  const rank = dimWord(dims, 0);
  let rest = <u32>index;
  let offset: isize = 0;
  for (let d = rank; d > 0 && rest > 0; d--) {
    if (d == p || d == q) continue;
    const size = <u32>dimWord(dims, d);
    const quotient = rest / size;
    offset += <isize>(rest - quotient * size) * <isize>dimWord(dims, rank * operand + d);
    rest = quotient;
  }
  return offset;
}

/** A dimension of at least four elements along which the operand is contiguous, or 0. */
function contiguousDim(dims: usize, operand: i32): i32 {
  const rank = dimWord(dims, 0);
  for (let d = rank; d > 0; d--) {
    if (dimWord(dims, rank * operand + d) == 1 && dimWord(dims, d) >= 4) return d;
  }
  return 0;
}

/** out[i·strideOut + j] = x[j·strideX + i] for i < rows, j < columns; strides in bytes. */
function transpose(out: usize, x: usize, strideOut: usize, strideX: usize, rows: i32, columns: i32): void {
  let j = 0;
  for (; j + 4 <= columns; j += 4) {
    let to = out + ((<usize>j) << 2);
    let from = x + <usize>j * strideX;
    let i = 0;
    for (; i + 4 <= rows; i += 4) {
      const a = v128.load(from);
      const b = v128.load(from + strideX);
      const c = v128.load(from + strideX * 2);
      const d = v128.load(from + strideX * 3);
      const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
      const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
      v128.store(to, v128.shuffle<i64>(ab, cd, 0, 2));
      v128.store(to + strideOut, v128.shuffle<i64>(ab, cd, 1, 3));
      const abHigh = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
      const cdHigh = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
      v128.store(to + strideOut * 2, v128.shuffle<i64>(abHigh, cdHigh, 0, 2));
      v128.store(to + strideOut * 3, v128.shuffle<i64>(abHigh, cdHigh, 1, 3));
      from += 16;
      to += strideOut * 4;
    }
    for (; i < rows; i++, from += 4, to += strideOut) {
      for (let k: usize = 0; k < 4; k++) store<i32>(to + (k << 2), load<i32>(from + strideX * k));
    }
  }
  for (; j < columns; j++) {
    const to = out + ((<usize>j) << 2);
    const from = x + <usize>j * strideX;
    for (let i: usize = 0; i < <usize>rows; i++) store<i32>(to + i * strideOut, load<i32>(from + (i << 2)));
  }
}

/** Rows of out that run side by side: with as many lines of x they fit a cache set, where rows lie a power of two apart. */
const ROWS: i32 = 8;

/** Rows and columns of a block: lines of x, used up by it, are still in L2 when its next rows come. */
const TILE: i32 = 16;
const BLOCK: i32 = 128;

/** Copies by planes of p, along which x is contiguous, and q, along which out is. */
function copyPlanes(out: usize, x: usize, dims: usize, p: i32, q: i32, part: i32, parts: i32): void {
  const rank = dimWord(dims, 0);
  const sizeP = dimWord(dims, p);
  const sizeQ = dimWord(dims, q);
  const strideOut = (<isize>dimWord(dims, rank + p)) << 2;
  const strideX = (<isize>dimWord(dims, rank * 2 + q)) << 2;
  const tiles = (sizeP + TILE - 1) / TILE;
  const units = (countOf(dims) / sizeP / sizeQ) * tiles;
  const end = shareStart(units, 1, part + 1, parts);
  for (let unit = shareStart(units, 1, part, parts); unit < end; unit++) {
    const outer = unit / tiles;
    const first = (unit - outer * tiles) * TILE;
    const rows = min(TILE, sizeP - first);
    const to = out + (offsetWithout(dims, 1, outer, p, q) << 2) + <isize>first * strideOut;
    const from = x + (offsetWithout(dims, 2, outer, p, q) << 2) + ((<isize>first) << 2);
    for (let j = 0; j < sizeQ; j += BLOCK) {
      for (let i = 0; i < rows; i += ROWS) {
        transpose(
          to + <isize>i * strideOut + ((<isize>j) << 2),
          from + <isize>j * strideX + ((<isize>i) << 2),
          strideOut,
          strideX,
          min(ROWS, rows - i),
          min(BLOCK, sizeQ - j),
        );
      }
    }
  }
}

/** Copies x to out over dims = [rank, shape …, strides of out …, of x …]; any strides. */
export function copy_32(out: usize, x: usize, dims: Words, part: i32, parts: i32): i32 {
  const p = contiguousDim(dims, 2);
  const q = contiguousDim(dims, 1);
  if (p != 0 && q != 0 && p != q && countOf(dims) > 0) {
    copyPlanes(out, x, dims, p, q, part, parts);
    return 0;
  }
  return overRows<Run<i32>>(2, out, 2, x, 2, 0, 0, 0, dims, lineOf<i32>(), part, parts);
}

/** `copy_32` of elements of two bytes. */
export function copy_16(out: usize, x: usize, dims: Words, part: i32, parts: i32): i32 {
  return overRows<Run<u16>>(2, out, 1, x, 1, 0, 0, 0, dims, lineOf<u16>(), part, parts);
}

/** `copy_32` of bytes. */
export function copy_8(out: usize, x: usize, dims: Words, part: i32, parts: i32): i32 {
  return overRows<Run<u8>>(2, out, 0, x, 0, 0, 0, 0, dims, lineOf<u8>(), part, parts);
}
