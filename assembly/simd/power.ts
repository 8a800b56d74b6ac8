/**
 * Functions of two f32 vectors that need f64 lanes inside: powers, hypotenuses and exact remainders. Each does
 * its lanes in two halves.
 */
import { isNaN4, madd64, select, splat } from "./f32";
import { signBit } from "./math";

const ROUNDER64: f64 = 6755399441055744; // 1.5 · 2^52

/** Lanes 0 and 1 as f64. */
@inline
export function lowHalf(x: v128): v128 {
  return f64x2.promote_low_f32x4(x);
}

/** Lanes 2 and 3 as f64. */
@inline
export function highHalf(x: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<f32>(x, x, 2, 3, 0, 1));
}

/** Four f32 lanes from two halves. */
@inline
export function joined(low: v128, high: v128): v128 {
  return v128.shuffle<f32>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 1, 4, 5);
}

/** x^y in f64 lanes for x ≥ 0 (f32 values): 2^(y·log2 x), good to 3e-9. x = 0 and ∞ count, 1^∞ does not. */
@inline
function power(x: v128, y: v128): v128 {
  // x = 2^e · m with √½ ≤ m < √2.
  const bits = i64x2.sub(x, i64x2.splat(0x3fe6a09e667f3bcd));
  const mantissa = v128.and(bits, i64x2.splat(0x000fffffffffffff));
  const m = i64x2.add(mantissa, i64x2.splat(0x3fe6a09e667f3bcd));
  // The exponent becomes a double through the mantissa bits of 2^52; +1023 keeps it positive.
  const biased = i64x2.shr_u(i64x2.add(bits, i64x2.splat(0x3ff0000000000000)), 52);
  const e = f64x2.sub(v128.or(biased, f64x2.splat(4503599627370496)), f64x2.splat(4503599627371519));
  const s = f64x2.div(f64x2.sub(m, f64x2.splat(1)), f64x2.add(m, f64x2.splat(1)));
  const z = f64x2.mul(s, s);
  // log2(m) / s: 4.3e-12.
  let p = madd64(f64x2.splat(0.340730103670732), z, f64x2.splat(0.41167271890209184));
  p = madd64(p, z, f64x2.splat(0.5770835849736187));
  p = madd64(p, z, f64x2.splat(0.9617966733416874));
  p = madd64(p, z, f64x2.splat(2.8853900817900864));
  let logarithm = madd64(p, s, e);
  logarithm = v128.bitselect(f64x2.splat(-Infinity), logarithm, f64x2.eq(x, f64x2.splat(0)));
  logarithm = v128.bitselect(x, logarithm, f64x2.eq(x, f64x2.splat(Infinity)));
  const w = f64x2.mul(y, logarithm);
  const bounded = f64x2.pmax(f64x2.pmin(w, f64x2.splat(300)), f64x2.splat(-300));
  const t = f64x2.add(bounded, f64x2.splat(ROUNDER64));
  const r = f64x2.sub(bounded, f64x2.sub(t, f64x2.splat(ROUNDER64)));
  // 2^r on ±1/2: 1.9e-9.
  let q = madd64(f64x2.splat(0.00015345809555047357), r, f64x2.splat(0.0013399931271052727));
  q = madd64(q, r, f64x2.splat(0.009618488964772954));
  q = madd64(q, r, f64x2.splat(0.055503287767963));
  q = madd64(q, r, f64x2.splat(0.24022646890576393));
  q = madd64(q, r, f64x2.splat(0.6931472057373643));
  q = madd64(q, r, f64x2.splat(1.000000000554168));
  return i64x2.add(q, i64x2.shl(t, 52));
}

/** x^y with C's rules for special values, 0.6 ulp. */
export function pow(x: v128, y: v128): v128 {
  const a = f32x4.abs(x);
  const ay = f32x4.abs(y);
  const one = splat(1);
  const infinity = splat(Infinity);
  const magnitude = joined(power(lowHalf(a), lowHalf(y)), power(highHalf(a), highHalf(y)));
  const whole = f32x4.eq(f32x4.trunc(y), y);
  const half = f32x4.mul(y, splat(0.5));
  const odd = v128.andnot(whole, f32x4.eq(f32x4.trunc(half), half));
  const signed = v128.or(magnitude, v128.and(signBit(x), odd));
  const outside = v128.andnot(v128.and(f32x4.lt(x, splat(0)), f32x4.ne(a, infinity)), whole);
  const nan = v128.or(outside, v128.or(isNaN4(x), isNaN4(y)));
  const unit = v128.and(f32x4.eq(a, one), f32x4.eq(ay, infinity));
  const isOne = v128.or(unit, v128.or(f32x4.eq(x, one), f32x4.eq(y, splat(0))));
  return select(isOne, one, v128.or(signed, nan));
}


