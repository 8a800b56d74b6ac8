/**
 * Layer normalisation of the rows of x [rows, n] (Ba, Kiros, Hinton 2016), and by the root mean square alone (Zhang,
 * Sennrich 2019), which is the same about a mean of 0.
 */
import { elementOr, normaliseGradRun, normaliseRun, rowStatistics } from "../normalise";
import { madd, splat } from "../simd/f32";
import { shareStart } from "../loops";
import { demote, Gradient, high, loadUpTo, low, moments, storeUpTo, WeightedGradient } from "../sums";

/** out = (x − mean) · invstd · weight + bias; weight and bias may be 0, and mean is where it is the root mean square's. */
function forward(
  out: usize,
  mean: usize,
  invstd: usize,
  x: usize,
  weight: usize,
  bias: usize,
  rows: i32,
  n: i32,
  eps: f32,
  part: i32,
  parts: i32,
): i32 {
  const end = shareStart(rows, 1, part + 1, parts);
  for (let row = shareStart(rows, 1, part, parts); row < end; row++) {
    const offset = (<usize>row * n) << 2;
    const from = x + offset;
    const here = (<usize>row) << 2;
    const centre = rowStatistics(mean == 0 ? 0 : mean + here, invstd + here, from, n, eps);
    normaliseRun(out + offset, from, weight, bias, n, centre, load<f32>(invstd + here), 0);
  }
  return 0;
}

/** dx = invstd · (g·w − mean of g·w − h · mean of g·w·h) with h = (x − mean) · invstd; without `mean` less its term. */
function grad(
  dx: usize,
  g: usize,
  x: usize,
  mean: usize,
  invstd: usize,
  weight: usize,
  rows: i32,
  n: i32,
  part: i32,
  parts: i32,
): i32 {
  const end = shareStart(rows, 1, part + 1, parts);
  for (let row = shareStart(rows, 1, part, parts); row < end; row++) {
    const offset = (<usize>row * n) << 2;
    const gRow = g + offset;
    const xRow = x + offset;
    const centre = elementOr(mean, row, 0);
    const scale = load<f32>(invstd + ((<usize>row) << 2));
    const sums =
      weight == 0
        ? moments<Gradient>(gRow, xRow, 0, n, centre)
        : moments<WeightedGradient>(gRow, xRow, weight, n, centre);
    const mean1 = mean == 0 ? <f32>0 : <f32>(f64x2.extract_lane(sums, 0) / n);
    const slope = <f32>((f64x2.extract_lane(sums, 1) * <f64>scale * <f64>scale) / n);
    normaliseGradRun(dx + offset, gRow, xRow, weight, n, centre, scale, mean1, slope);
  }
  return 0;
}

