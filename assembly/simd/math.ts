/**
 * Exponentials, logarithms and what is made of them, on four f32 lanes.
 *
 * Method: range reduction as in Cephes and fdlibm, then minimax polynomials fitted for these files (Remez
 * exchange, coefficients rounded to f32 one after the other from the constant term up). The bounds in ulp were
 * measured against f64 over 2^22 bit patterns of all exponents, and hold for both builds. Every function takes
 * NaN, infinities, signed zeros and denormals, and neither reads nor writes memory.
 */
import { madd, nmadd, select, splat } from "./f32";

/** Adding it rounds a small f32 to an integer, found in the low bits of the sum. */
export const ROUNDER: f32 = 12582912; // 1.5 · 2^23
const ROUNDER_BITS: i32 = 0x4b400000;
export const LOG2E: f32 = 1.44269504088896341;
/** ln 2 in two parts; multiples of the first up to 2^14 are exact. */
export const LN2_HI: f32 = 0.693359375;
export const LN2_LO: f32 = -2.12194440054690583e-4;
const INF: f32 = Infinity;


@inline
export function signBit(x: v128): v128 {
  return v128.and(x, i32x4.splat(0x80000000));
}

/** The lower of x and the bound, and NaN for NaN. */
@inline
export function atMost(x: v128, bound: f32): v128 {
  return f32x4.pmin(x, splat(bound));
}

/** The higher of x and the bound, and NaN for NaN. */
@inline
export function atLeast(x: v128, bound: f32): v128 {
  return f32x4.pmax(x, splat(bound));
}

/** (e^r − 1 − r) / r² on ±ln 2 / 2: 3.2e-9 of e^r. */
@inline
function expTail(r: v128): v128 {
  let p = madd(splat(0.0013838002923876047), r, splat(0.00836916547268629));
  p = madd(p, r, splat(0.04166810214519501));
  p = madd(p, r, splat(0.16666516661643982));
  return madd(p, r, splat(0.4999999403953552));
}

/** x·log2 e rounded to an integer, plus ROUNDER. */
@inline
function rounded(x: v128): v128 {
  return madd(x, splat(LOG2E), splat(ROUNDER));
}

/** x − n·LN2_HI where t = n + ROUNDER: exact. */
@inline
function reducedHigh(x: v128, t: v128): v128 {
  return nmadd(f32x4.sub(t, splat(ROUNDER)), splat(LN2_HI), x);
}

/** What x − n·ln 2 lacks of `reducedHigh`. */
@inline
function reducedLow(t: v128): v128 {
  return f32x4.mul(f32x4.sub(t, splat(ROUNDER)), splat(-LN2_LO));
}

/** e^(high + low) − 1 for a reduced argument: the low part joins where it is rounded least. */
@inline
function expm1Reduced(high: v128, low: v128): v128 {
  const r = f32x4.add(high, low);
  return f32x4.add(high, madd(f32x4.mul(expTail(r), r), r, low));
}

/** 2^(n + shift) where t = n + ROUNDER and −127 < n + shift < 128. */
@inline
function power2(t: v128, shift: i32): v128 {
  return i32x4.shl(i32x4.sub(t, i32x4.splat(ROUNDER_BITS - 127 - shift)), 23);
}

/** e^x · 2^shift for −0.69·(126 + shift) ≤ x ≤ 0.69·(127 − shift), and NaN; 1.2 ulp. */
@inline
export function expShifted(x: v128, shift: f32): v128 {
  // The rounder holds the exponent's bias, so that the sum's low bits are the power of two.
  const rounder: f32 = ROUNDER + 127 + shift;
  const t = madd(x, splat(LOG2E), splat(rounder));
  const n = f32x4.sub(t, splat(rounder));
  const scale = i32x4.shl(t, 23);
  const r = nmadd(n, splat(LN2_LO), nmadd(n, splat(LN2_HI), x));
  return madd(f32x4.mul(r, scale), madd(expTail(r), r, splat(1)), scale);
}

