/** Element-wise kernels of one operand, (out, x, n): arithmetic, rounding, tests. out may be x. */
import { each, map1, mapLong } from "../loops";
import { isNaN4, select, splat } from "../simd/f32";
import { signBit } from "../simd/math";
import { pow } from "../simd/power";


@final @unmanaged class Neg {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return f32x4.neg(x);
  }
}

export function neg_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return each<Neg>(out, x, n, part, parts);
}


@final @unmanaged class Abs {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return f32x4.abs(x);
  }
}

export function abs_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return each<Abs>(out, x, n, part, parts);
}


@final @unmanaged class Sign {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return v128.and(v128.or(splat(1), signBit(x)), f32x4.gt(f32x4.abs(x), splat(0)));
  }
}

/** −1, 0 or 1; 0 of −0 and NaN, as PyTorch has it. */
export function sign_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return each<Sign>(out, x, n, part, parts);
}


@final @unmanaged class Floor {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return f32x4.floor(x);
  }
}

export function floor_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return each<Floor>(out, x, n, part, parts);
}


@final @unmanaged class Ceil {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return f32x4.ceil(x);
  }
}

export function ceil_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return each<Ceil>(out, x, n, part, parts);
}


@final @unmanaged class Round {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return f32x4.nearest(x);
  }
}

/** Halves go to the even neighbour. */
export function round_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return each<Round>(out, x, n, part, parts);
}


@final @unmanaged class Trunc {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return f32x4.trunc(x);
  }
}

export function trunc_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return each<Trunc>(out, x, n, part, parts);
}


@final @unmanaged class Sqrt {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return f32x4.sqrt(x);
  }
}

export function sqrt_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return each<Sqrt>(out, x, n, part, parts);
}


@final @unmanaged class Rsqrt {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return f32x4.div(splat(1), f32x4.sqrt(x));
  }
}

/** 1 / √x */
export function rsqrt_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return each<Rsqrt>(out, x, n, part, parts);
}


@final @unmanaged class Reciprocal {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return f32x4.div(splat(1), x);
  }
}

export function reciprocal_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return each<Reciprocal>(out, x, n, part, parts);
}


@final @unmanaged class Square {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return f32x4.mul(x, x);
  }
}

export function square_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return each<Square>(out, x, n, part, parts);
}


@final @unmanaged class Cube {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return f32x4.mul(f32x4.mul(x, x), x);
  }
}

/** x^½ as `pow` has it: +0 for −0 and ∞ for −∞. */
@final @unmanaged class Root {

  @inline v(x: v128, p: v128, q: v128): v128 {
    const root = f32x4.sqrt(f32x4.add(x, splat(0)));
    return select(f32x4.eq(x, splat(-Infinity)), splat(Infinity), root);
  }
}


@final @unmanaged class Power {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return pow(x, p);
  }
}

/** x^exponent; the usual exponents take a short cut. */
export function powScalar_f32(out: usize, x: usize, exponent: f32, n: i32, part: i32, parts: i32): i32 {
  if (exponent == 2) return each<Square>(out, x, n, part, parts);
  if (exponent == 3) return each<Cube>(out, x, n, part, parts);
  if (exponent == 0.5) return each<Root>(out, x, n, part, parts);
  if (exponent == -1) return each<Reciprocal>(out, x, n, part, parts);
  return mapLong<Power>(out, x, splat(exponent), i32x4.splat(0), n, part, parts);
}


@final @unmanaged class Clamp {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return f32x4.pmin(f32x4.pmax(x, p), q);
  }
}

/** min(max(x, lo), hi); NaN stays NaN. */
export function clamp_f32(out: usize, x: usize, lo: f32, hi: f32, n: i32, part: i32, parts: i32): i32 {
  return map1<Clamp, f32, f32>(out, x, splat(lo), splat(hi), n, part, parts);
}


@final @unmanaged class IsNaN {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return i32x4.shr_u(isNaN4(x), 31);
  }
}

export function isnan_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return map1<IsNaN, f32, u8>(out, x, i32x4.splat(0), i32x4.splat(0), n, part, parts);
}


@final @unmanaged class IsInf {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return i32x4.shr_u(f32x4.eq(f32x4.abs(x), splat(Infinity)), 31);
  }
}

export function isinf_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return map1<IsInf, f32, u8>(out, x, i32x4.splat(0), i32x4.splat(0), n, part, parts);
}


@final @unmanaged class IsFinite {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return i32x4.shr_u(f32x4.lt(f32x4.abs(x), splat(Infinity)), 31);
  }
}

export function isfinite_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return map1<IsFinite, f32, u8>(out, x, i32x4.splat(0), i32x4.splat(0), n, part, parts);
}


@final @unmanaged class NegInt {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return i32x4.neg(x);
  }
}

export function neg_i32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return map1<NegInt, i32, i32>(out, x, i32x4.splat(0), i32x4.splat(0), n, part, parts);
}


@final @unmanaged class AbsInt {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return i32x4.abs(x);
  }
}

export function abs_i32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return map1<AbsInt, i32, i32>(out, x, i32x4.splat(0), i32x4.splat(0), n, part, parts);
}


@final @unmanaged class SignInt {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return i32x4.sub(i32x4.shr_s(x, 31), i32x4.gt_s(x, i32x4.splat(0)));
  }
}

export function sign_i32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return map1<SignInt, i32, i32>(out, x, i32x4.splat(0), i32x4.splat(0), n, part, parts);
}


@final @unmanaged class IsZero {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return i32x4.shr_u(i32x4.eq(x, i32x4.splat(0)), 31);
  }
}

export function logicalNot_bool(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return map1<IsZero, u8, u8>(out, x, i32x4.splat(0), i32x4.splat(0), n, part, parts);
}
