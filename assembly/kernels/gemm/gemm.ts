/**
 * Matrix products in the manner of BLIS: N is cut into blocks of NC columns, K into blocks of KC, M into blocks of MC
 * rows; B is packed a panel of eight columns at a time, which then stays in L1 while it meets a block of A's rows,
 * which stays in L2. Sums are formed by blocks of K, whose lengths depend on k alone, in order.
 */
import { shareStart } from "../../loops";
import { few, fewBytes, isFew } from "./few";
import { balanced, KC, MC, NC, NR } from "./blocking";
import { sweep, TILE_BYTES } from "./macro";
import { pack, packPanels, ramp } from "./pack";
import { byColumns } from "./share";
import { rectify } from "./tail";

/** Rows of a packed block are further apart by this, lest they all fall into the same sets of the cache. */
const SKEW: i32 = 16;

/** Columns of B that are packed at once, when the first of them is met. */
const PACKED: i32 = 4 * NR;

/** A matrix that is so small that it need not lie in order: this many elements. */
const SMALL: i32 = 4096;

/** Bytes of B's packed panels. */
@inline
function panelBytes(n: i32, k: i32): usize {
  return <usize>((min(n, NC) + NR - 1) / NR) * <usize>balanced(k, KC) * 32;
}

/** Bytes of a packed block of A: not less for all of it than for a part's share of the rows. */
@inline
function blockBytes(m: i32, k: i32): usize {
  return <usize>min(m, MC) * <usize>(balanced(k, KC) + SKEW) * 4;
}

/** A part's slice: a tile, panels of B (none if n is 0), a block of A, columns, rows. */
@inline
export function sliceBytes(m: i32, n: i32, k: i32): usize {
  const tables = <usize>(min(m, MC) + balanced(k, KC)) * 4;
  return (TILE_BYTES + panelBytes(n, k) + blockBytes(m, k) + tables + 63) & ~63;
}

/** Bytes of workspace of gemm_f32. */
export function gemm_f32_workspace(m: i32, n: i32, k: i32, parts: i32): i32 {
  return <i32>((isFew(m, n, k) ? fewBytes(m, n, k) : sliceBytes(m, n, k)) * <usize>parts);
}

/**
 * C (m × n, rows `cRow` apart, unit column stride) = A (m × k) · B (k × n), + C if `accumulate`, + bias (n) if it is
 * not 0, then rectified as relu_f32 does if `activation` is 1; `batch` times. Strides in elements, any value, 0 too.
 * k = 0 gives zeros.
 */
export function gemm_f32(
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
  workspace: usize,
  part: i32,
  parts: i32,
): i32 {
  if (m == 0 || n == 0) return 0;
  if (isFew(m, n, k)) {
    workspace += fewBytes(m, n, k) * <usize>part;
    // prettier-ignore
    few(c, a, b, bias, m, n, k, aRow, aCol, bRow, bCol, cRow, batch, aBatch, bBatch, cBatch, accumulate, activation, part, parts, workspace);
    return 0;
  }
  workspace += sliceBytes(m, n, k) * <usize>part;
  const columnwise = byColumns(m, n, batch, inPlace(m, n, k, aCol), parts);
  const column = columnwise ? shareStart(n, NR, part, parts) : 0;
  const columns = (columnwise ? shareStart(n, NR, part + 1, parts) : n) - column;
  if (columns == 0) return 0;
  b += (<usize>column * <usize>bCol) << 2;
  c += (<usize>column) << 2;
  if (bias != 0) bias += (<usize>column) << 2;
  // The rows of all products, one behind another.
  const end = columnwise ? batch * m : shareStart(batch * m, 1, part + 1, parts);
  for (let at = columnwise ? 0 : shareStart(batch * m, 1, part, parts); at < end;) {
    const i = at / m;
    const row = at - i * m;
    const rows = min(m - row, end - at);
    const target = c + ((<usize>i * <usize>cBatch + <usize>row * <usize>cRow) << 2);
    if (accumulate != 0 && bias != 0) addBias(target, (<usize>cRow) << 2, bias, rows, columns);
    product(
      target,
      a + ((<usize>i * <usize>aBatch + <usize>row * <usize>aRow) << 2),
      b + ((<usize>i * <usize>bBatch) << 2),
      accumulate == 0 ? bias : 0,
      rows,
      columns,
      k,
      aRow,
      aCol,
      bRow,
      bCol,
      cRow,
      accumulate,
      activation,
      workspace,
      0,
    );
    at += rows;
  }
  return 0;
}

