/**
 * Resampling along the middle of x [outer, size, inner] to [outer, count, inner]: each output is a weighted sum of `taps`
 * inputs, which a table [taps, count] of places and weights names. Interpolation of images runs it once a dimension.
 */
import { cubic } from "../cubic";
import { lanesLeft, shareStart } from "../loops";
import { madd, splat } from "../simd/f32";
import { loadUpTo, storeUpTo } from "../sums";

const NEAREST: i32 = 0;
const NEAREST_EXACT: i32 = 1;
const LINEAR: i32 = 2;

/**
 * The table of a resampling from `size` to `count` places: one tap for the nearest modes, two for linear, four for cubic.
 * A step of the result is scale + rest (together in f64) steps of the input. `align` puts the first and the last places of both
 * upon each other; otherwise places are middles of cells.
 */
export function resampleTable_f32(
  places: usize,
  weights: usize,
  size: i32,
  count: i32,
  mode: i32,
  align: i32,
  scale: f32,
  rest: f32,
  part: i32,
  parts: i32,
): i32 {
  const step = <f64>scale + <f64>rest;
  const stride = (<usize>count) << 2;
  const end = shareStart(count, 16, part + 1, parts);
  for (let o = shareStart(count, 16, part, parts); o < end; o++) {
    const p = places + ((<usize>o) << 2);
    const w = weights + ((<usize>o) << 2);
    let source: f64 = step * <f64>o;
    if (mode != NEAREST && align == 0) source = step * (<f64>o + 0.5) - 0.5;
    if (mode == NEAREST_EXACT) source += 0.5;
    if (mode <= LINEAR) source = max<f64>(source, 0);
    // Rounded to f32 first: what falls short of a whole number by an error of rounding counts as that number.
    const at = <i32>min<f64>(floor<f64>(<f64>(<f32>source)), <f64>(size - 1));
    const t = min<f64>(max<f64>(source - <f64>at, 0), 1);
    if (mode < LINEAR) {
      store<i32>(p, at);
      store<f32>(w, 1);
    } else if (mode == LINEAR) {
      store<i32>(p, at);
      store<f32>(w, <f32>(1 - t));
      store<i32>(p + stride, min(at + 1, size - 1));
      store<f32>(w + stride, <f32>t);
    } else {
      for (let tap = 0; tap < 4; tap++) {
        const to = <usize>tap * stride;
        store<i32>(p + to, min(max(at + tap - 1, 0), size - 1));
        store<f32>(w + to, <f32>cubic(<f64>(tap - 1) - t));
      }
    }
  }
  return 0;
}

/** Four values of a row at the places of four lanes. */
@inline
function gatherAt(row: usize, places: v128): v128 {
  let v = v128.load32_zero(row + ((<usize>i32x4.extract_lane(places, 0)) << 2));
  v = v128.load32_lane(row + ((<usize>i32x4.extract_lane(places, 1)) << 2), v, 1);
  v = v128.load32_lane(row + ((<usize>i32x4.extract_lane(places, 2)) << 2), v, 2);
  return v128.load32_lane(row + ((<usize>i32x4.extract_lane(places, 3)) << 2), v, 3);
}

export function resample_f32(
  out: usize,
  x: usize,
  places: usize,
  weights: usize,
  outer: i32,
  size: i32,
  count: i32,
  inner: i32,
  taps: i32,
  part: i32,
  parts: i32,
): i32 {
  const stride = (<usize>count) << 2;
  if (inner == 1) {
    const last = shareStart(outer, 1, part + 1, parts);
    for (let i = shareStart(outer, 1, part, parts); i < last; i++) {
      const row = x + ((<usize>i * size) << 2);
      const to = out + ((<usize>i * count) << 2);
      for (let o: usize = 0; o < stride; o += 16) {
        const left = lanesLeft<f32>(o, stride);
        let sum = splat(0);
        let at = o;
        for (let tap = 0; tap < taps; tap++, at += stride) {
          const v = gatherAt(row, loadUpTo(places + at, left, i32x4.splat(0)));
          const w = loadUpTo(weights + at, left, splat(0));
          sum = tap == 0 ? f32x4.mul(v, w) : madd(v, w, sum);
        }
        storeUpTo(to + o, sum, left);
      }
    }
    return 0;
  }
  const width = (<usize>inner) << 2;
  const last = shareStart(outer * count, 1, part + 1, parts);
  for (let row = shareStart(outer * count, 1, part, parts); row < last; row++) {
    const i = row / count;
    const from = x + <usize>(i * size) * width;
    const entry = (<usize>(row - i * count)) << 2;
    const to = out + <usize>row * width;
    for (let j: usize = 0; j < width; j += 16) {
      const left = lanesLeft<f32>(j, width);
      let sum = splat(0);
      let at = entry;
      for (let tap = 0; tap < taps; tap++, at += stride) {
        const v = loadUpTo(from + <usize>load<i32>(places + at) * width + j, left, splat(0));
        const w = v128.load32_splat(weights + at);
        sum = tap == 0 ? f32x4.mul(v, w) : madd(v, w, sum);
      }
      storeUpTo(to + j, sum, left);
    }
  }
  return 0;
}

/** Columns of a unit of work: a cache line. */
const COLUMNS: i32 = 16;

/** The adjoint: dx [outer, size, inner] gets of each output's gradient the share of each tap, in the order of outputs and taps. */
export function resampleGrad_f32(
  dx: usize,
  g: usize,
  places: usize,
  weights: usize,
  outer: i32,
  size: i32,
  count: i32,
  inner: i32,
  taps: i32,
  part: i32,
  parts: i32,
): i32 {
  const stride = (<usize>count) << 2;
  const width = (<usize>inner) << 2;
  const blocks = (inner + COLUMNS - 1) / COLUMNS;
  const end = shareStart(outer * blocks, 1, part + 1, parts);
  for (let unit = shareStart(outer * blocks, 1, part, parts); unit < end; unit++) {
    const i = unit / blocks;
    const first = (unit - i * blocks) * COLUMNS;
    const columns = min(COLUMNS, inner - first);
    const to = dx + <usize>(i * size) * width + ((<usize>first) << 2);
    let from = g + <usize>(i * count) * width + ((<usize>first) << 2);
    for (let row = 0; row < size; row++) {
      for (let j = 0; j < columns; j += 4) {
        storeUpTo(to + <usize>row * width + ((<usize>j) << 2), splat(0), columns - j);
      }
    }
    for (let o: usize = 0; o < stride; o += 4, from += width) {
      let at = o;
      for (let tap = 0; tap < taps; tap++, at += stride) {
        const p = to + <usize>load<i32>(places + at) * width;
        const w = v128.load32_splat(weights + at);
        for (let j = 0; j < columns; j += 4) {
          const q = (<usize>j) << 2;
          const sum = loadUpTo(p + q, columns - j, splat(0));
          storeUpTo(p + q, madd(loadUpTo(from + q, columns - j, splat(0)), w, sum), columns - j);
        }
      }
    }
  }
  return 0;
}