/** e^(x + low) · 2^64 for a low part that corrects x, −120 ≤ x ≤ 40. */
@inline
export function expShifted64(x: v128, low: v128): v128 {
  const rounder: f32 = ROUNDER + 127 + 64;
  const t = madd(x, splat(LOG2E), splat(rounder));
  const n = f32x4.sub(t, splat(rounder));
  const scale = i32x4.shl(t, 23);
  const r = f32x4.add(nmadd(n, splat(LN2_HI), x), nmadd(n, splat(LN2_LO), low));
  return madd(f32x4.mul(r, scale), madd(expTail(r), r, splat(1)), scale);
}

/** 2^−64: undoes the shift of `expShifted(x, 64)`, so that a denormal result is rounded once. */
export const DOWN_64: f32 = 5.421010862427522e-20;

/** e^x, 1.2 ulp. */
@inline
export function exp(x: v128): v128 {
  const bounded = atLeast(atMost(x, 89), -104);
  const rounder: f32 = ROUNDER + 127; // as of `expShifted`: the same halves go up
  const t = madd(bounded, splat(LOG2E), splat(rounder));
  const n = f32x4.sub(t, splat(rounder));
  const r = nmadd(n, splat(LN2_LO), nmadd(n, splat(LN2_HI), bounded));
  const y = madd(r, madd(expTail(r), r, splat(1)), splat(1));
  // 2^n in two halves, as one may be out of range.
  const whole = i32x4.sub(t, i32x4.splat(ROUNDER_BITS + 127));
  const half = i32x4.shr_s(whole, 1);
  const first = f32x4.mul(y, i32x4.shl(i32x4.add(half, i32x4.splat(127)), 23));
  return f32x4.mul(first, i32x4.shl(i32x4.add(i32x4.sub(whole, half), i32x4.splat(127)), 23));
}

/** e^x for x ≤ 0 (right up to 40): cheaper than `exp`, 1.2 ulp. */
@inline
export function expNonPositive(x: v128): v128 {
  return f32x4.mul(expShifted(atLeast(x, -104), 64), splat(DOWN_64));
}

/** e^x − 1, 1.5 ulp. */
@inline
export function expm1(x: v128): v128 {
  const bounded = atLeast(atMost(x, 89), -18);
  const t = rounded(bounded);
  const small = expm1Reduced(reducedHigh(bounded, t), reducedLow(t));
  const half = power2(t, -1); // 2^n may be too large for a float
  const y = madd(half, small, f32x4.sub(half, splat(0.5)));
  const unscaled = f32x4.eq(t, splat(ROUNDER));
  return v128.or(select(unscaled, small, f32x4.add(y, y)), signBit(x));
}

/** (log(1 + f) − f + f²/2) / f³ on √½ − 1 … √2 − 1: 5.9e-9 of log(1 + f). */
@inline
function logTail(f: v128): v128 {
  let p = madd(splat(-0.0764356479048729), f, splat(0.12771466374397278));
  p = madd(p, f, splat(-0.13161545991897583));
  p = madd(p, f, splat(0.14200545847415924));
  p = madd(p, f, splat(-0.16623105108737946));
  p = madd(p, f, splat(0.2000126838684082));
  p = madd(p, f, splat(-0.2500082850456238));
  return madd(p, f, splat(0.3333333134651184));
}

/** Exponent of x as x = 2^e · m with √½ ≤ m < √2, for normal x (its bits less those of √½). */
@inline
function logBits(x: v128): v128 {
  return i32x4.sub(x, i32x4.splat(0x3f3504f3));
}


@inline
function exponentOf(bits: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.shr_s(bits, 23));
}

/** m − 1. */
@inline
function fractionOf(bits: v128): v128 {
  const mantissa = v128.and(bits, i32x4.splat(0x007fffff));
  return f32x4.sub(i32x4.add(mantissa, i32x4.splat(0x3f3504f3)), splat(1));
}

