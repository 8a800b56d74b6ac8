/**
 * Group normalisation of x [n, groups, k, s]: each group's k channels of s values share a mean and a variance, each channel has a
 * weight and a bias (Wu, He 2018). With one channel a group it is instance normalisation. Rows are the n · groups.
 */
import { elementOr, normaliseRun, rowStatistics } from "../normalise";
import { splat } from "../simd/f32";
import { shareStart } from "../loops";
import { Gradient, loadUpTo, moments, storeUpTo } from "../sums";

/** Also stores each row's mean and 1 / √(variance + eps). weight and bias may be 0. */
export function groupNorm_f32(
  out: usize,
  mean: usize,
  invstd: usize,
  x: usize,
  weight: usize,
  bias: usize,
  rows: i32,
  groups: i32,
  k: i32,
  s: i32,
  eps: f32,
  part: i32,
  parts: i32,
): i32 {
  const end = shareStart(rows, 1, part + 1, parts);
  for (let row = shareStart(rows, 1, part, parts); row < end; row++) {
    const here = (<usize>row) << 2;
    let offset = (<usize>row * k * s) << 2;
    const centre = rowStatistics(mean + here, invstd + here, x + offset, k * s, eps);
    const scale = load<f32>(invstd + here);
    let channel = (row % groups) * k;
    for (let j = 0; j < k; j++, channel++, offset += (<usize>s) << 2) {
      const by = scale * elementOr(weight, channel, 1);
      normaliseRun(out + offset, x + offset, 0, 0, s, centre, by, elementOr(bias, channel, 0));
    }
  }
  return 0;
}

/** dx = g·a − b − (x − mean)·c of n contiguous values. */
function gradRun(dx: usize, g: usize, x: usize, n: i32, mean: f32, a: f32, b: f32, c: f32): void {
  for (; n > 0; n -= 4, dx += 16, g += 16, x += 16) {
    const e = f32x4.sub(loadUpTo(x, n, splat(0)), splat(mean));
    const d = f32x4.sub(f32x4.mul(loadUpTo(g, n, splat(0)), splat(a)), splat(b));
    storeUpTo(dx, f32x4.sub(d, f32x4.mul(e, splat(c))), n);
  }
}

/**
 * With h = (x − mean) · invstd: each channel's Σ g·h and Σ g to dots and sums [rows, k], of which dweight and dbias are the sums
 * over n; and dx = invstd · (g·w − mean of g·w − h · mean of g·w·h), means over the row. dx and weight may be 0.
 */
export function groupNormGrad_f32(
  dx: usize,
  dots: usize,
  sums: usize,
  g: usize,
  x: usize,
  mean: usize,
  invstd: usize,
  weight: usize,
  rows: i32,
  groups: i32,
  k: i32,
  s: i32,
  part: i32,
  parts: i32,
): i32 {
  const end = shareStart(rows, 1, part + 1, parts);
  for (let row = shareStart(rows, 1, part, parts); row < end; row++) {
    const centre = elementOr(mean, row, 0);
    const scale = elementOr(invstd, row, 0);
    const first = (row % groups) * k;
    const count = <f64>k * s;
    let sum: f64 = 0;
    let dot: f64 = 0;
    let offset = (<usize>row * k * s) << 2;
    for (let j = 0; j < k; j++, offset += (<usize>s) << 2) {
      const both = moments<Gradient>(g + offset, x + offset, 0, s, centre);
      const sumHere = f64x2.extract_lane(both, 0);
      const dotHere = f64x2.extract_lane(both, 1) * <f64>scale;
      const to = (<usize>(row * k + j)) << 2;
      store<f32>(dots + to, <f32>dotHere);
      store<f32>(sums + to, <f32>sumHere);
      const w = <f64>elementOr(weight, first + j, 1);
      sum += sumHere * w;
      dot += dotHere * w;
    }
    if (dx == 0) continue;
    const shift = <f32>((<f64>scale * sum) / count);
    const slope = <f32>((<f64>scale * <f64>scale * dot) / count);
    offset = (<usize>row * k * s) << 2;
    for (let j = 0; j < k; j++, offset += (<usize>s) << 2) {
      const a = scale * elementOr(weight, first + j, 1);
      gradRun(dx + offset, g + offset, x + offset, s, centre, a, shift, slope);
    }
  }
  return 0;
}
