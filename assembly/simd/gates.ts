/**
 * Smooth activations on four f32 lanes, with their derivatives. All are made of e^−|…|, scaled by 2^64 until
 * the last product so that denormal results are rounded once; hence they keep their relative accuracy in the
 * left tail, where PyTorch's forms cancel. Measured as in `math.ts`.
 */
import { madd, select, splat } from "./f32";
import {
  atLeast,
  atMost,
  DOWN_52,
  DOWN_64,
  expNonPositive,
  expShifted,
  expShifted64,
  FAR,
  log1p,
  logistic,
  signBit,
} from "./math";
import { highHalf, joined, lowHalf } from "./power";

/** log(1 + e^z), 1.6 ulp. */
@inline
export function softplus(z: v128): v128 {
  return f32x4.add(f32x4.pmax(z, splat(0)), log1p(expNonPositive(f32x4.neg(f32x4.abs(z)))));
}

/** log sigmoid x = −softplus(−x), 1.6 ulp. */
@inline
export function logsigmoid(x: v128): v128 {
  return f32x4.neg(softplus(f32x4.neg(x)));
}

/** e^−|x| · 2^64; beyond 120 as at 120, where it is nothing. */
@inline
function decay64(x: v128): v128 {
  return expShifted(f32x4.neg(atMost(f32x4.abs(x), 120)), 64);
}

/** The positive side's value of x·s(x), given the factor that belongs to the negative side times 2^64. */
@inline
function sided(x: v128, y: v128, factor64: v128): v128 {
  return select(f32x4.lt(x, splat(0)), f32x4.mul(f32x4.mul(y, factor64), splat(DOWN_64)), y);
}

/** x·sigmoid(x), 3 ulp. */
@inline
export function silu(x: v128): v128 {
  const far = f32x4.lt(x, splat(FAR));
  const e52 = logistic(x, far);
  const left = f32x4.mul(f32x4.mul(atLeast(x, -120), e52), splat(DOWN_52));
  return select(far, left, f32x4.div(x, madd(e52, splat(DOWN_52), splat(1))));
}

/** s(1 + x(1 − s)) with s = sigmoid(x): 2e-7 absolute. */
@inline
export function siluSlope(x: v128): v128 {
  const e = f32x4.mul(decay64(x), splat(DOWN_64));
  return slope(x, e, atLeast(atMost(x, 120), -120));
}

/** s + s(1 − s)·t where s = 1/(1 + e) for x ≥ 0 and e/(1 + e) below. */
@inline
function slope(x: v128, e: v128, t: v128): v128 {
  const r = f32x4.div(splat(1), f32x4.add(e, splat(1)));
  const er = f32x4.mul(e, r);
  return madd(f32x4.mul(er, r), t, select(f32x4.lt(x, splat(0)), er, r));
}

/** x·tanh(softplus x), 4 ulp: tanh(log(1 + e)) = (e² + 2e) / (e² + 2e + 2). */
@inline
export function mish(x: v128): v128 {
  const e64 = expShifted(atLeast(atMost(x, 20), -120), 64);
  const e = f32x4.mul(e64, splat(DOWN_64));
  const e2 = f32x4.add(e, splat(2));
  const ratio = f32x4.div(e2, madd(e, e2, splat(2)));
  const left = f32x4.mul(f32x4.mul(f32x4.mul(atLeast(x, -120), ratio), e64), splat(DOWN_64));
  return select(f32x4.lt(x, splat(0)), left, f32x4.mul(x, f32x4.mul(e, ratio)));
}

/** t + x·s(1 − t²) with t = tanh(softplus x), s = sigmoid x, as (w + 4x·e(1 + e)/(w + 2)) / (w + 2), w = e² + 2e: 4e-7 absolute. */
@inline
export function mishSlope(x: v128): v128 {
  const bounded = atLeast(atMost(x, 20), -120);
  const e = f32x4.mul(expShifted(bounded, 64), splat(DOWN_64));
  const w = f32x4.mul(e, f32x4.add(e, splat(2)));
  const r = f32x4.div(splat(1), f32x4.add(w, splat(2)));
  const bend = f32x4.mul(f32x4.mul(f32x4.mul(bounded, splat(4)), madd(e, e, e)), r);
  return f32x4.mul(f32x4.add(w, bend), r);
}

const SQRT_8_OVER_PI: f64 = 1.5957691216057308;


@inline
function twiceInner(a: v128): v128 {
  const cubic = f64x2.mul(f64x2.mul(a, a), f64x2.splat(0.044715 * SQRT_8_OVER_PI));
  return f64x2.mul(a, f64x2.add(cubic, f64x2.splat(SQRT_8_OVER_PI)));
}

/** e^−2u · 2^64 with u = √(2/π)(a + 0.044715a³) in f64: the exponent's rounding would show in the tail. */
@inline
function tanhDecay64(a: v128): v128 {
  const low = twiceInner(lowHalf(a));
  const high = twiceInner(highHalf(a));
  const u = joined(low, high);
  const rest = joined(f64x2.sub(lowHalf(u), low), f64x2.sub(highHalf(u), high));
  return expShifted64(atLeast(f32x4.neg(u), -120), rest);
}

/** x(1 + tanh u)/2 = x·sigmoid(2u), u = √(2/π)(x + 0.044715x³): 3 ulp. */
@inline
export function geluTanh(x: v128): v128 {
  const e64 = tanhDecay64(atMost(f32x4.abs(x), 15));
  const e = f32x4.mul(e64, splat(DOWN_64));
  return sided(x, f32x4.div(atLeast(x, -15), f32x4.add(e, splat(1))), e64);
}

/** s + x·s(1 − s)·(2u)′ with s = sigmoid(2u): 2e-7 absolute. */
@inline
export function geluTanhSlope(x: v128): v128 {
  const bounded = atLeast(atMost(x, 15), -15);
  const e = f32x4.mul(tanhDecay64(f32x4.abs(bounded)), splat(DOWN_64));
  const square = f32x4.mul(bounded, bounded);
  const inner = madd(square, splat(<f32>(3 * 0.044715 * SQRT_8_OVER_PI)), splat(<f32>SQRT_8_OVER_PI));
  return slope(x, e, f32x4.mul(bounded, inner));
}
