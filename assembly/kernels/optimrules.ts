/**
 * Optimiser steps beside SGD and Adam, as PyTorch computes them, over whole parameters; `state` is the row of eight f64
 * that optim.ts describes. One copy of each rule serves full vectors and the tail.
 */
import { lanesLeft, shareStart } from "../loops";
import { hsum64, madd, nmadd, select, splat } from "../simd/f32";
import { high, loadUpTo, low, storeUpTo } from "../sums";
import { power } from "./optim";

/** Byte offset at which a part's share begins; `part + 1` gives the end. */
@inline
function share(n: i32, part: i32, parts: i32): usize {
  return (<usize>shareStart(n, 16, part, parts)) << 2;
}

/** Four numbers, and `fill` behind the last: made outside of the loop, in which V8 would build a constant anew. */
@inline
function lanes(p: usize, count: i32, fill: v128): v128 {
  return loadUpTo(p, count, fill);
}

/** The gradient, turned round to climb by the `sign` bits, with the L2 penalty. */
@inline
function slope(g: usize, value: v128, decay: v128, sign: v128, count: i32): v128 {
  const gradient = v128.xor(loadUpTo(g, count, value), sign);
  // Without decay an infinite weight leaves the gradient as it is.
  return v128.any_true(decay) ? madd(decay, value, gradient) : gradient;
}

/** The sign bits to climb. */
@inline
function signOf(maximize: i32): v128 {
  return i32x4.splat(maximize << 31);
}

/** beta · mean + (1 − beta) · x. */
@inline
function blend(keep: v128, mean: v128, take: v128, x: v128): v128 {
  return madd(take, x, f32x4.mul(keep, mean));
}

/** Number `index` of the row in all lanes. */
@inline
function splatOf(state: usize, index: i32): v128 {
  return splat(<f32>load<f64>(state + ((<usize>index) << 3)));
}

/** What number `index` of the row lacks to 1, in all lanes. */
@inline
function restOf(state: usize, index: i32): v128 {
  return splat(<f32>(1 - load<f64>(state + ((<usize>index) << 3))));
}

/**
 * square = keep · square + take · g²; p −= lr · g / (√square + eps), with momentum where `buf` is not 0. Where `mean` is not 0
 * the square of the gradient's mean is taken off first; rounding may make that less than 0, which counts as 0.
 */
function stepByRoot(
  p: usize,
  g: usize,
  square: usize,
  buf: usize,
  mean: usize,
  rate: f64,
  keep: v128,
  take: v128,
  momentum: v128,
  eps: f32,
  weightDecay: f32,
  maximize: i32,
  n: i32,
  part: i32,
  parts: i32,
): void {
  const lr = splat(<f32>rate);
  const floor = splat(eps);
  const fill = splat(0);
  const sign = signOf(maximize);
  const decay = splat(weightDecay);
  const stop = share(n, part + 1, parts);
  for (let i = share(n, part, parts); i < stop; i += 16) {
    const count = lanesLeft<f32>(i, stop);
    const value = lanes(p + i, count, fill);
    const gradient = slope(g + i, value, decay, sign, count);
    let scale = blend(keep, lanes(square + i, count, fill), take, f32x4.mul(gradient, gradient));
    storeUpTo(square + i, scale, count);
    if (mean != 0) {
      const centre = blend(keep, lanes(mean + i, count, fill), take, gradient);
      storeUpTo(mean + i, centre, count);
      scale = f32x4.max(nmadd(centre, centre, scale), fill);
    }
    let step = f32x4.div(gradient, f32x4.add(f32x4.sqrt(scale), floor));
    if (buf != 0) {
      step = madd(momentum, lanes(buf + i, count, fill), step);
      storeUpTo(buf + i, step, count);
    }
    storeUpTo(p + i, nmadd(step, lr, value), count);
  }
}

/**
 * RMSprop (Hinton 2012), centred where `mean` is not 0 (Graves 2013): the square's average keeps alpha, which is at 5 of
 * the row.
 */
