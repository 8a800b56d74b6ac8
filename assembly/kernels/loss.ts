/**
 * Cross-entropy of logits [n, classes, inner] and class numbers [n, inner]. With class weights w and smoothing s
 * (PyTorch's CrossEntropyLoss; Szegedy et al. 2016) the loss of a sample of class y is
 *   (1 − s) · w[y] · (lse − x[y]) + (s / classes) · Σ w[c] · (lse − x[c]),
 * 0 where y is `ignoreIndex`. A class out of range gives its position + 1 and leaves all outputs alone.
 */
import { logSums, stepOf, strideOf } from "../exponentials";
import { atLeast, expNonPositive, log, log1p, sigmoid } from "../simd/math";
import { madd, nmadd, splat } from "../simd/f32";
import { shareStart, zip } from "../loops";
import { loadUpTo, storeUpTo, sumRun } from "../sums";

/** Position + 1 of the first class out of range, or 0. */
export function checkClasses(target: usize, count: i32, classes: i32, ignoreIndex: i32): i32 {
  for (let i = 0; i < count; i++, target += 4) {
    const y = load<i32>(target);
    if (<u32>y >= <u32>classes && y != ignoreIndex) return i + 1;
  }
  return 0;
}

/** The weight of a class; without weights 1. */
@inline
export function weightOf(weight: usize, c: i32): f32 {
  return weight == 0 ? 1 : load<f32>(weight + ((<usize>c) << 2));
}

/** The losses, the log Σ exp of each sample's logits, and the weight of each sample's class. */
export function crossEntropy_f32(
  losses: usize,
  lse: usize,
  sampleWeights: usize,
  logits: usize,
  target: usize,
  weight: usize,
  n: i32,
  classes: i32,
  inner: i32,
  ignoreIndex: i32,
  smoothing: f32,
  part: i32,
  parts: i32,
): i32 {
  const bad = checkClasses(target, n * inner, classes, ignoreIndex);
  if (bad != 0) return bad;
  logSums(losses, lse, logits, n, classes, inner, part, parts);
  const stride = (<usize>inner) << 2;
  const end = shareStart(n * inner, 4, part + 1, parts);
  for (let at = shareStart(n * inner, 4, part, parts); at < end; at++) {
    const offset = (<usize>at) << 2;
    const m = <f64>load<f32>(losses + offset);
    const log = <f64>load<f32>(lse + offset);
    const y = load<i32>(target + offset);
    let loss: f64 = 0;
    let own: f32 = 0;
    if (y != ignoreIndex) {
      const i = at / inner;
      let x = logits + ((<usize>i * classes * inner + (at - i * inner)) << 2);
      own = weightOf(weight, y);
      loss = <f64>own * (m - <f64>load<f32>(x + <usize>y * stride) + log);
      if (smoothing != 0) {
        let smooth: f64 = 0;
        for (let c = 0; c < classes; c++, x += stride) {
          smooth += <f64>weightOf(weight, c) * (m - <f64>load<f32>(x) + log);
        }
        loss = (1 - <f64>smoothing) * loss + (<f64>smoothing / classes) * smooth;
      }
    }
    store<f32>(losses + offset, <f32>loss);
    store<f32>(lse + offset, <f32>(m + log));
    store<f32>(sampleWeights + offset, own);
  }
  return 0;
}

/** total = Σ weights and out = Σ losses / total, NaN where nothing counts. One part does it. */
export function crossEntropyReduce_f32(
  out: usize,
  total: usize,
  losses: usize,
  sampleWeights: usize,
  count: i32,
  part: i32,
  parts: i32,
): i32 {
  if (part != 0) return 0;
  const sum = sumRun(sampleWeights, count);
  store<f32>(out, <f32>(sumRun(losses, count) / sum));
  store<f32>(total, <f32>sum);
  return 0;
}

/** g of a sample (all the same where `gStride` is 0) by the total weight, 1 where there is none. */
@inline
export function sampleScale(g: usize, gStride: i32, total: usize, at: i32): f32 {
  const scale = load<f32>(g + ((<usize>at * gStride) << 2));
  return total == 0 ? scale : scale / load<f32>(total);
}

/** v with the bits of one lane replaced. */
function withLane(v: v128, lane: i32, bits: i32): v128 {
  return v128.bitselect(i32x4.splat(bits), v, i32x4.eq(i32x4(0, 1, 2, 3), i32x4.splat(lane)));
}

