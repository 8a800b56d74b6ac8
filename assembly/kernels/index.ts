/**
 * Reading by index. An index below 0 counts from the end; one out of range is a code, 1 + its position, found
 * by every part before anything is written.
 */
import { copyBytes } from "../bytes";
import { shareStart } from "../loops";
import { checkIndices, wrapped } from "../indices";

/** out[o, c, :] = x[o, index[c], :] for x [outer, dim, inner], out [outer, count, inner]. */
export function indexSelect_32(
  out: usize,
  x: usize,
  index: usize,
  outer: i32,
  dim: i32,
  inner: i32,
  count: i32,
  part: i32,
  parts: i32,
): i32 {
  const code = checkIndices(index, count, dim);
  if (code != 0) return code;
  const rows = outer * count;
  const bytes = (<usize>inner) << 2;
  const unit = max(1, 16 / max(1, inner));
  const end = shareStart(rows, unit, part + 1, parts);
  for (let row = shareStart(rows, unit, part, parts); row < end; row++) {
    const o = row / count;
    const from = o * dim + wrapped(index, row - o * count, dim);
    copyBytes(out + <usize>row * bytes, x + <usize>from * bytes, bytes);
  }
  return 0;
}

/** out[o, c, i] = x[o, index[o, c, i], i] for x [outer, dim, inner], index and out [outer, count, inner]. */
export function gather_32(
  out: usize,
  x: usize,
  index: usize,
  outer: i32,
  dim: i32,
  inner: i32,
  count: i32,
  part: i32,
  parts: i32,
): i32 {
  const plane = count * inner;
  const total = outer * plane;
  const code = checkIndices(index, total, dim);
  if (code != 0) return code;
  const end = shareStart(total, 16, part + 1, parts);
  for (let at = shareStart(total, 16, part, parts); at < end; at++) {
    const o = at / plane;
    const from = (o * dim + wrapped(index, at, dim)) * inner + (at % inner);
    store<i32>(out + ((<usize>at) << 2), load<i32>(x + ((<usize>from) << 2)));
  }
  return 0;
}
