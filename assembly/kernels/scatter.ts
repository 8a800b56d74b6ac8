/**
 * Adding by index: the gradients of reading by index. Rows that meet are added in the order of the index; parts
 * divide what never meets (outer and inner positions). Bad indices as in `index.ts`.
 */
import { shareStart } from "../loops";
import { checkIndices, wrapped } from "../indices";
import { load as loadLanes, store as storeLanes } from "../simd/f32";

/** Columns of a unit of work: a cache line. */
const COLUMNS: i32 = 16;

/** out[i] += x[i] for n elements. */
@inline
function addRun(out: usize, x: usize, n: i32): void {
  let i = 0;
  for (; i + 4 <= n; i += 4, out += 16, x += 16) storeLanes(out, f32x4.add(loadLanes(out), loadLanes(x)));
  for (; i < n; i++, out += 4, x += 4) store<f32>(out, load<f32>(out) + load<f32>(x));
}

/** out[o, index[c], :] += x[o, c, :] for out [outer, dim, inner], x [outer, count, inner]. */
export function indexAdd_f32(
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
  // A part's columns, side by side: unit = (outer position, block of columns).
  const blocks = (inner + COLUMNS - 1) / COLUMNS;
  const units = outer * blocks;
  const end = shareStart(units, 1, part + 1, parts);
  let unit = shareStart(units, 1, part, parts);
  while (unit < end) {
    const o = unit / blocks;
    const block = unit - o * blocks;
    const taken = min(blocks - block, end - unit);
    const first = block * COLUMNS;
    const columns = min(taken * COLUMNS, inner - first);
    for (let c = 0; c < count; c++) {
      const to = <usize>(o * dim + wrapped(index, c, dim)) * inner + first;
      const from = <usize>(o * count + c) * inner + first;
      addRun(out + (to << 2), x + (from << 2), columns);
    }
    unit += taken;
  }
  return 0;
}

/** out[o, index[o, c, i], i] += src[o, c, i] for out [outer, dim, inner], index and src [outer, count, inner]. */
export function scatterAdd_f32(
  out: usize,
  src: usize,
  index: usize,
  outer: i32,
  dim: i32,
  inner: i32,
  count: i32,
  part: i32,
  parts: i32,
): i32 {
  const code = checkIndices(index, outer * count * inner, dim);
  if (code != 0) return code;
  const columns = outer * inner;
  const end = shareStart(columns, COLUMNS, part + 1, parts);
  for (let column = shareStart(columns, COLUMNS, part, parts); column < end; column++) {
    const o = column / inner;
    const i = column - o * inner;
    for (let c = 0; c < count; c++) {
      const from = (o * count + c) * inner + i;
      const to = out + ((<usize>((o * dim + wrapped(index, from, dim)) * inner + i)) << 2);
      store<f32>(to, load<f32>(to) + load<f32>(src + ((<usize>from) << 2)));
    }
  }
  return 0;
}