/** dx = g / total · (softmax · ((1 − s)·w[y] + (s / classes)·Σ w) − (1 − s)·w[y] at y − (s / classes)·w). */
export function crossEntropyGrad_f32(
  dx: usize,
  g: usize,
  gStride: i32,
  logits: usize,
  lse: usize,
  target: usize,
  weight: usize,
  total: usize,
  n: i32,
  classes: i32,
  inner: i32,
  ignoreIndex: i32,
  smoothing: f32,
  part: i32,
  parts: i32,
): i32 {
  const bad = checkClasses(target, n * inner, classes, ignoreIndex);
  if (bad != 0) return bad;
  const main: f32 = <f32>1 - smoothing;
  const smooth = smoothing / <f32>classes;
  const smoothTotal = smooth * (weight == 0 ? <f32>classes : <f32>sumRun(weight, classes));
  const stride = strideOf(inner);
  const step = stepOf(inner);
  let at = shareStart(n * inner, 4, part, parts);
  const end = shareStart(n * inner, 4, part + 1, parts);
  while (at < end) {
    const i = at / inner;
    const j = at - i * inner;
    const columns = min(4, min(inner - j, end - at));
    const offset = (<usize>i * classes * inner + j) << 2;
    let scale = splat(0);
    let factor = splat(0);
    let live = splat(0);
    for (let lane = 0; lane < columns; lane++) {
      const y = load<i32>(target + ((<usize>(at + lane)) << 2));
      if (y == ignoreIndex) continue;
      const s = sampleScale(g, gStride, total, at + lane);
      scale = withLane(scale, lane, reinterpret<i32>(s));
      factor = withLane(factor, lane, reinterpret<i32>(s * (main * weightOf(weight, y) + smoothTotal)));
      live = withLane(live, lane, -1);
    }
    let logSum = loadUpTo(lse + ((<usize>at) << 2), columns, splat(0));
    if (inner == 1) {
      scale = v128.shuffle<f32>(scale, scale, 0, 0, 0, 0);
      factor = v128.shuffle<f32>(factor, factor, 0, 0, 0, 0);
      live = v128.shuffle<f32>(live, live, 0, 0, 0, 0);
      logSum = v128.shuffle<f32>(logSum, logSum, 0, 0, 0, 0);
    }
    scale = f32x4.mul(scale, splat(smooth));
    let p = offset;
    for (let c = 0; c < classes; c += step, p += stride) {
      const count = inner == 1 ? classes - c : columns;
      let w = splat(1);
      if (weight != 0) {
        const own = weight + ((<usize>c) << 2);
        w = inner == 1 ? loadUpTo(own, count, w) : v128.load32_splat(own);
      }
      const e = expNonPositive(f32x4.sub(loadUpTo(logits + p, count, splat(0)), logSum));
      storeUpTo(dx + p, v128.and(live, nmadd(w, scale, f32x4.mul(e, factor))), count);
    }
    for (let lane = 0; lane < columns; lane++, at++) {
      const y = load<i32>(target + ((<usize>at) << 2));
      if (y == ignoreIndex) continue;
      const own = dx + offset + ((<usize>y * inner + lane) << 2);
      store<f32>(own, load<f32>(own) - sampleScale(g, gStride, total, at) * (main * weightOf(weight, y)));
    }
  }
  return 0;
}

/** max(x, 0) − x·target + log(1 + exp(−|x|)). */
export function bceWithLogits_f32(
  losses: usize,
  x: usize,
  target: usize,
  count: i32,
  part: i32,
  parts: i32,
): i32 {
  const end = shareStart(count, 16, part + 1, parts);
  for (let at = shareStart(count, 16, part, parts); at < end; at += 4) {
    const offset = (<usize>at) << 2;
    const v = loadUpTo(x + offset, end - at, splat(0));
    const rest = log1p(expNonPositive(f32x4.neg(f32x4.abs(v))));
    const t = loadUpTo(target + offset, end - at, splat(0));
    storeUpTo(losses + offset, f32x4.add(nmadd(v, t, f32x4.max(v, splat(0))), rest), end - at);
  }
  return 0;
}

/** dx = g · (sigmoid x − target). */
export function bceWithLogitsGrad_f32(
  dx: usize,
  g: usize,
  x: usize,
  target: usize,
  count: i32,
  part: i32,
  parts: i32,
): i32 {
  const end = shareStart(count, 16, part + 1, parts);
  for (let at = shareStart(count, 16, part, parts); at < end; at += 4) {
    const offset = (<usize>at) << 2;
    const t = loadUpTo(target + offset, end - at, splat(0));
    const d = f32x4.sub(sigmoid(loadUpTo(x + offset, end - at, splat(0))), t);
    storeUpTo(dx + offset, f32x4.mul(d, loadUpTo(g + offset, end - at, splat(0))), end - at);
  }
  return 0;
}


@final @unmanaged class BinaryCrossEntropy {

  @inline v(x: v128, t: v128): v128 {
    const hit = f32x4.neg(atLeast(log(x), -100));
    const miss = f32x4.neg(atLeast(log1p(f32x4.neg(x)), -100));
    return madd(t, hit, f32x4.mul(f32x4.sub(splat(1), t), miss));
  }
}

/** −t·log x − (1 − t)·log(1 − x), logarithms held at −100 and above (PyTorch's BCELoss). */
export function bce_f32(losses: usize, x: usize, target: usize, count: i32, part: i32, parts: i32): i32 {
  return zip<BinaryCrossEntropy>(losses, x, target, count, part, parts);
}
