/** Images with their padding around them, so that every window lies in memory, and the tables that find windows. */

/** How far `count` windows of `taps` reach. */
@inline
export function extent(count: i32, stride: i32, taps: i32, dilation: i32): i32 {
  return (count - 1) * stride + (taps - 1) * dilation + 1;
}

/**
 * Copies planes of h × w into planes of toH × toW, (0, 0) to (top, left); what falls outside is left out. What is
 * around it in the target is not written: it was zeroed once and stays so.
 */
export function place(
  to: usize,
  toH: i32,
  toW: i32,
  top: i32,
  left: i32,
  from: usize,
  h: i32,
  w: i32,
  planes: i32,
): void {
  const y = max(0, -top);
  const x = max(0, -left);
  const rows = min(h - y, toH - (y + top));
  const columns = min(w - x, toW - (x + left));
  if (columns <= 0) return;
  const bytes = (<usize>columns) << 2;
  for (let plane = 0; plane < planes; plane++) {
    let target = to + ((<usize>((plane * toH + y + top) * toW + x + left)) << 2);
    let source = from + ((<usize>((plane * h + y) * w + x)) << 2);
    for (let row = 0; row < rows; row++) {
      copyRow(target, source, bytes);
      target += (<usize>toW) << 2;
      source += (<usize>w) << 2;
    }
  }
}

/** Rows are short, and memory.copy is a call out of wasm. The last vector may overlap the one before. */
@inline
function copyRow(to: usize, from: usize, bytes: usize): void {
  if (bytes < 16) {
    for (let at: usize = 0; at < bytes; at += 4) store<u32>(to + at, load<u32>(from + at));
    return;
  }
  const last = bytes - 16;
  for (let at: usize = 0; at < last; at += 16) v128.store(to + at, v128.load(from + at));
  v128.store(to + last, v128.load(from + last));
}

/**
 * The byte offsets of a grid, planes × rows × columns of the given steps (in elements) from `start` on. It serves for
 * channels and taps as for images and pixels.
 */
export function grid(
  table: usize,
  start: i32,
  planes: i32,
  plane: i32,
  rows: i32,
  row: i32,
  columns: i32,
  column: i32,
): void {
  for (let c = 0; c < planes; c++) {
    for (let y = 0; y < rows; y++) {
      let offset = (<usize>(start + c * plane + y * row)) << 2;
      for (let x = 0; x < columns; x++) {
        store<usize>(table, offset);
        offset += (<usize>column) << 2;
        table += 4;
      }
    }
  }
}

/** Whether a part that has units begin … end−1 of a cycle of `count` has number `q` of some turn. */
@inline
export function meets(q: i32, count: i32, begin: i32, end: i32): bool {
  return (q + count - (begin % count)) % count < end - begin;
}