/** A is read where it lies if its rows are, or if there is little of it or little use of it. */
@inline
export function inPlace(m: i32, n: i32, k: i32, aCol: i32): bool {
  return aCol == 1 || n <= 2 * NR || m * k <= SMALL;
}

function addBias(c: usize, cRow: usize, bias: usize, rows: i32, columns: i32): void {
  const bytes = (<usize>columns) << 2;
  for (let i = 0; i < rows; i++) {
    for (let j: usize = 0; j < bytes; j += 4) store<f32>(c + j, load<f32>(c + j) + load<f32>(bias + j));
    c += cRow;
  }
}

/**
 * One product. Where `spread` is not 0, b are the panels that `gemmPack_f32` made of a matrix of `spread` columns (a
 * multiple of NR), and the product's first column is the bCol-th of them; bRow has no meaning.
 */
export function product(
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
  accumulate: i32,
  activation: i32,
  workspace: usize,
  spread: i32,
): void {
  const kc = balanced(k, KC);
  const mc = balanced(m, MC);
  const packed = workspace + TILE_BYTES;
  const block = packed + (spread != 0 ? 0 : panelBytes(n, k));
  const cols = block + blockBytes(m, k);
  const rows = cols + ((<usize>kc) << 2);
  const cBytes = (<usize>cRow) << 2;
  const blockRow = (<usize>(kc + SKEW)) << 2;
  const lies = inPlace(m, n, k, aCol);
  ramp(cols, kc, lies ? (<usize>aCol) << 2 : 4);
  ramp(rows, mc, lies ? (<usize>aRow) << 2 : blockRow);
  for (let j = 0; j < n; j += NC) {
    const width = min(n - j, NC);
    let p = 0;
    do {
      const depth = min(k - p, kc);
      for (let i = 0; i < m; i += mc) {
        const height = min(m - i, mc);
        let from = a + ((<usize>i * <usize>aRow + <usize>p * <usize>aCol) << 2);
        if (!lies) {
          pack(block, blockRow, from, aRow, aCol, height, depth);
          from = block;
        }
        for (let q = 0; q < width; q += NR) {
          let panel = packed + ((<usize>q * <usize>depth) << 2);
          if (spread != 0) {
            panel = b + ((<usize>p * <usize>spread + <usize>(bCol + j + q) * <usize>depth) << 2);
          } else if (i == 0 && q % PACKED == 0) {
            const source = b + ((<usize>p * <usize>bRow + <usize>(j + q) * <usize>bCol) << 2);
            packPanels(panel, source, bRow, bCol, depth, min(width - q, PACKED));
          }
          const target = c + <usize>i * cBytes + ((<usize>(j + q)) << 2);
          let init: usize = 0;
          let initRow: usize = 0;
          if (p > 0 || accumulate != 0) {
            init = target;
            initRow = cBytes;
          } else if (bias != 0) {
            init = bias + ((<usize>(j + q)) << 2);
          }
          sweep(
            from,
            rows,
            height,
            cols,
            depth,
            panel,
            target,
            cBytes,
            min(width - q, NR),
            init,
            initRow,
            workspace,
          );
          if (activation != 0 && p + kc >= k) rectify(target, cBytes, height, min(width - q, NR));
        }
      }
      p += kc;
    } while (p < k);
  }
}
