/** Copies of strided matrices into row-major blocks, and the tables of offsets that the tiles read A by. */

@inline
function scalars(
  to: usize,
  toRow: usize,
  from: usize,
  fromRow: usize,
  fromCol: usize,
  row: i32,
  rows: i32,
  col: i32,
  cols: i32,
): void {
  for (let r = row; r < rows; r++) {
    let target = to + <usize>r * toRow + ((<usize>col) << 2);
    let source = from + <usize>r * fromRow + <usize>col * fromCol;
    for (let c = col; c < cols; c++) {
      store<u32>(target, load<u32>(source));
      target += 4;
      source += fromCol;
    }
  }
}

/** Stores four columns as four rows, `toRow` bytes apart. */
@inline
export function transpose(to: usize, toRow: usize, x0: v128, x1: v128, x2: v128, x3: v128): void {
  const low01 = v128.shuffle<f32>(x0, x1, 0, 4, 1, 5);
  const low23 = v128.shuffle<f32>(x2, x3, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(x0, x1, 2, 6, 3, 7);
  const high23 = v128.shuffle<f32>(x2, x3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f64>(low01, low23, 0, 2));
  v128.store(to + toRow, v128.shuffle<f64>(low01, low23, 1, 3));
  v128.store(to + (toRow << 1), v128.shuffle<f64>(high01, high23, 0, 2));
  v128.store(to + toRow * 3, v128.shuffle<f64>(high01, high23, 1, 3));
}

/**
 * to[r][c] = from[r·fromRow + c·fromCol] for rows × cols; `toRow` in bytes, the source's strides in elements, any
 * value. Unit strides of either kind are fast.
 */
export function pack(
  to: usize,
  toRow: usize,
  from: usize,
  fromRow: i32,
  fromCol: i32,
  rows: i32,
  cols: i32,
): void {
  const rowBytes = (<usize>fromRow) << 2;
  const colBytes = (<usize>fromCol) << 2;
  let wide = 0;
  let high = rows;
  if (fromCol == 1) {
    wide = cols & ~3;
    for (let c = 0; c < wide; c += 4) {
      let target = to + ((<usize>c) << 2);
      let source = from + ((<usize>c) << 2);
      for (let r = 0; r < rows; r++) {
        v128.store(target, v128.load(source));
        target += toRow;
        source += rowBytes;
      }
    }
  } else if (fromRow == 1) {
    wide = cols & ~3;
    high = rows & ~3;
    for (let c = 0; c < wide; c += 4) {
      let target = to + ((<usize>c) << 2);
      let source = from + <usize>c * colBytes;
      for (let r = 0; r < high; r += 4) {
        transpose(
          target,
          toRow,
          v128.load(source),
          v128.load(source + colBytes),
          v128.load(source + (colBytes << 1)),
          v128.load(source + colBytes * 3),
        );
        target += toRow << 2;
        source += 16;
      }
    }
  }
  if (wide < cols) scalars(to, toRow, from, rowBytes, colBytes, 0, rows, wide, cols);
  if (wide > 0 && high < rows) scalars(to, toRow, from, rowBytes, colBytes, high, rows, 0, wide);
}

/**
 * B by panels [row][8], one behind the other, the last one filled up with zeros. Rows that lie in order are read
 * along their length, since a panel alone would take half a cache line of each.
 */
export function packPanels(to: usize, from: usize, fromRow: i32, fromCol: i32, rows: i32, width: i32): void {
  const bytes = (<usize>rows) << 5;
  const full = width >> 3;
  if (fromCol == 1 && full > 0) {
    for (let r = 0; r < rows; r++) {
      let source = from + ((<usize>r * <usize>fromRow) << 2);
      let target = to + ((<usize>r) << 5);
      for (let panel = 0; panel < full; panel++) {
        v128.store(target, v128.load(source));
        v128.store(target, v128.load(source, 16), 16);
        source += 32;
        target += bytes;
      }
    }
    from += (<usize>full) << 5;
    to += bytes * full;
  } else {
    for (let panel = 0; panel < full; panel++) {
      pack(to, 32, from, fromRow, fromCol, rows, 8);
      from += (<usize>fromCol) << 5;
      to += bytes;
    }
  }
  if ((width & 7) == 0) return;
  // In a loop, because memory.fill is a call out of wasm, which a small panel would notice.
  for (let at = to; at < to + bytes; at += 16) v128.store(at, i64x2.splat(0));
  pack(to, 32, from, fromRow, fromCol, rows, width & 7);
}

/** table[i] = i·step for i < count. */
export function ramp(table: usize, count: i32, step: usize): void {
  let value: usize = 0;
  for (const end = table + ((<usize>count) << 2); table < end; table += 4) {
    store<usize>(table, value);
    value += step;
  }
}