export function rmsprop_f32(
  p: usize,
  g: usize,
  square: usize,
  buf: usize,
  mean: usize,
  state: usize,
  eps: f32,
  weightDecay: f32,
  maximize: i32,
  n: i32,
  part: i32,
  parts: i32,
): i32 {
  const keep = splatOf(state, 5);
  const take = restOf(state, 5);
  const momentum = splatOf(state, 4);
  const lr = load<f64>(state);
  // prettier-ignore
  stepByRoot(p, g, square, buf, mean, lr, keep, take, momentum, eps, weightDecay, maximize, n, part, parts);
  return 0;
}

/**
 * Adagrad (Duchi, Hazan, Singer 2011): the squares' sum, and the rate of step t is lr / (1 + (t − 1) · lrDecay), lrDecay at 5
 * of the row.
 */
export function adagrad_f32(
  p: usize,
  g: usize,
  sum: usize,
  state: usize,
  eps: f32,
  weightDecay: f32,
  maximize: i32,
  n: i32,
  part: i32,
  parts: i32,
): i32 {
  const one = splat(1);
  const lr = load<f64>(state) / (1 + (load<f64>(state, 8) - 1) * load<f64>(state, 40));
  // prettier-ignore
  stepByRoot(p, g, sum, 0, 0, lr, one, one, one, eps, weightDecay, maximize, n, part, parts);
  return 0;
}

/**
 * Adadelta (Zeiler 2012): square = rho · square + (1 − rho) · g²; d = √(acc + eps) / √(square + eps) · g;
 * acc = rho · acc + (1 − rho) · d²; p −= lr · d. Row: rho at 5.
 */
export function adadelta_f32(
  p: usize,
  g: usize,
  square: usize,
  acc: usize,
  state: usize,
  eps: f32,
  weightDecay: f32,
  maximize: i32,
  n: i32,
  part: i32,
  parts: i32,
): i32 {
  const lr = splatOf(state, 0);
  const keep = splatOf(state, 5);
  const take = restOf(state, 5);
  const floor = splat(eps);
  const fill = splat(0);
  const sign = signOf(maximize);
  const decay = splat(weightDecay);
  const stop = share(n, part + 1, parts);
  for (let i = share(n, part, parts); i < stop; i += 16) {
    const count = lanesLeft<f32>(i, stop);
    const value = lanes(p + i, count, fill);
    const gradient = slope(g + i, value, decay, sign, count);
    const scale = blend(keep, lanes(square + i, count, fill), take, f32x4.mul(gradient, gradient));
    const steps = lanes(acc + i, count, fill);
    const ratio = f32x4.div(f32x4.sqrt(f32x4.add(steps, floor)), f32x4.sqrt(f32x4.add(scale, floor)));
    const step = f32x4.mul(ratio, gradient);
    storeUpTo(square + i, scale, count);
    storeUpTo(acc + i, blend(keep, steps, take, f32x4.mul(step, step)), count);
    storeUpTo(p + i, nmadd(step, lr, value), count);
  }
  return 0;
}

/**
 * Adamax (Kingma, Ba 2015): m as in Adam; u = max(beta2 · u, |g| + eps); p −= lr / (1 − beta1^t) · m / u. Its tick is
 * Adam's.
 */
export function adamax_f32(
  p: usize,
  g: usize,
  m: usize,
  u: usize,
  state: usize,
  eps: f32,
  weightDecay: f32,
  maximize: i32,
  n: i32,
  part: i32,
  parts: i32,
): i32 {
  const lr = splat(<f32>(load<f64>(state) / (1 - load<f64>(state, 16))));
  const keep1 = splatOf(state, 4);
  const take1 = restOf(state, 4);
  const keep2 = splatOf(state, 5);
  const floor = splat(eps);
  const fill = splat(0);
  const sign = signOf(maximize);
  const decay = splat(weightDecay);
  const stop = share(n, part + 1, parts);
  for (let i = share(n, part, parts); i < stop; i += 16) {
    const count = lanesLeft<f32>(i, stop);
    const value = lanes(p + i, count, fill);
    const gradient = slope(g + i, value, decay, sign, count);
    const first = blend(keep1, lanes(m + i, count, fill), take1, gradient);
    const largest = f32x4.max(
      f32x4.mul(keep2, lanes(u + i, count, fill)),
      f32x4.add(f32x4.abs(gradient), floor),
    );
    storeUpTo(m + i, first, count);
    storeUpTo(u + i, largest, count);
    storeUpTo(p + i, nmadd(f32x4.div(first, largest), lr, value), count);
  }
  return 0;
}

