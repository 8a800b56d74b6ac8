/** Comparisons and logic with broadcasting; dims as in `binary.ts`, results are bytes 0 and 1. */
import { Words } from "../abi";
import { map2 } from "../loops";

/** 1 where the mask is set. */
@inline
function bit(mask: v128): v128 {
  return i32x4.shr_u(mask, 31);
}


@final @unmanaged class Eq {

  @inline v(a: v128, b: v128): v128 {
    return bit(f32x4.eq(a, b));
  }
}

export function eq_f32(out: usize, a: usize, b: usize, dims: Words, part: i32, parts: i32): i32 {
  return map2<Eq, f32, u8>(out, a, b, dims, part, parts);
}


@final @unmanaged class EqInt {

  @inline v(a: v128, b: v128): v128 {
    return bit(i32x4.eq(a, b));
  }
}

export function eq_i32(out: usize, a: usize, b: usize, dims: Words, part: i32, parts: i32): i32 {
  return map2<EqInt, i32, u8>(out, a, b, dims, part, parts);
}

export function eq_bool(out: usize, a: usize, b: usize, dims: Words, part: i32, parts: i32): i32 {
  return map2<EqInt, u8, u8>(out, a, b, dims, part, parts);
}


@final @unmanaged class Ne {

  @inline v(a: v128, b: v128): v128 {
    return bit(f32x4.ne(a, b));
  }
}

export function ne_f32(out: usize, a: usize, b: usize, dims: Words, part: i32, parts: i32): i32 {
  return map2<Ne, f32, u8>(out, a, b, dims, part, parts);
}


@final @unmanaged class NeInt {

  @inline v(a: v128, b: v128): v128 {
    return bit(i32x4.ne(a, b));
  }
}

export function ne_i32(out: usize, a: usize, b: usize, dims: Words, part: i32, parts: i32): i32 {
  return map2<NeInt, i32, u8>(out, a, b, dims, part, parts);
}

export function ne_bool(out: usize, a: usize, b: usize, dims: Words, part: i32, parts: i32): i32 {
  return map2<NeInt, u8, u8>(out, a, b, dims, part, parts);
}


@final @unmanaged class Lt {

  @inline v(a: v128, b: v128): v128 {
    return bit(f32x4.lt(a, b));
  }
}

export function lt_f32(out: usize, a: usize, b: usize, dims: Words, part: i32, parts: i32): i32 {
  return map2<Lt, f32, u8>(out, a, b, dims, part, parts);
}


@final @unmanaged class LtInt {

  @inline v(a: v128, b: v128): v128 {
    return bit(i32x4.lt_s(a, b));
  }
}

export function lt_i32(out: usize, a: usize, b: usize, dims: Words, part: i32, parts: i32): i32 {
  return map2<LtInt, i32, u8>(out, a, b, dims, part, parts);
}


@final @unmanaged class Le {

  @inline v(a: v128, b: v128): v128 {
    return bit(f32x4.le(a, b));
  }
}

export function le_f32(out: usize, a: usize, b: usize, dims: Words, part: i32, parts: i32): i32 {
  return map2<Le, f32, u8>(out, a, b, dims, part, parts);
}


@final @unmanaged class LeInt {

  @inline v(a: v128, b: v128): v128 {
    return bit(i32x4.le_s(a, b));
  }
}

export function le_i32(out: usize, a: usize, b: usize, dims: Words, part: i32, parts: i32): i32 {
  return map2<LeInt, i32, u8>(out, a, b, dims, part, parts);
}


@final @unmanaged class Gt {

  @inline v(a: v128, b: v128): v128 {
    return bit(f32x4.gt(a, b));
  }
}

export function gt_f32(out: usize, a: usize, b: usize, dims: Words, part: i32, parts: i32): i32 {
  return map2<Gt, f32, u8>(out, a, b, dims, part, parts);
}


@final @unmanaged class GtInt {

  @inline v(a: v128, b: v128): v128 {
    return bit(i32x4.gt_s(a, b));
  }
}

export function gt_i32(out: usize, a: usize, b: usize, dims: Words, part: i32, parts: i32): i32 {
  return map2<GtInt, i32, u8>(out, a, b, dims, part, parts);
}


@final @unmanaged class Ge {

  @inline v(a: v128, b: v128): v128 {
    return bit(f32x4.ge(a, b));
  }
}

export function ge_f32(out: usize, a: usize, b: usize, dims: Words, part: i32, parts: i32): i32 {
  return map2<Ge, f32, u8>(out, a, b, dims, part, parts);
}


@final @unmanaged class GeInt {

  @inline v(a: v128, b: v128): v128 {
    return bit(i32x4.ge_s(a, b));
  }
}

export function ge_i32(out: usize, a: usize, b: usize, dims: Words, part: i32, parts: i32): i32 {
  return map2<GeInt, i32, u8>(out, a, b, dims, part, parts);
}


@final @unmanaged class And {

  @inline v(a: v128, b: v128): v128 {
    return v128.and(a, b);
  }
}

export function logicalAnd_bool(out: usize, a: usize, b: usize, dims: Words, part: i32, parts: i32): i32 {
  return map2<And, u8, u8>(out, a, b, dims, part, parts);
}


@final @unmanaged class Or {

  @inline v(a: v128, b: v128): v128 {
    return v128.or(a, b);
  }
}

export function logicalOr_bool(out: usize, a: usize, b: usize, dims: Words, part: i32, parts: i32): i32 {
  return map2<Or, u8, u8>(out, a, b, dims, part, parts);
}


@final @unmanaged class Xor {

  @inline v(a: v128, b: v128): v128 {
    return v128.xor(a, b);
  }
}

export function logicalXor_bool(out: usize, a: usize, b: usize, dims: Words, part: i32, parts: i32): i32 {
  return map2<Xor, u8, u8>(out, a, b, dims, part, parts);
}
