/**
 * Sampling images at free places (Jaderberg et al. 2015; PyTorch's grid_sample). A grid becomes a table of taps: one, four or 16 pixels
 * and their weights a point, as [n, taps, points]; a pixel of −1 lies outside and counts as 0. A sample is the weighted sum of its taps,
 * linear in the image and in the weights.
 */
import { cubic } from "../cubic";
import { shareStart } from "../loops";
import { madd, splat } from "../simd/f32";
import { loadUpTo, storeUpTo } from "../sums";

const BORDER: i32 = 1;
const REFLECTION: i32 = 2;
/** In pixels: what is farther outside, or infinite, need not be told apart. */
const FAR: f64 = 1073741824;
const CUBIC: i32 = 16;

/** 0 … size − 1; `slope` becomes 0 where that changes the place or just touches an end. */
@inline
function clipped(place: f64, size: i32, slope: usize): f64 {
  const last = <f64>(size - 1);
  if (place > 0 && place < last) return place;
  store<f32>(slope, 0);
  return place >= last ? last : 0;
}

/** The place in pixels of coordinate g in −1 … 1, kept inside as `padding` says; `slope` gets its derivative by g. */
function locate(g: f32, size: i32, padding: i32, align: i32, slope: usize): f64 {
  // PyTorch documents that NaN counts as −1.
  const unit = g == g ? <f64>g : -1;
  const span = <f64>(align != 0 ? size - 1 : size);
  let place = ((unit + 1) * span) / 2;
  if (align == 0) place -= 0.5;
  let rise = span / 2;
  if (padding == REFLECTION) {
    // Back and forth between the middles (aligned) or the outer edges of the first and the last pixel.
    const low = align != 0 ? 0 : -0.5;
    let away = place - low;
    if (away < 0) {
      away = -away;
      rise = -rise;
    }
    const turns = span > 0 ? floor<f64>(away / span) : 0;
    away -= turns * span;
    const back = turns != 2 * floor<f64>(turns / 2);
    if (back) rise = -rise;
    place = span > 0 ? (back ? span - away : away) + low : 0;
  }
  store<f32>(slope, <f32>rise);
  if (padding == REFLECTION || padding == BORDER) place = clipped(place, size, slope);
  // Infinity times a size of 0 is NaN.
  return place >= -FAR ? min<f64>(place, FAR) : -FAR;
}

/** Pixel i of a dimension, moved inside as `padding` says; −1 where nothing does. */
function inside(i: i32, size: i32, padding: i32, align: i32): i32 {
  if (padding == BORDER) return min(max(i, 0), size - 1);
  if (padding == REFLECTION) {
    // About the middles of the first and the last pixel (aligned), or about their outer edges, which shows them twice.
    const edge = align != 0 ? 0 : 1;
    const period = 2 * (size - 1 + edge);
    if (period == 0) return 0;
    const away = (i < 0 ? -i - edge : i) % period;
    return min(away, period - edge - away);
  }
  return <u32>i < <u32>size ? i : -1;
}

/** Pixel (y, x) within its plane, or −1. */
@inline
function pixel(y: i32, x: i32, h: i32, w: i32): i32 {
  return <u32>y < <u32>h && <u32>x < <u32>w ? y * w + x : -1;
}

/** Stores four lanes `stride` bytes apart. */
function spread(to: usize, v: v128, stride: usize): void {
  v128.store32_lane(to, v, 0);
  v128.store32_lane(to + stride, v, 1);
  v128.store32_lane(to + 2 * stride, v, 2);
  v128.store32_lane(to + 3 * stride, v, 3);
}

/** The 16 taps of place (y, x): those from one pixel before it to two after, in both directions, each moved inside by itself. */
function cubicTaps(
  weights: usize,
  pixels: usize,
  stride: usize,
  y: f64,
  x: f64,
  h: i32,
  w: i32,
  padding: i32,
  align: i32,
): void {
  const left = <i32>floor<f64>(x);
  const top = <i32>floor<f64>(y);
  const fx = x - <f64>left;
  const fy = y - <f64>top;
  let across = f32x4.splat(<f32>cubic(fx + 1));
  across = f32x4.replace_lane(across, 1, <f32>cubic(fx));
  across = f32x4.replace_lane(across, 2, <f32>cubic(fx - 1));
  across = f32x4.replace_lane(across, 3, <f32>cubic(fx - 2));
  let columns = i32x4.splat(inside(left - 1, w, padding, align));
  columns = i32x4.replace_lane(columns, 1, inside(left, w, padding, align));
  columns = i32x4.replace_lane(columns, 2, inside(left + 1, w, padding, align));
  columns = i32x4.replace_lane(columns, 3, inside(left + 2, w, padding, align));
  const outside = i32x4.shr_s(columns, 31);
  for (let tap = 0; tap < 4; tap++) {
    const to = <usize>tap * 4 * stride;
    const row = inside(top + tap - 1, h, padding, align);
    const cells = row < 0 ? i32x4.splat(-1) : v128.or(i32x4.add(columns, i32x4.splat(row * w)), outside);
    spread(weights + to, f32x4.mul(across, splat(<f32>cubic(<f64>(tap - 1) - fy))), stride);
    spread(pixels + to, cells, stride);
  }
}