/** log(1 + f) − f. */
@inline
function logRest(f: v128): v128 {
  const square = f32x4.mul(f, f);
  return nmadd(square, splat(0.5), f32x4.mul(f32x4.mul(square, f), logTail(f)));
}

/** −∞ at 0, ∞ at ∞ and NaN for negative x and NaN; `y` elsewhere. */
@inline
function logLimits(x: v128, y: v128): v128 {
  const limited = select(f32x4.eq(x, splat(0)), splat(-INF), select(f32x4.eq(x, splat(INF)), x, y));
  return v128.or(limited, v128.not(f32x4.ge(x, splat(0))));
}

/** Denormals times 2^23. */
@inline
function normalised(x: v128, denormal: v128): v128 {
  return select(denormal, f32x4.mul(x, splat(8388608)), x);
}


@inline
function isDenormal(x: v128): v128 {
  return f32x4.lt(x, splat(1.1754943508222875e-38));
}

/** The exponent of x when `normalised` has shifted it. */
@inline
function shiftedExponent(bits: v128, denormal: v128): v128 {
  return f32x4.sub(exponentOf(bits), v128.and(denormal, splat(23)));
}

/** log x, 0.9 ulp. */
@inline
export function log(x: v128): v128 {
  const denormal = isDenormal(x);
  const bits = logBits(normalised(x, denormal));
  const e = shiftedExponent(bits, denormal);
  const f = fractionOf(bits);
  const y = f32x4.add(f, madd(e, splat(LN2_LO), logRest(f)));
  return logLimits(x, madd(e, splat(LN2_HI), y));
}

/** log2 x, 1.4 ulp; exact for powers of two. */
@inline
export function log2(x: v128): v128 {
  const denormal = isDenormal(x);
  const bits = logBits(normalised(x, denormal));
  const e = shiftedExponent(bits, denormal);
  const f = fractionOf(bits);
  const rest = logRest(f);
  // log2 e = 1 + 0.4427 keeps the product's rounding small.
  let y = madd(rest, splat(0.44269504088896341), f32x4.mul(f, splat(0.44269504088896341)));
  y = f32x4.add(f32x4.add(y, rest), f);
  return logLimits(x, f32x4.add(y, e));
}

/** log10 x, 1.7 ulp. */
@inline
export function log10(x: v128): v128 {
  const denormal = isDenormal(x);
  const bits = logBits(normalised(x, denormal));
  const e = shiftedExponent(bits, denormal);
  const f = fractionOf(bits);
  const rest = logRest(f);
  // log10 e and log10 2 in two parts, the first of few bits.
  let y = madd(e, splat(2.48745663981195213739e-4), f32x4.mul(f, splat(7.00731903251827651129e-4)));
  y = madd(rest, splat(4.34294481903251827651e-1), y);
  y = madd(f, splat(4.3359375e-1), y);
  return logLimits(x, madd(e, splat(3.0078125e-1), y));
}

/** log(1 + x), 0.9 ulp: the rounding error of 1 + x is added back (Kahan; fdlibm). */
@inline
export function log1p(x: v128): v128 {
  const u = f32x4.add(x, splat(1));
  const lost = f32x4.div(f32x4.sub(x, f32x4.sub(u, splat(1))), u);
  const bits = logBits(u);
  const e = exponentOf(bits);
  const f = fractionOf(bits);
  const y = f32x4.add(f, f32x4.add(lost, madd(e, splat(LN2_LO), logRest(f))));
  return v128.or(logLimits(u, madd(e, splat(LN2_HI), y)), signBit(x));
}

/** 1 − tanh a for a ≥ 0.625. */
@inline
function tanhComplement(a: v128): v128 {
  const e = expShifted(atMost(f32x4.add(a, a), 20), 0);
  return f32x4.div(splat(2), f32x4.add(e, splat(1)));
}

