/** Hyperbolic functions and their inverses on four f32 lanes: method and measurement as in `math.ts`. */
import { madd, select, splat } from "./f32";
import { atMost, expShifted, log1p, signBit } from "./math";

const LN2: f32 = 0.69314718055994531;

/** e^a / 2 for a ≥ 0, without overflow where the half still fits. */
@inline
function halfExp(a: v128): v128 {
  return f32x4.mul(expShifted(atMost(a, 90), -65), splat(18446744073709551616.0));
}

/** sinh x, 1.6 ulp. */
@inline
export function sinh(x: v128): v128 {
  const a = f32x4.abs(x);
  const z = f32x4.mul(a, a);
  // (sinh a − a) / a³ on a ≤ 1: 3e-10 of sinh.
  let p = madd(splat(2.7822131869470468e-6), z, splat(0.00019842895562760532));
  p = madd(p, z, splat(0.00833331048488617));
  p = madd(p, z, splat(0.1666666716337204));
  const small = madd(f32x4.mul(p, z), a, a);
  const half = halfExp(a);
  const large = f32x4.sub(half, f32x4.div(splat(0.25), half));
  return v128.or(select(f32x4.lt(a, splat(1)), small, large), signBit(x));
}

/** cosh x, 1.4 ulp. */
@inline
export function cosh(x: v128): v128 {
  const half = halfExp(f32x4.abs(x));
  return f32x4.add(half, f32x4.div(splat(0.25), half));
}

/** asinh x, 1.7 ulp: log1p(a + a²/(1 + √(1 + a²))). */
@inline
export function asinh(x: v128): v128 {
  const a = f32x4.abs(x);
  const huge = f32x4.gt(a, splat(1e9));
  const z = f32x4.mul(a, a);
  const root = f32x4.sqrt(f32x4.add(z, splat(1)));
  const u = select(huge, a, f32x4.add(a, f32x4.div(z, f32x4.add(root, splat(1)))));
  return v128.or(f32x4.add(log1p(u), v128.and(huge, splat(LN2))), signBit(x));
}

/** acosh x, 2 ulp: log1p(t + √(2t + t²)) with t = x − 1. */
@inline
export function acosh(x: v128): v128 {
  const huge = f32x4.gt(x, splat(1e9));
  const t = f32x4.sub(x, splat(1));
  const root = f32x4.sqrt(f32x4.mul(t, f32x4.add(t, splat(2))));
  const u = select(huge, x, f32x4.add(t, root));
  return v128.or(f32x4.add(log1p(u), v128.and(huge, splat(LN2))), f32x4.lt(x, splat(1)));
}

/** atanh x, 2 ulp: log1p(2a/(1 − a)) / 2. */
@inline
export function atanh(x: v128): v128 {
  const a = f32x4.abs(x);
  const ratio = f32x4.div(f32x4.add(a, a), f32x4.sub(splat(1), a));
  const y = f32x4.mul(log1p(ratio), splat(0.5));
  return v128.or(y, signBit(x));
}
