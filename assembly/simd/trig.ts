/**
 * Trigonometric functions and their inverses on four f32 lanes: polynomials and measurement as in `math.ts`.
 * Arguments are reduced in f64, by Cody and Waite's method below 2^27 (constants of FreeBSD's rem_pio2f) and
 * by Payne and Hanek's above, so that results are right over the whole range.
 */
import { isNaN4, madd, nmadd, nmadd64, select, splat } from "./f32";
import { signBit } from "./math";

const TWO_OVER_PI: f64 = 6.36619772367581382433e-1;
const HALF_PI_HI: f64 = 1.5707963109016418457; // 25 bits
const HALF_PI_LO: f64 = 1.58932547735281966916e-8;
const HALF_PI: f64 = 1.57079632679489661923;
const ROUNDER64: f64 = 6755399441055744; // 1.5 · 2^52
const PI32: f32 = 3.14159265358979324;
const HALF_PI32: f32 = 1.57079632679489662;

/** 64-bit words of 2/π's fraction, the first at index 0. */
@inline
function twoOverPiWord(index: u32): u64 {
  if (index == 0) return 0xa2f9836e4e441529;
  if (index == 1) return 0xfc2757d1f534ddc0;
  if (index == 2) return 0xdb6295993c439041;
  return 0xfe5163abdebbc561;
}

/** x less the nearest multiple of π/2, the multiple's low two bits in place of the result's: |x| ≥ 2^27. */
function reduceLarge(x: f32): f64 {
  const bits = reinterpret<u32>(x);
  const exponent = (bits >> 23) & 255;
  if (exponent == 255) return NaN;
  // x = ±mantissa · 2^(exponent − 150); the window of 2/π starts at the bit that gives the product's 2^1.
  const mantissa = <u64>((bits & 0x7fffff) | 0x800000);
  const start = exponent - 152;
  const index = start >> 6;
  const shift = <u64>(start & 63);
  const first = twoOverPiWord(index);
  const second = twoOverPiWord(index + 1);
  const third = twoOverPiWord(index + 2);
  // A shift by 64 would be one by 0: go in two steps.
  const high = (first << shift) | ((second >> 1) >> (63 - shift));
  const low = ((second << shift) | ((third >> 1) >> (63 - shift))) >> 32;
  const product = mantissa * high + ((mantissa * low) >> 32);
  let quadrant = (product + ((<u64>1) << 61)) >> 62;
  let r = <f64>(<i64>(product - (quadrant << 62))) * (HALF_PI * 2.16840434497100886801e-19); // π/2 · 2^−62
  if (bits >> 31) {
    r = -r;
    quadrant = 4 - quadrant;
  }
  return reinterpret<f64>((reinterpret<u64>(r) & ~(<u64>3)) | (quadrant & 3));
}

/** The same for two f64 lanes that hold f32 values, |x| < 2^27. */
@inline
function reduce(x: v128): v128 {
  const t = f64x2.add(f64x2.mul(x, f64x2.splat(TWO_OVER_PI)), f64x2.splat(ROUNDER64));
  const n = f64x2.sub(t, f64x2.splat(ROUNDER64));
  const r = nmadd64(n, f64x2.splat(HALF_PI_LO), nmadd64(n, f64x2.splat(HALF_PI_HI), x));
  return v128.bitselect(t, r, i64x2.splat(3));
}

/** Lanes of `r` whose x is large, reduced anew. */
function reduceLargeLanes(x: v128, r: v128): v128 {
  const x0 = f64x2.extract_lane(x, 0);
  const x1 = f64x2.extract_lane(x, 1);
  let y = r;
  if (!(abs(x0) < 134217728)) y = f64x2.replace_lane(y, 0, reduceLarge(<f32>x0));
  if (!(abs(x1) < 134217728)) y = f64x2.replace_lane(y, 1, reduceLarge(<f32>x1));
  return y;
}

/** sin r on ±π/4 from z = r²: 4e-9. */
@inline
export function sinReduced(r: v128, z: v128): v128 {
  let p = madd(splat(-0.0001951828453456983), z, splat(0.008332189172506332));
  p = madd(p, z, splat(-0.16666655242443085));
  return madd(f32x4.mul(p, z), r, r);
}

/** cos r on ±π/4 from z = r²: 1.2e-10. */
@inline
export function cosReduced(z: v128): v128 {
  let p = madd(splat(2.4432327336398885e-5), z, splat(-0.0013887309469282627));
  p = madd(p, z, splat(0.04166664555668831));
  return madd(f32x4.mul(p, z), z, nmadd(z, splat(0.5), splat(1)));
}

/** sin(r + (quadrant + ahead)·π/2) on ±π/4; only the low two bits of `quadrant` count. */
@inline
export function sinOfQuadrant(r: v128, quadrant: v128, ahead: i32): v128 {
  const z = f32x4.mul(r, r);
  const q = ahead == 0 ? quadrant : i32x4.add(quadrant, i32x4.splat(ahead));
  const odd = i32x4.shr_s(i32x4.shl(q, 31), 31);
  const sine = v128.or(sinReduced(r, z), signBit(r));
  const sign = signBit(i32x4.shl(q, 30));
  return v128.xor(select(odd, cosReduced(z), sine), sign);
}


@inline
function tanOfQuadrant(r: v128, quadrant: v128): v128 {
  const z = f32x4.mul(r, r);
  const odd = i32x4.shr_s(i32x4.shl(quadrant, 31), 31);
  const sine = v128.or(sinReduced(r, z), signBit(r));
  const cosine = cosReduced(z);
  const y = f32x4.div(select(odd, cosine, sine), select(odd, sine, cosine));
  return v128.xor(y, v128.and(odd, i32x4.splat(0x80000000)));
}