/** tanh x, 1.3 ulp: odd polynomial below 0.625, 1 − 2/(e^2x + 1) above (Cephes). */
@inline
export function tanh(x: v128): v128 {
  const a = f32x4.abs(x);
  const z = f32x4.mul(a, a);
  // (tanh a − a) / a³: 4.5e-9 of tanh.
  let p = madd(splat(-0.0056922961957752705), z, splat(0.02062816731631756));
  p = madd(p, z, splat(-0.05373651534318924));
  p = madd(p, z, splat(0.13331405818462372));
  p = madd(p, z, splat(-0.3333328068256378));
  const small = madd(f32x4.mul(z, p), a, a);
  const large = f32x4.sub(splat(1), tanhComplement(a));
  return v128.or(select(f32x4.lt(a, splat(0.625)), small, large), signBit(x));
}

/** x − tanh x, 3 ulp: needs its polynomial further out than tanh. */
@inline
export function tanhshrink(x: v128): v128 {
  const a = f32x4.abs(x);
  const z = f32x4.mul(a, a);
  // (a − tanh a) / a³ below 0.9: 3e-8 of itself.
  let p = madd(splat(-0.0004897087928839028), z, splat(0.001922521973028779));
  p = madd(p, z, splat(-0.004339352250099182));
  p = madd(p, z, splat(0.009336181916296482));
  p = madd(p, z, splat(-0.022014884278178215));
  p = madd(p, z, splat(0.053989164531230927));
  p = madd(p, z, splat(-0.1333344578742981));
  p = madd(p, z, splat(0.3333333432674408));
  const small = f32x4.mul(f32x4.mul(z, p), a);
  const large = f32x4.add(f32x4.sub(a, splat(1)), tanhComplement(a));
  return v128.or(select(f32x4.lt(a, splat(0.9)), small, large), signBit(x));
}

/** Where sigmoid and what is like it turn into e^x: beyond, e^−x may leave the range of f32. */
export const FAR: f32 = -48;

/** 2^−52: undoes the shift of `logistic`. */
export const DOWN_52: f32 = 2.220446049250313e-16;

/** e^−x · 2^52, and e^x · 2^52 where x < FAR, down to x = −120. */
@inline
export function logistic(x: v128, far: v128): v128 {
  return expShifted(atLeast(atMost(select(far, x, f32x4.neg(x)), 48), -120), 52);
}

/** 1 / (1 + e^−x), 2 ulp, denormal results included. */
@inline
export function sigmoid(x: v128): v128 {
  const far = f32x4.lt(x, splat(FAR));
  const e = f32x4.mul(logistic(x, far), splat(DOWN_52));
  return select(far, e, f32x4.div(splat(1), f32x4.add(e, splat(1))));
}

/** erf x, 1.5 ulp: odd polynomial below 1, 1 − e^−p(x) above. */
@inline
export function erf(x: v128): v128 {
  const a = atMost(f32x4.abs(x), 3.95);
  const z = f32x4.mul(a, a);
  // erf(a)/a − 1: 1.5e-9 of erf.
  let p = madd(splat(7.806903886375949e-5), z, splat(-0.0007997853099368513));
  p = madd(p, z, splat(0.005187162198126316));
  p = madd(p, z, splat(-0.026853347197175026));
  p = madd(p, z, splat(0.11283578723669052));
  p = madd(p, z, splat(-0.3761262595653534));
  p = madd(p, z, splat(0.12837916612625122));
  const small = madd(p, a, a);
  // log(1 − erf a): 1.1e-9 of erf.
  let q = madd(splat(0.00018637602624949068), a, splat(-0.002947629662230611));
  q = madd(q, a, splat(0.02183796465396881));
  q = madd(q, a, splat(-0.10310658812522888));
  q = madd(q, a, splat(-0.6381449699401855));
  q = madd(q, a, splat(-1.1270891427993774));
  q = madd(q, a, splat(-0.000341525737894699));
  const large = f32x4.sub(splat(1), expShifted(q, 0));
  return v128.or(select(f32x4.lt(a, splat(1)), small, large), signBit(x));
}