/** dweight = Σ g·h and dbias = Σ g over the rows; each may be 0. Eight columns at a time; parts divide them. */
function paramGrad(
  dweight: usize,
  dbias: usize,
  g: usize,
  x: usize,
  mean: usize,
  invstd: usize,
  rows: i32,
  n: i32,
  part: i32,
  parts: i32,
): i32 {
  const end = shareStart(n, 16, part + 1, parts);
  const stride = (<usize>n) << 2;
  let j = shareStart(n, 16, part, parts);
  for (; j + 8 <= end; j += 8) {
    let lo1 = f64x2.splat(0);
    let hi1 = lo1;
    let lo2 = lo1;
    let hi2 = lo1;
    let lo3 = lo1;
    let hi3 = lo1;
    let lo4 = lo1;
    let hi4 = lo1;
    const here = (<usize>j) << 2;
    let from = g + here;
    let at = x + here;
    for (let row = 0; row < rows;) {
      // Four rows in f32, then f64.
      let sum1 = splat(0);
      let sum2 = sum1;
      let sum3 = sum1;
      let sum4 = sum1;
      for (const last = min(row + 4, rows); row < last; row++, from += stride, at += stride) {
        const own = (<usize>row) << 2;
        let h = v128.load(at);
        let k = v128.load(at, 16);
        if (mean != 0) {
          const centre = v128.load32_splat(mean + own);
          h = f32x4.sub(h, centre);
          k = f32x4.sub(k, centre);
        }
        const scale = v128.load32_splat(invstd + own);
        const d = v128.load(from);
        const e = v128.load(from, 16);
        sum1 = f32x4.add(sum1, d);
        sum2 = madd(f32x4.mul(h, scale), d, sum2);
        sum3 = f32x4.add(sum3, e);
        sum4 = madd(f32x4.mul(k, scale), e, sum4);
      }
      lo1 = f64x2.add(lo1, low(sum1));
      hi1 = f64x2.add(hi1, high(sum1));
      lo2 = f64x2.add(lo2, low(sum2));
      hi2 = f64x2.add(hi2, high(sum2));
      lo3 = f64x2.add(lo3, low(sum3));
      hi3 = f64x2.add(hi3, high(sum3));
      lo4 = f64x2.add(lo4, low(sum4));
      hi4 = f64x2.add(hi4, high(sum4));
    }
    if (dweight != 0) {
      v128.store(dweight + here, demote(lo2, hi2));
      v128.store(dweight + here, demote(lo4, hi4), 16);
    }
    if (dbias != 0) {
      v128.store(dbias + here, demote(lo1, hi1));
      v128.store(dbias + here, demote(lo3, hi3), 16);
    }
  }
  for (; j < end; j += 4) {
    let lo1 = f64x2.splat(0);
    let hi1 = f64x2.splat(0);
    let lo2 = f64x2.splat(0);
    let hi2 = f64x2.splat(0);
    const here = (<usize>j) << 2;
    let p = here;
    for (let row = 0; row < rows;) {
      let sum1 = splat(0);
      let sum2 = sum1;
      for (const last = min(row + 4, rows); row < last; row++, p += stride) {
        const at = (<usize>row) << 2;
        const d = loadUpTo(g + p, end - j, splat(0));
        let h = loadUpTo(x + p, end - j, splat(0));
        if (mean != 0) h = f32x4.sub(h, v128.load32_splat(mean + at));
        sum1 = f32x4.add(sum1, d);
        sum2 = madd(f32x4.mul(h, v128.load32_splat(invstd + at)), d, sum2);
      }
      lo1 = f64x2.add(lo1, low(sum1));
      hi1 = f64x2.add(hi1, high(sum1));
      lo2 = f64x2.add(lo2, low(sum2));
      hi2 = f64x2.add(hi2, high(sum2));
    }
    if (dweight != 0) storeUpTo(dweight + here, demote(lo2, hi2), end - j);
    if (dbias != 0) storeUpTo(dbias + here, demote(lo1, hi1), end - j);
  }
  return 0;
}

/** Also stores each row's mean and 1 / √(variance + eps). */
export function layerNorm_f32(
  out: usize,
  mean: usize,
  invstd: usize,
  x: usize,
  weight: usize,
  bias: usize,
  rows: i32,
  n: i32,
  eps: f32,
  part: i32,
  parts: i32,
): i32 {
  return forward(out, mean, invstd, x, weight, bias, rows, n, eps, part, parts);
}

export function layerNormGrad_f32(
  dx: usize,
  g: usize,
  x: usize,
  mean: usize,
  invstd: usize,
  weight: usize,
  rows: i32,
  n: i32,
  part: i32,
  parts: i32,
): i32 {
  return grad(dx, g, x, mean, invstd, weight, rows, n, part, parts);
}

export function layerNormParamGrad_f32(
  dweight: usize,
  dbias: usize,
  g: usize,
  x: usize,
  mean: usize,
  invstd: usize,
  rows: i32,
  n: i32,
  part: i32,
  parts: i32,
): i32 {
  return paramGrad(dweight, dbias, g, x, mean, invstd, rows, n, part, parts);
}

/** out = x / √(mean of x² + eps) · weight; also stores each row's factor. weight may be 0. */
export function rmsNorm_f32(
  out: usize,
  invrms: usize,
  x: usize,
  weight: usize,
  rows: i32,
  n: i32,
  eps: f32,
  part: i32,
  parts: i32,
): i32 {
  return forward(out, 0, invrms, x, weight, 0, rows, n, eps, part, parts);
}

export function rmsNormGrad_f32(
  dx: usize,
  g: usize,
  x: usize,
  invrms: usize,
  weight: usize,
  rows: i32,
  n: i32,
  part: i32,
  parts: i32,
): i32 {
  return grad(dx, g, x, 0, invrms, weight, rows, n, part, parts);
}

export function rmsNormParamGrad_f32(
  dweight: usize,
  g: usize,
  x: usize,
  invrms: usize,
  rows: i32,
  n: i32,
  part: i32,
  parts: i32,
): i32 {
  return paramGrad(dweight, 0, g, x, 0, invrms, rows, n, part, parts);
}