const SIN = 0;
const COS = 1;
const TAN = 2;


@inline
function circular(x: v128, which: i32): v128 {
  const x01 = f64x2.promote_low_f32x4(x);
  const x23 = f64x2.promote_low_f32x4(v128.shuffle<f32>(x, x, 2, 3, 0, 1));
  let r01 = reduce(x01);
  let r23 = reduce(x23);
  if (v128.any_true(f32x4.ge(f32x4.abs(x), splat(134217728)))) {
    r01 = reduceLargeLanes(x01, r01);
    r23 = reduceLargeLanes(x23, r23);
  }
  const r = v128.shuffle<f32>(f32x4.demote_f64x2_zero(r01), f32x4.demote_f64x2_zero(r23), 0, 1, 4, 5);
  const quadrant = v128.shuffle<i32>(r01, r23, 0, 2, 4, 6);
  if (which == TAN) return tanOfQuadrant(r, quadrant);
  return sinOfQuadrant(r, quadrant, which);
}

/** sin x, 1.6 ulp. */
@inline
export function sin(x: v128): v128 {
  return circular(x, SIN);
}

/** cos x, 1.6 ulp. */
@inline
export function cos(x: v128): v128 {
  return circular(x, COS);
}

/** tan x, 3.4 ulp. */
@inline
export function tan(x: v128): v128 {
  return circular(x, TAN);
}

/** atan t for 0 ≤ t ≤ 1: polynomial below tan(π/8), π/4 + atan((t − 1)/(t + 1)) above. */
@inline
function atanUnit(t: v128): v128 {
  const upper = f32x4.gt(t, splat(0.41421356237309503));
  const u = select(upper, f32x4.div(f32x4.sub(t, splat(1)), f32x4.add(t, splat(1))), t);
  const z = f32x4.mul(u, u);
  // (atan u − u) / u³: 2.1e-8 of atan.
  let p = madd(splat(0.08049803972244263), z, splat(-0.13876551389694214));
  p = madd(p, z, splat(0.19977614283561707));
  p = madd(p, z, splat(-0.3333294689655304));
  const y = madd(f32x4.mul(p, z), u, u);
  return f32x4.add(y, v128.and(upper, splat(0.78539816339744831)));
}

/** atan x, 2.8 ulp. */
@inline
export function atan(x: v128): v128 {
  const a = f32x4.abs(x);
  const beyond = f32x4.gt(a, splat(1));
  const y = atanUnit(select(beyond, f32x4.div(splat(1), a), a));
  return v128.or(select(beyond, f32x4.sub(splat(HALF_PI32), y), y), signBit(x));
}

/** The angle of (x, y), 3.2 ulp, with C's results for zeros and infinities. */
@inline
export function atan2(y: v128, x: v128): v128 {
  const ax = f32x4.abs(x);
  const ay = f32x4.abs(y);
  const steep = f32x4.gt(ay, ax);
  const low = select(steep, ax, ay);
  const high = select(steep, ay, ax);
  // 0/0 counts as 0 and ∞/∞ as 1.
  const ratio = select(
    f32x4.eq(low, splat(Infinity)),
    splat(1),
    v128.andnot(f32x4.div(low, high), f32x4.eq(high, splat(0))),
  );
  let angle = atanUnit(ratio);
  angle = select(steep, f32x4.sub(splat(HALF_PI32), angle), angle);
  angle = select(i32x4.shr_s(x, 31), f32x4.sub(splat(PI32), angle), angle);
  return v128.or(v128.or(angle, signBit(y)), v128.or(isNaN4(x), isNaN4(y)));
}

/** (asin t − t) / t³ as a function of z = t² ≤ 1/4: 4.9e-9 of asin. */
@inline
function asinTail(z: v128): v128 {
  let p = madd(splat(0.04215838760137558), z, splat(0.02418474294245243));
  p = madd(p, z, splat(0.04546915367245674));
  p = madd(p, z, splat(0.074953094124794));
  return madd(p, z, splat(0.16666752099990845));
}

/** asin x, 2.3 ulp: above 1/2 through π/2 − 2·asin √((1 − x)/2) (Cephes). */
@inline
export function asin(x: v128): v128 {
  const a = f32x4.abs(x);
  const upper = f32x4.gt(a, splat(0.5));
  const z = select(upper, nmadd(a, splat(0.5), splat(0.5)), f32x4.mul(a, a));
  const t = select(upper, f32x4.sqrt(z), a);
  const y = madd(f32x4.mul(asinTail(z), z), t, t);
  return v128.or(select(upper, f32x4.sub(splat(HALF_PI32), f32x4.add(y, y)), y), signBit(x));
}

/** acos x, 1.3 ulp. */
@inline
export function acos(x: v128): v128 {
  const a = f32x4.abs(x);
  const upper = f32x4.gt(a, splat(0.5));
  const z = select(upper, nmadd(a, splat(0.5), splat(0.5)), f32x4.mul(a, a));
  const t = select(upper, f32x4.sqrt(z), a);
  const y = madd(f32x4.mul(asinTail(z), z), t, t);
  const negative = i32x4.shr_s(x, 31);
  const signed = v128.xor(y, v128.and(negative, i32x4.splat(0x80000000)));
  // x > 1/2: 2y; x < −1/2: π − 2y; between: π/2 ∓ y.
  const outer = f32x4.add(f32x4.add(signed, signed), v128.and(negative, splat(PI32)));
  return select(upper, outer, f32x4.sub(splat(HALF_PI32), signed));
}