@inline
function hypotHalf(x: v128, y: v128): v128 {
  return f64x2.sqrt(f64x2.add(f64x2.mul(x, x), f64x2.mul(y, y)));
}

/** √(x² + y²) without overflow on the way, 0.5 ulp; ∞ if either is infinite. */
@inline
export function hypot(x: v128, y: v128): v128 {
  const infinity = splat(Infinity);
  const infinite = v128.or(f32x4.eq(f32x4.abs(x), infinity), f32x4.eq(f32x4.abs(y), infinity));
  const length = joined(hypotHalf(lowHalf(x), lowHalf(y)), hypotHalf(highHalf(x), highHalf(y)));
  return select(infinite, infinity, length);
}

/** a mod b of f64 lanes that hold finite f32 values, a ≥ 0, b > 0: exact. */
@inline
function modHalf(a: v128, b: v128): v128 {
  const one = f64x2.splat(1);
  let rest = a;
  let more = false;
  do {
    // Quotients of up to 29 bits leave an exact product; take longer ones from the top.
    const quotient = f64x2.div(rest, b);
    const size = v128.and(quotient, i64x2.splat(0x7ff0000000000000)); // the power of two below
    const step = f64x2.pmax(f64x2.mul(size, f64x2.splat(3.725290298461914e-9)), one); // size · 2^−28
    const divisor = f64x2.mul(b, step);
    rest = f64x2.sub(rest, f64x2.mul(f64x2.trunc(f64x2.div(rest, divisor)), divisor));
    // The quotient may have been rounded up to the next integer.
    rest = f64x2.add(rest, v128.and(divisor, f64x2.lt(rest, f64x2.splat(0))));
    more = v128.any_true(f64x2.gt(step, one));
  } while (more);
  return rest;
}

/** x − trunc(x/y)·y, exact, with the sign of x; NaN for infinite x and zero y. */
export function fmod(x: v128, y: v128): v128 {
  const a = f32x4.abs(x);
  const b = f32x4.abs(y);
  const infinity = splat(Infinity);
  const valid = v128.and(f32x4.lt(a, infinity), f32x4.gt(b, splat(0)));
  const finite = v128.and(valid, f32x4.lt(b, infinity));
  const dividend = v128.and(a, finite);
  const divisor = select(finite, b, splat(1));
  const low = modHalf(lowHalf(dividend), lowHalf(divisor));
  const rest = joined(low, modHalf(highHalf(dividend), highHalf(divisor)));
  // A finite x is its own remainder by ±∞.
  return v128.or(v128.or(select(finite, rest, a), signBit(x)), v128.not(valid));
}

/** The remainder that has the sign of y (Python's %). */
@inline
export function remainder(x: v128, y: v128): v128 {
  const rest = fmod(x, y);
  return select(signsDiffer(rest, y), f32x4.add(rest, y), rest);
}

/** All ones where `rest` is not zero and has another sign than y. */
@inline
function signsDiffer(rest: v128, y: v128): v128 {
  const differ = i32x4.shr_s(v128.xor(rest, y), 31);
  return v128.and(differ, f32x4.ne(rest, splat(0)));
}

/** floor(x / y) of the exact quotient (Python's //); x/y for zero y. */
@inline
export function floorDivide(x: v128, y: v128): v128 {
  const rest = fmod(x, y);
  const one = splat(1);
  const ratio = f32x4.div(x, y);
  let quotient = f32x4.div(f32x4.sub(x, rest), y);
  quotient = f32x4.sub(quotient, v128.and(one, signsDiffer(rest, y)));
  const lower = f32x4.floor(quotient);
  const rounded = f32x4.add(lower, v128.and(one, f32x4.gt(f32x4.sub(quotient, lower), splat(0.5))));
  const signedZero = select(f32x4.eq(quotient, splat(0)), signBit(ratio), rounded);
  return select(f32x4.eq(y, splat(0)), ratio, signedZero);
}
