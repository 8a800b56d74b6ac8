/**
 * Conversions between f32 and the two formats of 16 bits: f16 (IEEE 754 binary16: 5 bits of exponent, 10 of fraction) and bf16 (the upper
 * half of an f32). To 16 bits they round to nearest, ties to even. (out, x, n), contiguous.
 */
import { map1 } from "../loops";
import { select, splat } from "../simd/f32";


@inline
function bits(x: i32): v128 {
  return i32x4.splat(x);
}

/** 2¹¹²: what moves an exponent with f16's bias to f32's. */
const REBIAS: f32 = 5192296858534827628530496329220096.0;


@final @unmanaged class FromF16 {

  @inline v(x: v128, p: v128, q: v128): v128 {
    const magnitude = v128.and(x, bits(0x7fff));
    const sign = i32x4.shl(v128.xor(x, magnitude), 16);
    // Subnormals of f16 become subnormals of f32 here, which the product makes normal; it is exact.
    const scaled = f32x4.mul(i32x4.shl(magnitude, 13), splat(REBIAS));
    const special = v128.and(i32x4.gt_s(magnitude, bits(0x7bff)), bits(0x7f800000));
    return v128.or(v128.or(scaled, special), sign);
  }
}


@final @unmanaged class ToF16 {

  @inline v(x: v128, p: v128, q: v128): v128 {
    const magnitude = v128.and(x, bits(0x7fffffff));
    const sign = i32x4.shr_u(v128.xor(x, magnitude), 16);
    // The bit that stays last decides ties; a carry runs on into the exponent, up to infinity.
    const odd = v128.and(i32x4.shr_u(magnitude, 13), bits(1));
    const rounded = i32x4.add(i32x4.add(magnitude, bits(0xfff - (112 << 23))), odd);
    let result = i32x4.shr_u(rounded, 13);
    // Below 2⁻¹⁴: adding 0.5 leaves multiples of 2⁻²⁴ in the last bits, rounded by the addition.
    const tiny = i32x4.sub(f32x4.add(magnitude, splat(0.5)), bits(0x3f000000));
    result = select(i32x4.lt_s(magnitude, bits(113 << 23)), tiny, result);
    result = select(i32x4.gt_s(magnitude, bits(0x477fffff)), bits(0x7c00), result);
    result = select(i32x4.gt_s(magnitude, bits(0x7f800000)), bits(0x7e00), result);
    return v128.or(result, sign);
  }
}


@final @unmanaged class FromBf16 {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return i32x4.shl(x, 16);
  }
}


@final @unmanaged class ToBf16 {

  @inline v(x: v128, p: v128, q: v128): v128 {
    const upper = i32x4.shr_u(x, 16);
    const odd = v128.and(upper, bits(1));
    const rounded = i32x4.shr_u(i32x4.add(i32x4.add(x, bits(0x7fff)), odd), 16);
    return select(f32x4.ne(x, x), bits(0x7fc0), rounded);
  }
}

export function cast_f16_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return map1<FromF16, u16, f32>(out, x, bits(0), bits(0), n, part, parts);
}

/** From 65520 on ±Infinity; any NaN becomes the quiet one of its sign. */
export function cast_f32_f16(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return map1<ToF16, f32, u16>(out, x, bits(0), bits(0), n, part, parts);
}

export function cast_bf16_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return map1<FromBf16, u16, f32>(out, x, bits(0), bits(0), n, part, parts);
}

/** Any NaN becomes the quiet one, 0x7fc0. */
export function cast_f32_bf16(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return map1<ToBf16, f32, u16>(out, x, bits(0), bits(0), n, part, parts);
}
