/**
 * Batch normalisation of x [n, c, s] by channel (Ioffe, Szegedy 2015; PyTorch's rules). Sums run in f64 about a centre,
 * so large means cost no digits. Parts divide the channels. s = 1 is the layout of BatchNorm1d: channels are columns.
 */
import { elementOr, inverseRoot, normaliseGradRun, normaliseRun } from "../normalise";
import { madd, nmadd, splat } from "../simd/f32";
import { shareStart } from "../loops";
import {
  demote,
  Deviation,
  Gradient,
  high,
  loadUpTo,
  low,
  moments,
  squaresAboutMean,
  squaresOfColumns,
  storeUpTo,
  sumColumns,
  sumRun,
} from "../sums";


@inline
function at(p: usize, c: i32): usize {
  return p + ((<usize>c) << 2);
}

/** Each channel's mean, biased variance, and 1 / √(variance + eps). */
export function batchNormStats_f32(
  mean: usize,
  variance: usize,
  invstd: usize,
  x: usize,
  n: i32,
  c: i32,
  s: i32,
  eps: f32,
  part: i32,
  parts: i32,
): i32 {
  const end = shareStart(c, 4, part + 1, parts);
  const count = <f64>n * s;
  const stride = (<usize>c * s) << 2;
  let channel = shareStart(c, 4, part, parts);
  while (channel < end) {
    let columns = 1;
    if (s == 1) {
      columns = min(4, end - channel);
      const centre = sumColumns(at(x, channel), n, stride, columns, count);
      storeUpTo(at(mean, channel), centre, columns);
      const squares = squaresOfColumns(at(x, channel), n, stride, columns, centre, count);
      storeUpTo(at(variance, channel), squares, columns);
    } else {
      const from = x + ((<usize>channel * s) << 2);
      let sum: f64 = 0;
      for (let i = 0; i < n; i++) sum += sumRun(from + <usize>i * stride, s);
      const centre = <f32>(sum / count);
      let sums = f64x2.splat(0);
      for (let i = 0; i < n; i++) {
        const p = from + <usize>i * stride;
        sums = f64x2.add(sums, moments<Deviation>(p, p, 0, s, centre));
      }
      store<f32>(at(mean, channel), centre);
      store<f32>(at(variance, channel), <f32>(squaresAboutMean(sums, count) / count));
    }
    for (; columns > 0; columns--, channel++) {
      store<f32>(at(invstd, channel), inverseRoot(load<f32>(at(variance, channel)), eps));
    }
  }
  return 0;
}

/** running += momentum · (batch − running), with the unbiased variance of `count` values. */
export function runningStats_f32(
  runningMean: usize,
  runningVar: usize,
  mean: usize,
  variance: usize,
  c: i32,
  momentum: f32,
  count: i32,
  part: i32,
  parts: i32,
): i32 {
  const end = shareStart(c, 16, part + 1, parts);
  const unbiased = <f64>count / <f64>(count - 1);
  const keep = 1 - <f64>momentum;
  for (let i = shareStart(c, 16, part, parts); i < end; i++) {
    const newMean = <f64>momentum * <f64>load<f32>(at(mean, i));
    const newVar = <f64>momentum * unbiased * <f64>load<f32>(at(variance, i));
    store<f32>(at(runningMean, i), <f32>(keep * <f64>load<f32>(at(runningMean, i)) + newMean));
    store<f32>(at(runningVar, i), <f32>(keep * <f64>load<f32>(at(runningVar, i)) + newVar));
  }
  return 0;
}

/** out = 1 / √(variance + eps). */
export function invstd_f32(out: usize, variance: usize, c: i32, eps: f32, part: i32, parts: i32): i32 {
  const end = shareStart(c, 16, part + 1, parts);
  for (let i = shareStart(c, 16, part, parts); i < end; i++) {
    store<f32>(at(out, i), inverseRoot(load<f32>(at(variance, i)), eps));
  }
  return 0;
}

/** out = (x − mean) · invstd · weight + bias; weight and bias may be 0. */
export function batchNorm_f32(
  out: usize,
  x: usize,
  mean: usize,
  invstd: usize,
  weight: usize,
  bias: usize,
  n: i32,
  c: i32,
  s: i32,
  part: i32,
  parts: i32,
): i32 {
  const first = shareStart(c, 4, part, parts);
  const end = shareStart(c, 4, part + 1, parts);
  for (let i = 0; i < n; i++) {
    let channel = first;
    while (channel < end) {
      const offset = (<usize>(i * c + channel) * s) << 2;
      if (s != 1) {
        const scale = load<f32>(at(invstd, channel)) * elementOr(weight, channel, 1);
        const centre = load<f32>(at(mean, channel));
        normaliseRun(out + offset, x + offset, 0, 0, s, centre, scale, elementOr(bias, channel, 0));
        channel++;
        continue;
      }
      const columns = min(4, end - channel);
      let scale = loadUpTo(at(invstd, channel), columns, splat(0));
      if (weight != 0) scale = f32x4.mul(scale, loadUpTo(at(weight, channel), columns, splat(0)));
      const shift = bias == 0 ? splat(0) : loadUpTo(at(bias, channel), columns, splat(0));
      const centre = loadUpTo(at(mean, channel), columns, splat(0));
      const v = f32x4.sub(loadUpTo(x + offset, columns, splat(0)), centre);
      storeUpTo(out + offset, madd(v, scale, shift), columns);
      channel += columns;
    }
  }
  return 0;
}