/**
 * The table of a grid [n, points, 2] of (x, y): with taps = 1 the nearest pixel (halves to even), with taps = 4 the corners around, in
 * the order (0, 0), (0, 1), (1, 0), (1, 1) of (y, x), with taps = 16 four rows of four for a cubic, of which each obeys the padding
 * instead of the place. slopes [n, 2, points] get the derivatives of the places in pixels by the grid.
 */
export function gridTaps_f32(
  weights: usize,
  pixels: usize,
  slopes: usize,
  grid: usize,
  n: i32,
  points: i32,
  h: i32,
  w: i32,
  taps: i32,
  padding: i32,
  align: i32,
  part: i32,
  parts: i32,
): i32 {
  const last = shareStart(n * points, 16, part + 1, parts);
  const stride = (<usize>points) << 2;
  const kept = taps == CUBIC ? 0 : padding;
  for (let i = shareStart(n * points, 16, part, parts); i < last; i++) {
    const image = i / points;
    const p = (<usize>(i - image * points)) << 2;
    const slope = slopes + <usize>image * stride * 2 + p;
    const from = grid + ((<usize>i) << 3);
    const x = locate(load<f32>(from), w, kept, align, slope);
    const y = locate(load<f32>(from, 4), h, kept, align, slope + stride);
    const table = <usize>image * stride * taps + p;
    if (taps == 1) {
      store<f32>(weights + table, 1);
      store<i32>(pixels + table, pixel(<i32>nearest<f64>(y), <i32>nearest<f64>(x), h, w));
      continue;
    }
    if (taps == CUBIC) {
      cubicTaps(weights + table, pixels + table, stride, y, x, h, w, padding, align);
      continue;
    }
    const left = floor<f64>(x);
    const top = floor<f64>(y);
    const fx = <f32>(x - left);
    const fy = <f32>(y - top);
    for (let tap = 0; tap < 4; tap++) {
      const at = table + <usize>tap * stride;
      const across = tap & 1;
      const down = tap >> 1;
      store<f32>(weights + at, (across != 0 ? fx : 1 - fx) * (down != 0 ? fy : 1 - fy));
      store<i32>(pixels + at, pixel(<i32>top + down, <i32>left + across, h, w));
    }
  }
  return 0;
}

/**
 * The gradient of a grid of four taps, as [n, 2, points], from that of its weights: with the fractions fx = w₁ + w₃ and
 * fy = w₂ + w₃, ∂/∂fx = (1 − fy)(g₁ − g₀) + fy(g₃ − g₂), and alike for y.
 */
export function gridTapsGrad_f32(
  dgrid: usize,
  g: usize,
  weights: usize,
  slopes: usize,
  n: i32,
  points: i32,
  part: i32,
  parts: i32,
): i32 {
  const stride = (<usize>points) << 2;
  const blocks = (points + 15) >> 4;
  const last = shareStart(n * blocks, 1, part + 1, parts);
  const zero = splat(0);
  for (let unit = shareStart(n * blocks, 1, part, parts); unit < last; unit++) {
    const image = unit / blocks;
    const first = (unit - image * blocks) << 4;
    const stop = min(points, first + 16);
    for (let point = first; point < stop; point += 4) {
      const left = stop - point;
      const at = <usize>image * stride * 4 + ((<usize>point) << 2);
      const w3 = loadUpTo(weights + at + stride * 3, left, zero);
      const fx = f32x4.add(loadUpTo(weights + at + stride, left, zero), w3);
      const fy = f32x4.add(loadUpTo(weights + at + stride * 2, left, zero), w3);
      const g0 = loadUpTo(g + at, left, zero);
      const g1 = loadUpTo(g + at + stride, left, zero);
      const g2 = loadUpTo(g + at + stride * 2, left, zero);
      const g3 = loadUpTo(g + at + stride * 3, left, zero);
      const top = f32x4.sub(g1, g0);
      const dx = madd(fy, f32x4.sub(f32x4.sub(g3, g2), top), top);
      const side = f32x4.sub(g2, g0);
      const dy = madd(fx, f32x4.sub(f32x4.sub(g3, g1), side), side);
      const to = <usize>image * stride * 2 + ((<usize>point) << 2);
      storeUpTo(dgrid + to, f32x4.mul(dx, loadUpTo(slopes + to, left, zero)), left);
      const below = to + stride;
      storeUpTo(dgrid + below, f32x4.mul(dy, loadUpTo(slopes + below, left, zero)), left);
    }
  }
  return 0;
}

