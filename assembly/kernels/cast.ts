/** Conversions between dtypes, (out, x, n), contiguous. */
import { map1 } from "../loops";
import { splat } from "../simd/f32";


@final @unmanaged class Same {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return x;
  }
}


@final @unmanaged class ToInt {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return i32x4.trunc_sat_f32x4_s(x);
  }
}


@final @unmanaged class ToFloat {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return f32x4.convert_i32x4_s(x);
  }
}


@final @unmanaged class FloatToBool {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return i32x4.shr_u(f32x4.ne(x, splat(0)), 31);
  }
}


@final @unmanaged class IntToBool {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return i32x4.shr_u(i32x4.ne(x, i32x4.splat(0)), 31);
  }
}


@final @unmanaged class FloatToByte {

  @inline v(x: v128, p: v128, q: v128): v128 {
    const whole = i32x4.trunc_sat_f32x4_s(x);
    return i32x4.min_s(i32x4.max_s(whole, i32x4.splat(0)), i32x4.splat(255));
  }
}


@final @unmanaged class IntToByte {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return v128.and(x, i32x4.splat(255));
  }
}

/** Truncates and saturates; NaN gives 0. */
export function cast_f32_i32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return map1<ToInt, f32, i32>(out, x, i32x4.splat(0), i32x4.splat(0), n, part, parts);
}

export function cast_i32_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return map1<ToFloat, i32, f32>(out, x, i32x4.splat(0), i32x4.splat(0), n, part, parts);
}

/** NaN is true. */
export function cast_f32_bool(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return map1<FloatToBool, f32, u8>(out, x, i32x4.splat(0), i32x4.splat(0), n, part, parts);
}

export function cast_i32_bool(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return map1<IntToBool, i32, u8>(out, x, i32x4.splat(0), i32x4.splat(0), n, part, parts);
}

export function cast_bool_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return map1<ToFloat, u8, f32>(out, x, i32x4.splat(0), i32x4.splat(0), n, part, parts);
}

export function cast_bool_i32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return map1<Same, u8, i32>(out, x, i32x4.splat(0), i32x4.splat(0), n, part, parts);
}

export function cast_u8_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return map1<ToFloat, u8, f32>(out, x, i32x4.splat(0), i32x4.splat(0), n, part, parts);
}

export function cast_u8_i32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return map1<Same, u8, i32>(out, x, i32x4.splat(0), i32x4.splat(0), n, part, parts);
}

/** Truncates and saturates; NaN gives 0. */
export function cast_f32_u8(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return map1<FloatToByte, f32, u8>(out, x, i32x4.splat(0), i32x4.splat(0), n, part, parts);
}

/** Keeps the low eight bits. */
export function cast_i32_u8(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return map1<IntToByte, i32, u8>(out, x, i32x4.splat(0), i32x4.splat(0), n, part, parts);
}