/** With Adam's averages: p = shrink · p − (fresh · g + step · m) / (root · √v + eps). */
function stepByMoments(
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  state: usize,
  fresh: f32,
  step: f32,
  root: f32,
  eps: f32,
  weightDecay: f32,
  decoupled: i32,
  maximize: i32,
  n: i32,
  part: i32,
  parts: i32,
): void {
  const shrink = splat(decoupled != 0 ? <f32>(1 - load<f64>(state) * <f64>weightDecay) : 1);
  const decay = splat(decoupled != 0 ? 0 : weightDecay);
  const keep1 = splatOf(state, 4);
  const take1 = restOf(state, 4);
  const keep2 = splatOf(state, 5);
  const take2 = restOf(state, 5);
  const byGradient = splat(fresh);
  const byMean = splat(step);
  const ratio = splat(root);
  const floor = splat(eps);
  const fill = splat(0);
  const sign = signOf(maximize);
  const stop = share(n, part + 1, parts);
  for (let i = share(n, part, parts); i < stop; i += 16) {
    const count = lanesLeft<f32>(i, stop);
    const value = lanes(p + i, count, fill);
    const gradient = slope(g + i, value, decay, sign, count);
    const first = blend(keep1, lanes(m + i, count, fill), take1, gradient);
    const second = blend(keep2, lanes(v + i, count, fill), take2, f32x4.mul(gradient, gradient));
    storeUpTo(m + i, first, count);
    storeUpTo(v + i, second, count);
    const direction = madd(byGradient, gradient, f32x4.mul(byMean, first));
    const scale = madd(ratio, f32x4.sqrt(second), floor);
    storeUpTo(p + i, f32x4.sub(f32x4.mul(value, shrink), f32x4.div(direction, scale)), count);
  }
}

/** NAdam's momentum in step t: beta1 · (1 − 0.96^(t · decay) / 2), decay at 6 of the row. */
function warmMomentum(state: usize, t: f64): f64 {
  const exponent = t * load<f64>(state, 48);
  const whole = floor<f64>(exponent);
  // 0.96 to what is left of the exponent, by the exponential's series: the argument is above −0.041.
  const x = (exponent - whole) * -0.040821994520255166;
  let sum: f64 = 1;
  for (let k: f64 = 9; k > 0; k--) sum = 1 + (sum * x) / k;
  return load<f64>(state, 32) * (1 - 0.5 * power(0.96, whole) * sum);
}

/** Counts a step of NAdam: its momentum goes to 7 of the row, the product of all momenta so far to 2, beta2^t to 3. */
export function nadamTick(state: usize, part: i32, parts: i32): i32 {
  if (part != 0) return 0;
  const t = load<f64>(state, 8) + 1;
  const momentum = warmMomentum(state, t);
  store<f64>(state, t, 8);
  store<f64>(state, load<f64>(state, 16) * momentum, 16);
  store<f64>(state, power(load<f64>(state, 40), t), 24);
  store<f64>(state, momentum, 56);
  return 0;
}

/**
 * NAdam (Dozat 2016): Adam that looks ahead by its momentum μ(t), which warms up:
 * p −= lr · ((1 − μ(t)) / (1 − Π μ) · g + μ(t+1) / (1 − Π μ · μ(t) · μ(t+1)) · m) / (√(v / (1 − beta2^t)) + eps). The second μ(t)
 * is in PyTorch 1, though not in the paper.
 */
export function nadam_f32(
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  state: usize,
  eps: f32,
  weightDecay: f32,
  decoupled: i32,
  maximize: i32,
  n: i32,
  part: i32,
  parts: i32,
): i32 {
  const lr = load<f64>(state);
  const product = load<f64>(state, 16);
  const momentum = load<f64>(state, 56);
  const next = warmMomentum(state, load<f64>(state, 8) + 1);
  const fresh = <f32>((lr * (1 - momentum)) / (1 - product));
  const step = <f32>((lr * next) / (1 - product * momentum * next));
  const root = <f32>(1 / sqrt<f64>(1 - load<f64>(state, 24)));
  // prettier-ignore
  stepByMoments(p, g, m, v, state, fresh, step, root, eps, weightDecay, decoupled, maximize, n, part, parts);
  return 0;
}

