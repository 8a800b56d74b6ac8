/** Kernels of two f32 operands with broadcasting: out = op(a, b) over dims = [rank, shape …, strides of a …, of b …]. */
import { Words } from "../abi";
import { map2, shareStart } from "../loops";
import { load, loadTail, madd, splat, store, storeTail } from "../simd/f32";
import { floorDivide, fmod, hypot, pow, remainder } from "../simd/power";
import { atan2 } from "../simd/trig";


@final @unmanaged class Add {

  @inline v(a: v128, b: v128): v128 {
    return f32x4.add(a, b);
  }
}

export function add_f32(out: usize, a: usize, b: usize, dims: Words, part: i32, parts: i32): i32 {
  return map2<Add, f32, f32>(out, a, b, dims, part, parts);
}


@final @unmanaged class Sub {

  @inline v(a: v128, b: v128): v128 {
    return f32x4.sub(a, b);
  }
}

export function sub_f32(out: usize, a: usize, b: usize, dims: Words, part: i32, parts: i32): i32 {
  return map2<Sub, f32, f32>(out, a, b, dims, part, parts);
}


@final @unmanaged class Mul {

  @inline v(a: v128, b: v128): v128 {
    return f32x4.mul(a, b);
  }
}

export function mul_f32(out: usize, a: usize, b: usize, dims: Words, part: i32, parts: i32): i32 {
  return map2<Mul, f32, f32>(out, a, b, dims, part, parts);
}


@final @unmanaged class Div {

  @inline v(a: v128, b: v128): v128 {
    return f32x4.div(a, b);
  }
}

export function div_f32(out: usize, a: usize, b: usize, dims: Words, part: i32, parts: i32): i32 {
  return map2<Div, f32, f32>(out, a, b, dims, part, parts);
}


@final @unmanaged class Maximum {

  @inline v(a: v128, b: v128): v128 {
    return f32x4.max(a, b);
  }
}

/** NaN if either is NaN. */
export function maximum_f32(out: usize, a: usize, b: usize, dims: Words, part: i32, parts: i32): i32 {
  return map2<Maximum, f32, f32>(out, a, b, dims, part, parts);
}


@final @unmanaged class Minimum {

  @inline v(a: v128, b: v128): v128 {
    return f32x4.min(a, b);
  }
}

/** NaN if either is NaN. */
export function minimum_f32(out: usize, a: usize, b: usize, dims: Words, part: i32, parts: i32): i32 {
  return map2<Minimum, f32, f32>(out, a, b, dims, part, parts);
}


@final @unmanaged class Pow {

  @inline v(a: v128, b: v128): v128 {
    return pow(a, b);
  }
}

export function pow_f32(out: usize, a: usize, b: usize, dims: Words, part: i32, parts: i32): i32 {
  return map2<Pow, f32, f32>(out, a, b, dims, part, parts);
}


@final @unmanaged class Atan2 {

  @inline v(a: v128, b: v128): v128 {
    return atan2(a, b);
  }
}

/** The angle of the point (b, a). */
export function atan2_f32(out: usize, a: usize, b: usize, dims: Words, part: i32, parts: i32): i32 {
  return map2<Atan2, f32, f32>(out, a, b, dims, part, parts);
}


@final @unmanaged class Hypot {

  @inline v(a: v128, b: v128): v128 {
    return hypot(a, b);
  }
}

export function hypot_f32(out: usize, a: usize, b: usize, dims: Words, part: i32, parts: i32): i32 {
  return map2<Hypot, f32, f32>(out, a, b, dims, part, parts);
}


@final @unmanaged class Fmod {

  @inline v(a: v128, b: v128): v128 {
    return fmod(a, b);
  }
}

/** Exact; the sign of a. */
export function fmod_f32(out: usize, a: usize, b: usize, dims: Words, part: i32, parts: i32): i32 {
  return map2<Fmod, f32, f32>(out, a, b, dims, part, parts);
}


@final @unmanaged class Remainder {

  @inline v(a: v128, b: v128): v128 {
    return remainder(a, b);
  }
}

/** The sign of b, as Python's %. */
export function remainder_f32(out: usize, a: usize, b: usize, dims: Words, part: i32, parts: i32): i32 {
  return map2<Remainder, f32, f32>(out, a, b, dims, part, parts);
}


@final @unmanaged class FloorDivide {

  @inline v(a: v128, b: v128): v128 {
    return floorDivide(a, b);
  }
}

/** Python's //. */
export function floorDivide_f32(out: usize, a: usize, b: usize, dims: Words, part: i32, parts: i32): i32 {
  return map2<FloorDivide, f32, f32>(out, a, b, dims, part, parts);
}

/** out += alpha · x, contiguous. */
export function axpy_f32(out: usize, x: usize, alpha: f32, n: i32, part: i32, parts: i32): i32 {
  const factor = splat(alpha);
  let i = (<usize>shareStart(n, 16, part, parts)) << 2;
  const end = (<usize>shareStart(n, 16, part + 1, parts)) << 2;
  for (; i + 16 <= end; i += 16) store(out + i, madd(factor, load(x + i), load(out + i)));
  const left = <i32>((end - i) >> 2);
  if (left > 0) {
    const zero = splat(0);
    storeTail(out + i, madd(factor, loadTail(x + i, left, zero), loadTail(out + i, left, zero)), left);
  }
  return 0;
}
