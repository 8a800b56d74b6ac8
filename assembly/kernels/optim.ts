/**
 * Optimiser steps over whole parameters, the two most used; optimrules.ts has the others. `state` points to eight f64: the
 * learning rate, the number of steps, beta1 and beta2 to that power, beta1 (or the momentum), beta2, and two that a rule may
 * use; what changes from step to step lives there, so that a recorded program can be replayed and a schedule may move it. A
 * tick comes before the step.
 */
import { shareStart } from "../loops";
import { madd, nmadd, splat } from "../simd/f32";
import { loadUpTo, storeUpTo } from "../sums";

/** x to a whole power. */
export function power(x: f64, exponent: f64): f64 {
  let result: f64 = 1;
  let factor = x;
  for (let n = <i64>exponent; n > 0; n >>= 1) {
    if ((n & 1) != 0) result *= factor;
    factor *= factor;
  }
  return result;
}

/** Counts a step and takes both betas to that power. */
export function adamTick(state: usize, part: i32, parts: i32): i32 {
  if (part != 0) return 0;
  const t = load<f64>(state, 8) + 1;
  store<f64>(state, t, 8);
  store<f64>(state, power(load<f64>(state, 32), t), 16);
  store<f64>(state, power(load<f64>(state, 40), t), 24);
  return 0;
}

/** A step of `count` ≤ 4 elements. */
@inline
function adamLanes(
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  vmax: usize,
  keep1: v128,
  keep2: v128,
  take1: v128,
  take2: v128,
  step: v128,
  root: v128,
  eps: v128,
  decay: f32,
  shrink: v128,
  sign: v128,
  count: i32,
): void {
  const value = loadUpTo(p, count, splat(0));
  let gradient = v128.xor(loadUpTo(g, count, splat(0)), sign);
  if (decay != 0) gradient = madd(splat(decay), value, gradient);
  const first = madd(take1, gradient, f32x4.mul(keep1, loadUpTo(m, count, splat(0))));
  const taken = f32x4.mul(take2, gradient);
  let second = madd(taken, gradient, f32x4.mul(keep2, loadUpTo(v, count, splat(0))));
  storeUpTo(m, first, count);
  storeUpTo(v, second, count);
  if (vmax != 0) {
    second = f32x4.max(second, loadUpTo(vmax, count, splat(0)));
    storeUpTo(vmax, second, count);
  }
  const denominator = madd(f32x4.sqrt(second), root, eps);
  storeUpTo(p, nmadd(f32x4.div(first, denominator), step, f32x4.mul(value, shrink)), count);
}

/** A function of its own, and called from two places, so that no compiler moves the making of its arguments inside. */
function adamRun(
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  vmax: usize,
  keep1: v128,
  keep2: v128,
  take1: v128,
  take2: v128,
  step: v128,
  root: v128,
  eps: v128,
  decay: f32,
  shrink: v128,
  sign: v128,
  n: i32,
): void {
  for (; n >= 4; n -= 4, p += 16, g += 16, m += 16, v += 16) {
    adamLanes(p, g, m, v, vmax, keep1, keep2, take1, take2, step, root, eps, decay, shrink, sign, 4);
    if (vmax != 0) vmax += 16;
  }
  if (n > 0) adamLanes(p, g, m, v, vmax, keep1, keep2, take1, take2, step, root, eps, decay, shrink, sign, n);
}

/**
 * Adam (Kingma, Ba 2015), AMSGrad where `vmax` is not 0, AdamW (Loshchilov, Hutter 2019) where `decoupled` is set, as
 * PyTorch computes them: p −= lr / (1 − beta1^t) · m / (√v / √(1 − beta2^t) + eps).
 */
export function adam_f32(
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  vmax: usize,
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
  const step = splat(<f32>(lr / (1 - load<f64>(state, 16))));
  const root = splat(<f32>(1 / sqrt<f64>(1 - load<f64>(state, 24))));
  const beta1 = load<f64>(state, 32);
  const beta2 = load<f64>(state, 40);
  const keep1 = splat(<f32>beta1);
  const keep2 = splat(<f32>beta2);
  const take1 = splat(<f32>(1 - beta1));
  const take2 = splat(<f32>(1 - beta2));
  const sign = i32x4.splat(maximize != 0 ? 0x80000000 : 0);
  const shrink = splat(decoupled != 0 ? <f32>(1 - lr * <f64>weightDecay) : 1);
  const decay = decoupled != 0 ? <f32>0 : weightDecay;
  const begin = shareStart(n, 16, part, parts);
  const count = shareStart(n, 16, part + 1, parts) - begin;
  const at = (<usize>begin) << 2;
  p += at;
  g += at;
  m += at;
  v += at;
  const floor = splat(eps);
  if (vmax == 0) {
    adamRun(p, g, m, v, 0, keep1, keep2, take1, take2, step, root, floor, decay, shrink, sign, count);
  } else {
    adamRun(p, g, m, v, vmax + at, keep1, keep2, take1, take2, step, root, floor, decay, shrink, sign, count);
  }
  return 0;
}

/** Counts a step. */
export function sgdTick(state: usize, part: i32, parts: i32): i32 {
  if (part == 0) store<f64>(state, load<f64>(state, 8) + 1, 8);
  return 0;
}

/** A step of `count` ≤ 4 elements. */
@inline
function sgdLanes(
  p: usize,
  g: usize,
  buf: usize,
  lr: v128,
  keep: v128,
  take: v128,
  decay: f32,
  sign: v128,
  initial: bool,
  nesterov: i32,
  count: i32,
): void {
  const value = loadUpTo(p, count, splat(0));
  let gradient = v128.xor(loadUpTo(g, count, splat(0)), sign);
  if (decay != 0) gradient = madd(splat(decay), value, gradient);
  if (buf != 0) {
    let mean = gradient;
    if (!initial) mean = madd(keep, loadUpTo(buf, count, splat(0)), f32x4.mul(take, gradient));
    storeUpTo(buf, mean, count);
    gradient = nesterov != 0 ? madd(keep, mean, gradient) : mean;
  }
  storeUpTo(p, nmadd(gradient, lr, value), count);
}

/**
 * Gradient descent, with momentum where `buf` is not 0 (Sutskever et al. 2013, in PyTorch's form): buf = momentum · buf +
 * (1 − dampening) · g, the gradient itself in the first step; p −= lr · buf, or lr · (g + momentum · buf) for Nesterov.
 */
export function sgd_f32(
  p: usize,
  g: usize,
  buf: usize,
  state: usize,
  dampening: f32,
  weightDecay: f32,
  nesterov: i32,
  maximize: i32,
  n: i32,
  part: i32,
  parts: i32,
): i32 {
  const lr = splat(<f32>load<f64>(state));
  const initial = load<f64>(state, 8) <= 1;
  const keep = splat(<f32>load<f64>(state, 32));
  const take = splat(<f32>(1 - <f64>dampening));
  const sign = i32x4.splat(maximize != 0 ? 0x80000000 : 0);
  const begin = shareStart(n, 16, part, parts);
  let left = shareStart(n, 16, part + 1, parts) - begin;
  const at = (<usize>begin) << 2;
  p += at;
  g += at;
  if (buf != 0) buf += at;
  for (; left >= 4; left -= 4, p += 16, g += 16) {
    sgdLanes(p, g, buf, lr, keep, take, weightDecay, sign, initial, nesterov, 4);
    if (buf != 0) buf += 16;
  }
  if (left > 0) sgdLanes(p, g, buf, lr, keep, take, weightDecay, sign, initial, nesterov, left);
  return 0;
}