/**
 * RAdam (Liu et al. 2020): Adam whose step is rectified by what is known of the variance, and which goes by the mean alone
 * while that is too little. Its tick is Adam's.
 */
export function radam_f32(
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  state: usize,
  eps: f32,
  weightDecay: f32,
  decoupled: i32,
  maximize: i32,
  n: i32,
  part: i32,
  parts: i32,
): i32 {
  const rest = 1 - load<f64>(state, 24);
  const most = 2 / (1 - load<f64>(state, 40)) - 1;
  const known = most - (2 * load<f64>(state, 8) * load<f64>(state, 24)) / rest;
  let step = load<f64>(state) / (1 - load<f64>(state, 16));
  const rectified = known > 5;
  if (rectified) {
    step *= sqrt<f64>((rest * (known - 4) * (known - 2) * most) / ((most - 4) * (most - 2) * known));
  }
  const root: f32 = rectified ? 1 : 0;
  const least: f32 = rectified ? eps : 1;
  // prettier-ignore
  stepByMoments(p, g, m, v, state, 0, <f32>step, root, least, weightDecay, decoupled, maximize, n, part, parts);
  return 0;
}

/**
 * Lion (Chen et al. 2023): p = (1 − lr · weightDecay) · p − lr · sign(beta1 · m + (1 − beta1) · g); then
 * m = beta2 · m + (1 − beta2) · g.
 */
export function lion_f32(
  p: usize,
  g: usize,
  m: usize,
  state: usize,
  weightDecay: f32,
  maximize: i32,
  n: i32,
  part: i32,
  parts: i32,
): i32 {
  const lr = splatOf(state, 0);
  const shrink = splat(<f32>(1 - load<f64>(state) * <f64>weightDecay));
  const keep1 = splatOf(state, 4);
  const take1 = restOf(state, 4);
  const keep2 = splatOf(state, 5);
  const take2 = restOf(state, 5);
  const one = splat(1);
  const signs = i32x4.splat(0x80000000);
  const fill = splat(0);
  const climb = signOf(maximize);
  const stop = share(n, part + 1, parts);
  for (let i = share(n, part, parts); i < stop; i += 16) {
    const count = lanesLeft<f32>(i, stop);
    const value = lanes(p + i, count, fill);
    const gradient = v128.xor(lanes(g + i, count, fill), climb);
    const mean = lanes(m + i, count, fill);
    const mix = blend(keep1, mean, take1, gradient);
    // 0 and NaN stay what they are.
    const some = f32x4.gt(f32x4.abs(mix), fill);
    const sign = select(some, select(signs, mix, one), mix);
    storeUpTo(m + i, blend(keep2, mean, take2, gradient), count);
    storeUpTo(p + i, nmadd(sign, lr, f32x4.mul(value, shrink)), count);
  }
  return 0;
}

/** LAMB's direction: mean · m / (root · √v + eps) + decay · p. */
@inline
function trusted(value: v128, m: v128, v: v128, mean: v128, root: v128, eps: v128, decay: v128): v128 {
  const step = f32x4.div(f32x4.mul(mean, m), madd(root, f32x4.sqrt(v), eps));
  return v128.any_true(decay) ? madd(decay, value, step) : step;
}

/** Σ x² of the lanes, added to `sum`. */
@inline
function addSquares(sum: v128, x: v128): v128 {
  const lo = low(x);
  const hi = high(x);
  return f64x2.add(sum, f64x2.add(f64x2.mul(lo, lo), f64x2.mul(hi, hi)));
}

/**
 * The first half of a step of LAMB: Adam's averages, and the ratio of the norms of the parameter and of its direction to 6 of the
 * row. One part does it.
 */