/** The pixels of four lanes of a plane; 0 where a pixel is −1. A plane is never empty here. */
function pick(plane: usize, pixels: v128): v128 {
  const outside = i32x4.shr_s(pixels, 31);
  const at = v128.andnot(pixels, outside);
  let v = v128.load32_zero(plane + ((<usize>i32x4.extract_lane(at, 0)) << 2));
  v = v128.load32_lane(plane + ((<usize>i32x4.extract_lane(at, 1)) << 2), v, 1);
  v = v128.load32_lane(plane + ((<usize>i32x4.extract_lane(at, 2)) << 2), v, 2);
  v = v128.load32_lane(plane + ((<usize>i32x4.extract_lane(at, 3)) << 2), v, 3);
  return v128.andnot(v, outside);
}

/** out [n, c, points] = Σ over the taps of x [n, c, hw] at their pixels · their weights. */
export function sampleTaps_f32(
  out: usize,
  x: usize,
  weights: usize,
  pixels: usize,
  n: i32,
  c: i32,
  hw: i32,
  points: i32,
  taps: i32,
  part: i32,
  parts: i32,
): i32 {
  const last = shareStart(n * c, 1, part + 1, parts);
  const stride = (<usize>points) << 2;
  for (let i = shareStart(n * c, 1, part, parts); i < last; i++) {
    const plane = x + ((<usize>i * hw) << 2);
    const table = <usize>(i / c) * stride * taps;
    for (let point = 0; point < points; point += 4) {
      const left = points - point;
      let at = table + ((<usize>point) << 2);
      let sum = splat(0);
      for (let tap = 0; tap < taps; tap++, at += stride) {
        const v = pick(plane, loadUpTo(pixels + at, left, i32x4.splat(-1)));
        sum = madd(v, loadUpTo(weights + at, left, splat(0)), sum);
      }
      storeUpTo(out + <usize>i * stride + ((<usize>point) << 2), sum, left);
    }
  }
  return 0;
}

/** dx [n, c, hw]: each pixel gets of each sample its gradient · its weight, in the order of samples and taps. */
export function sampleTapsInputGrad_f32(
  dx: usize,
  g: usize,
  weights: usize,
  pixels: usize,
  n: i32,
  c: i32,
  hw: i32,
  points: i32,
  taps: i32,
  part: i32,
  parts: i32,
): i32 {
  const last = shareStart(n * c, 1, part + 1, parts);
  const stride = (<usize>points) << 2;
  for (let i = shareStart(n * c, 1, part, parts); i < last; i++) {
    const plane = dx + ((<usize>i * hw) << 2);
    memory.fill(plane, 0, (<usize>hw) << 2);
    const table = <usize>(i / c) * stride * taps;
    for (let p: usize = 0; p < stride; p += 4) {
      const each = load<f32>(g + <usize>i * stride + p);
      let at = table + p;
      for (let tap = 0; tap < taps; tap++, at += stride) {
        const where = load<i32>(pixels + at);
        if (where < 0) continue;
        const to = plane + ((<usize>where) << 2);
        store<f32>(to, load<f32>(to) + each * load<f32>(weights + at));
      }
    }
  }
  return 0;
}

/** dweights [n, taps, points]: for each tap Σ over the channels of g · x at its pixel. */
export function sampleTapsWeightGrad_f32(
  dweights: usize,
  g: usize,
  x: usize,
  pixels: usize,
  n: i32,
  c: i32,
  hw: i32,
  points: i32,
  taps: i32,
  part: i32,
  parts: i32,
): i32 {
  const blocks = (points + 15) >> 4;
  const last = shareStart(n * blocks, 1, part + 1, parts);
  const stride = (<usize>points) << 2;
  for (let unit = shareStart(n * blocks, 1, part, parts); unit < last; unit++) {
    const image = unit / blocks;
    const first = (unit - image * blocks) << 4;
    const stop = min(points, first + 16);
    for (let point = first; point < stop; point += 4) {
      const left = stop - point;
      const p = (<usize>point) << 2;
      let at = <usize>(image * taps) * stride + p;
      for (let tap = 0; tap < taps; tap++, at += stride) {
        const where = loadUpTo(pixels + at, left, i32x4.splat(-1));
        let sum = splat(0);
        for (let channel = image * c; channel < (image + 1) * c; channel++) {
          const v = pick(x + ((<usize>channel * hw) << 2), where);
          sum = madd(v, loadUpTo(g + <usize>channel * stride + p, left, splat(0)), sum);
        }
        storeUpTo(dweights + at, sum, left);
      }
    }
  }
  return 0;
}
