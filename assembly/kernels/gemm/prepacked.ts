/**
 * Products with a B that is used again and again, as the weights of a recurrent layer are at every time step: its
 * panels are packed once. The sums have the order of `gemm_f32`, hence the same bits, but where `isFew`.
 */
import { shareStart } from "../../loops";
import { balanced, KC, NR } from "./blocking";
import { inPlace, product, sliceBytes } from "./gemm";
import { packPanels } from "./pack";
import { byColumns } from "./share";

/** The columns that n are filled up to. */
@inline
function spreadOf(n: i32): i32 {
  return (n + NR - 1) & ~(NR - 1);
}

/** Bytes of the panels of a matrix of k × n. */
export function gemmPack_f32_workspace(n: i32, k: i32, parts: i32): i32 {
  return <i32>((<usize>spreadOf(n) * <usize>k) << 2);
}

/** All panels of B (k × n, strides in elements, any value): block of K by block of K, each as `packPanels` lays it. */
export function gemmPack_f32(
  panels: usize,
  b: usize,
  n: i32,
  k: i32,
  bRow: i32,
  bCol: i32,
  part: i32,
  parts: i32,
): i32 {
  const first = shareStart(n, NR, part, parts);
  const count = shareStart(n, NR, part + 1, parts) - first;
  if (count == 0) return 0;
  const spread = <usize>spreadOf(n);
  const kc = balanced(k, KC);
  for (let p = 0; p < k; p += kc) {
    const depth = min(k - p, kc);
    const to = panels + ((<usize>p * spread + <usize>first * <usize>depth) << 2);
    const from = b + ((<usize>p * <usize>bRow + <usize>first * <usize>bCol) << 2);
    packPanels(to, from, bRow, bCol, depth, count);
  }
  return 0;
}

/** Bytes of workspace of gemmPacked_f32. */
export function gemmPacked_f32_workspace(m: i32, k: i32, parts: i32): i32 {
  return <i32>(sliceBytes(m, 0, k) * <usize>parts);
}

/** C (m × n, rows `cRow` apart) = A (m × k, strides in elements) · B, + C if `accumulate`; B as gemmPack_f32 packed it. */
export function gemmPacked_f32(
  c: usize,
  a: usize,
  panels: usize,
  m: i32,
  n: i32,
  k: i32,
  aRow: i32,
  aCol: i32,
  cRow: i32,
  accumulate: i32,
  workspace: usize,
  part: i32,
  parts: i32,
): i32 {
  if (m == 0) return 0;
  const columnwise = byColumns(m, n, 1, inPlace(m, n, k, aCol), parts);
  const row = columnwise ? 0 : shareStart(m, 1, part, parts);
  const rows = (columnwise ? m : shareStart(m, 1, part + 1, parts)) - row;
  const column = columnwise ? shareStart(n, NR, part, parts) : 0;
  const columns = (columnwise ? shareStart(n, NR, part + 1, parts) : n) - column;
  if (rows == 0 || columns == 0) return 0;
  product(
    c + ((<usize>row * <usize>cRow + <usize>column) << 2),
    a + ((<usize>row * <usize>aRow) << 2),
    panels,
    0,
    rows,
    columns,
    k,
    aRow,
    aCol,
    0,
    column,
    cRow,
    accumulate,
    0,
    workspace + sliceBytes(m, 0, k) * <usize>part,
    spreadOf(n),
  );
  return 0;
}