export function lambRatio_f32(
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  state: usize,
  eps: f32,
  weightDecay: f32,
  maximize: i32,
  n: i32,
  part: i32,
  parts: i32,
): i32 {
  if (part != 0) return 0;
  const keep1 = splatOf(state, 4);
  const take1 = restOf(state, 4);
  const keep2 = splatOf(state, 5);
  const take2 = restOf(state, 5);
  const mean = splat(<f32>(1 / (1 - load<f64>(state, 16))));
  const root = splat(<f32>(1 / sqrt<f64>(1 - load<f64>(state, 24))));
  const floor = splat(eps);
  const decay = splat(weightDecay);
  const sign = signOf(maximize);
  const fill = splat(0);
  let weights = f64x2.splat(0);
  let steps = f64x2.splat(0);
  const stop = (<usize>n) << 2;
  for (let i: usize = 0; i < stop; i += 16) {
    const count = lanesLeft<f32>(i, stop);
    const value = lanes(p + i, count, fill);
    const gradient = v128.xor(lanes(g + i, count, fill), sign);
    const first = blend(keep1, lanes(m + i, count, fill), take1, gradient);
    const second = blend(keep2, lanes(v + i, count, fill), take2, f32x4.mul(gradient, gradient));
    storeUpTo(m + i, first, count);
    storeUpTo(v + i, second, count);
    weights = addSquares(weights, value);
    // Behind the last element 0 / eps is 0, or NaN where eps is 0.
    const step = trusted(value, first, second, mean, root, floor, decay);
    steps = addSquares(steps, count < 4 ? lanesOf(step, count) : step);
  }
  const size = sqrt<f64>(hsum64(weights));
  const length = sqrt<f64>(hsum64(steps));
  store<f64>(state, size == 0 || length == 0 ? 1 : size / length, 48);
  return 0;
}

/** The first `count` lanes, the others 0. */
@inline
function lanesOf(x: v128, count: i32): v128 {
  return v128.and(x, i32x4.gt_s(i32x4.splat(count), i32x4(0, 1, 2, 3)));
}

/** LAMB (You et al. 2020): p −= lr · ratio · direction, with what lambRatio left in the row and the averages. */
export function lamb_f32(
  p: usize,
  m: usize,
  v: usize,
  state: usize,
  eps: f32,
  weightDecay: f32,
  n: i32,
  part: i32,
  parts: i32,
): i32 {
  const lr = splat(<f32>(load<f64>(state) * load<f64>(state, 48)));
  const mean = splat(<f32>(1 / (1 - load<f64>(state, 16))));
  const root = splat(<f32>(1 / sqrt<f64>(1 - load<f64>(state, 24))));
  const floor = splat(eps);
  const decay = splat(weightDecay);
  const fill = splat(0);
  const stop = share(n, part + 1, parts);
  for (let i = share(n, part, parts); i < stop; i += 16) {
    const count = lanesLeft<f32>(i, stop);
    const value = lanes(p + i, count, fill);
    const step = trusted(
      value,
      lanes(m + i, count, fill),
      lanes(v + i, count, fill),
      mean,
      root,
      floor,
      decay,
    );
    storeUpTo(p + i, nmadd(step, lr, value), count);
  }
  return 0;
}

/**
 * Counts a value of an average of weights. `state` is four f64: the decay, or −1 for the plain mean; values so far; the new
 * value's weight. The first value counts in full.
 */
export function averageTick(state: usize, part: i32, parts: i32): i32 {
  if (part != 0) return 0;
  const decay = load<f64>(state);
  const count = load<f64>(state, 8) + 1;
  store<f64>(state, count, 8);
  store<f64>(state, count == 1 ? 1 : decay < 0 ? 1 / count : 1 - decay, 16);
  return 0;
}

/** mean += weight · (x − mean), from the nearer end, so that a weight of 1 gives x itself. */
export function average_f32(mean: usize, x: usize, state: usize, n: i32, part: i32, parts: i32): i32 {
  const weight = load<f64>(state, 16);
  const near = weight < 0.5;
  const share1 = splat(<f32>(near ? weight : weight - 1));
  const fill = splat(0);
  const stop = share(n, part + 1, parts);
  for (let i = share(n, part, parts); i < stop; i += 16) {
    const count = lanesLeft<f32>(i, stop);
    const old = lanes(mean + i, count, fill);
    const fresh = lanes(x + i, count, fill);
    storeUpTo(mean + i, madd(share1, f32x4.sub(fresh, old), near ? old : fresh), count);
  }
  return 0;
}
