/** The element-wise halves of normalisation and its gradient: runs that share a mean and a scale. */
import { madd, nmadd, splat } from "./simd/f32";
import { Deviation, loadUpTo, moments, squaresAboutMean, storeUpTo, sumRun } from "./sums";


@inline
function normaliseLanes(
  out: usize,
  x: usize,
  weight: usize,
  bias: usize,
  mean: f32,
  scale: f32,
  shift: f32,
  count: i32,
): void {
  let v = f32x4.sub(loadUpTo(x, count, splat(0)), splat(mean));
  v = madd(v, splat(scale), splat(shift));
  if (weight != 0) v = f32x4.mul(v, loadUpTo(weight, count, splat(0)));
  if (bias != 0) v = f32x4.add(v, loadUpTo(bias, count, splat(0)));
  storeUpTo(out, v, count);
}

/** out = ((x − mean) · scale + shift) · weight + bias of n contiguous values; weight and bias may be 0. */
export function normaliseRun(
  out: usize,
  x: usize,
  weight: usize,
  bias: usize,
  n: i32,
  mean: f32,
  scale: f32,
  shift: f32,
): void {
  for (; n >= 4; n -= 4, x += 16, out += 16) {
    normaliseLanes(out, x, weight, bias, mean, scale, shift, 4);
    if (weight != 0) weight += 16;
    if (bias != 0) bias += 16;
  }
  if (n > 0) normaliseLanes(out, x, weight, bias, mean, scale, shift, n);
}


@inline
function normaliseGradLanes(
  dx: usize,
  g: usize,
  x: usize,
  weight: usize,
  mean: f32,
  scale: f32,
  mean1: f32,
  slope: f32,
  count: i32,
): void {
  let v = loadUpTo(g, count, splat(0));
  if (weight != 0) v = f32x4.mul(v, loadUpTo(weight, count, splat(0)));
  const d = f32x4.sub(loadUpTo(x, count, splat(0)), splat(mean));
  v = nmadd(d, splat(slope), f32x4.sub(v, splat(mean1)));
  storeUpTo(dx, f32x4.mul(v, splat(scale)), count);
}

/** dx = scale · (g · weight − mean1 − (x − mean) · slope) of n contiguous values; weight may be 0. */
export function normaliseGradRun(
  dx: usize,
  g: usize,
  x: usize,
  weight: usize,
  n: i32,
  mean: f32,
  scale: f32,
  mean1: f32,
  slope: f32,
): void {
  for (; n >= 4; n -= 4, x += 16, g += 16, dx += 16) {
    normaliseGradLanes(dx, g, x, weight, mean, scale, mean1, slope, 4);
    if (weight != 0) weight += 16;
  }
  if (n > 0) normaliseGradLanes(dx, g, x, weight, mean, scale, mean1, slope, n);
}

/** 1 / √(variance + eps), in f64. */
@inline
export function inverseRoot(variance: f64, eps: f32): f32 {
  return <f32>(1 / sqrt<f64>(variance + <f64>eps));
}

/** Element i of an array that may be absent (0). */
@inline
export function elementOr(p: usize, i: i32, absent: f32): f32 {
  return p == 0 ? absent : load<f32>(p + ((<usize>i) << 2));
}

/** Stores the mean, unless it is that of the root mean square (`mean` is 0), and the factor of a row of n; returns the mean. */
export function rowStatistics(mean: usize, invstd: usize, x: usize, n: i32, eps: f32): f32 {
  let centre: f32 = 0;
  if (mean != 0) {
    centre = <f32>(sumRun(x, n) / n);
    store<f32>(mean, centre);
  }
  const sums = moments<Deviation>(x, x, 0, n, centre);
  const squares = mean != 0 ? squaresAboutMean(sums, n) : f64x2.extract_lane(sums, 1);
  store<f32>(invstd, inverseRoot(squares / n, eps));
  return centre;
}