/** The gradient of `columns` ≤ 4 channels of the layout s = 1; pointers are at the first of them. */
function gradOfColumns(
  dx: usize,
  dweight: usize,
  dbias: usize,
  g: usize,
  x: usize,
  centre: v128,
  inverse: v128,
  scale: v128,
  n: i32,
  stride: usize,
  columns: i32,
  training: i32,
): void {
  let lo1 = f64x2.splat(0);
  let hi1 = f64x2.splat(0);
  let lo2 = f64x2.splat(0);
  let hi2 = f64x2.splat(0);
  for (let i = 0; i < n; i++) {
    const d = loadUpTo(g + <usize>i * stride, columns, splat(0));
    const e = f32x4.mul(d, f32x4.sub(loadUpTo(x + <usize>i * stride, columns, centre), centre));
    lo1 = f64x2.add(lo1, low(d));
    hi1 = f64x2.add(hi1, high(d));
    lo2 = f64x2.add(lo2, low(e));
    hi2 = f64x2.add(hi2, high(e));
  }
  let sum = demote(lo1, hi1);
  let dot = f32x4.mul(demote(lo2, hi2), inverse);
  if (dbias != 0) storeUpTo(dbias, sum, columns);
  if (dweight != 0) storeUpTo(dweight, dot, columns);
  if (dx == 0) return;
  const by = splat(training != 0 ? <f32>n : Infinity);
  sum = f32x4.div(sum, by);
  dot = f32x4.div(f32x4.mul(dot, inverse), by);
  for (; n > 0; n--, dx += stride, g += stride, x += stride) {
    const e = f32x4.sub(loadUpTo(x, columns, centre), centre);
    const d = nmadd(e, dot, f32x4.sub(loadUpTo(g, columns, splat(0)), sum));
    storeUpTo(dx, f32x4.mul(d, scale), columns);
  }
}

/**
 * With h = (x − mean) · invstd: dbias = Σ g, dweight = Σ g·h, and dx = weight · invstd · (g − mean of g − h · mean of g·h)
 * in training, where mean and invstd come of the batch, or weight · invstd · g. Outputs that are 0 are left out.
 */
export function batchNormGrad_f32(
  dx: usize,
  dweight: usize,
  dbias: usize,
  g: usize,
  x: usize,
  mean: usize,
  invstd: usize,
  weight: usize,
  n: i32,
  c: i32,
  s: i32,
  training: i32,
  part: i32,
  parts: i32,
): i32 {
  const end = shareStart(c, 4, part + 1, parts);
  const stride = (<usize>c * s) << 2;
  // In evaluation the means drop out.
  const count: f64 = training != 0 ? <f64>n * s : Infinity;
  let channel = shareStart(c, 4, part, parts);
  while (channel < end) {
    const offset = (<usize>channel * s) << 2;
    const here = at(0, channel);
    const toWeight: usize = dweight == 0 ? 0 : dweight + here;
    const toBias: usize = dbias == 0 ? 0 : dbias + here;
    const to: usize = dx == 0 ? 0 : dx + offset;
    if (s == 1) {
      const columns = min(4, end - channel);
      const centre = loadUpTo(mean + here, columns, splat(0));
      const inverse = loadUpTo(invstd + here, columns, splat(0));
      let scale = inverse;
      if (weight != 0) scale = f32x4.mul(scale, loadUpTo(weight + here, columns, splat(0)));
      gradOfColumns(
        to,
        toWeight,
        toBias,
        g + here,
        x + here,
        centre,
        inverse,
        scale,
        n,
        stride,
        columns,
        training,
      );
      channel += columns;
      continue;
    }
    const centre = load<f32>(mean + here);
    const inverse = <f64>load<f32>(invstd + here);
    let sums = f64x2.splat(0);
    for (let i = 0; i < n; i++) {
      const p = offset + <usize>i * stride;
      sums = f64x2.add(sums, moments<Gradient>(g + p, x + p, 0, s, centre));
    }
    const sum = f64x2.extract_lane(sums, 0);
    const dot = f64x2.extract_lane(sums, 1) * inverse;
    if (toBias != 0) store<f32>(toBias, <f32>sum);
    if (toWeight != 0) store<f32>(toWeight, <f32>dot);
    const scale = <f32>inverse * elementOr(weight, channel, 1);
    const slope = <f32>((dot * inverse) / count);
    for (let i = 0; i < n && to != 0; i++) {
      const p = <usize>i * stride;
      normaliseGradRun(
        to + p,
        g + offset + p,
        x + offset + p,
        0,
        s,
        centre,
        scale,
        <f32>(sum / count),
        slope,
      );
    }
    channel++;
  }
  return 0;
}
