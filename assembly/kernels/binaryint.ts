/** Kernels of two i32 operands with broadcasting; dims as in `binary.ts`. Overflow wraps. */
import { Words } from "../abi";
import { map2, overRows } from "../loops";


@final @unmanaged class Add {

  @inline v(a: v128, b: v128): v128 {
    return i32x4.add(a, b);
  }
}

export function add_i32(out: usize, a: usize, b: usize, dims: Words, part: i32, parts: i32): i32 {
  return map2<Add, i32, i32>(out, a, b, dims, part, parts);
}


@final @unmanaged class Sub {

  @inline v(a: v128, b: v128): v128 {
    return i32x4.sub(a, b);
  }
}

export function sub_i32(out: usize, a: usize, b: usize, dims: Words, part: i32, parts: i32): i32 {
  return map2<Sub, i32, i32>(out, a, b, dims, part, parts);
}


@final @unmanaged class Mul {

  @inline v(a: v128, b: v128): v128 {
    return i32x4.mul(a, b);
  }
}

export function mul_i32(out: usize, a: usize, b: usize, dims: Words, part: i32, parts: i32): i32 {
  return map2<Mul, i32, i32>(out, a, b, dims, part, parts);
}


@final @unmanaged class Maximum {

  @inline v(a: v128, b: v128): v128 {
    return i32x4.max_s(a, b);
  }
}

export function maximum_i32(out: usize, a: usize, b: usize, dims: Words, part: i32, parts: i32): i32 {
  return map2<Maximum, i32, i32>(out, a, b, dims, part, parts);
}


@final @unmanaged class Minimum {

  @inline v(a: v128, b: v128): v128 {
    return i32x4.min_s(a, b);
  }
}

export function minimum_i32(out: usize, a: usize, b: usize, dims: Words, part: i32, parts: i32): i32 {
  return map2<Minimum, i32, i32>(out, a, b, dims, part, parts);
}

/** Finds a zero in operand 2. */
@final @unmanaged class ZeroSearch {
  run(
    out: usize,
    at: i32,
    a: usize,
    b: usize,
    c: usize,
    strideA: usize,
    strideB: usize,
    strideC: usize,
    n: i32,
  ): i32 {
    for (let i = 0; i < n; i++, b += strideB) {
      if (load<i32>(b) == 0) return at + i + 1;
      if (strideB == 0) break;
    }
    return 0;
  }
}

/** 1 + the position of the first result that would divide by zero, or 0. Every part looks at everything. */
function zeroDivisor(a: usize, b: usize, dims: usize): i32 {
  return overRows<ZeroSearch>(2, a, 2, b, 2, 0, 0, 0, dims, 1, 0, 1);
}

/** a / b truncated, and 0 for the b = 0 of lanes that hold no element; −2^31 / −1 wraps instead of trapping. */
@inline
function quotient(a: i32, b: i32): i32 {
  if (b == -1) return -a;
  return b == 0 ? 0 : a / b;
}


@inline
function rest(a: i32, b: i32): i32 {
  return a - quotient(a, b) * b;
}


@inline
function floorQuotient(a: i32, b: i32): i32 {
  const q = quotient(a, b);
  const r = a - q * b;
  return r != 0 && (r ^ b) < 0 ? q - 1 : q;
}


@inline
function floorRest(a: i32, b: i32): i32 {
  const r = rest(a, b);
  return r != 0 && (r ^ b) < 0 ? r + b : r;
}


@final @unmanaged class FloorDivide {

  @inline v(a: v128, b: v128): v128 {
    let r = i32x4.splat(floorQuotient(i32x4.extract_lane(a, 0), i32x4.extract_lane(b, 0)));
    r = i32x4.replace_lane(r, 1, floorQuotient(i32x4.extract_lane(a, 1), i32x4.extract_lane(b, 1)));
    r = i32x4.replace_lane(r, 2, floorQuotient(i32x4.extract_lane(a, 2), i32x4.extract_lane(b, 2)));
    r = i32x4.replace_lane(r, 3, floorQuotient(i32x4.extract_lane(a, 3), i32x4.extract_lane(b, 3)));
    return r;
  }
}

/** floor(a / b); code: 1 + the position of a zero divisor. */
export function floorDivide_i32(out: usize, a: usize, b: usize, dims: Words, part: i32, parts: i32): i32 {
  const code = zeroDivisor(a, b, dims);
  if (code != 0) return code;
  return map2<FloorDivide, i32, i32>(out, a, b, dims, part, parts);
}


@final @unmanaged class Remainder {

  @inline v(a: v128, b: v128): v128 {
    let r = i32x4.splat(floorRest(i32x4.extract_lane(a, 0), i32x4.extract_lane(b, 0)));
    r = i32x4.replace_lane(r, 1, floorRest(i32x4.extract_lane(a, 1), i32x4.extract_lane(b, 1)));
    r = i32x4.replace_lane(r, 2, floorRest(i32x4.extract_lane(a, 2), i32x4.extract_lane(b, 2)));
    r = i32x4.replace_lane(r, 3, floorRest(i32x4.extract_lane(a, 3), i32x4.extract_lane(b, 3)));
    return r;
  }
}

/** The sign of b; code: 1 + the position of a zero divisor. */
export function remainder_i32(out: usize, a: usize, b: usize, dims: Words, part: i32, parts: i32): i32 {
  const code = zeroDivisor(a, b, dims);
  if (code != 0) return code;
  return map2<Remainder, i32, i32>(out, a, b, dims, part, parts);
}


@final @unmanaged class Fmod {

  @inline v(a: v128, b: v128): v128 {
    let r = i32x4.splat(rest(i32x4.extract_lane(a, 0), i32x4.extract_lane(b, 0)));
    r = i32x4.replace_lane(r, 1, rest(i32x4.extract_lane(a, 1), i32x4.extract_lane(b, 1)));
    r = i32x4.replace_lane(r, 2, rest(i32x4.extract_lane(a, 2), i32x4.extract_lane(b, 2)));
    r = i32x4.replace_lane(r, 3, rest(i32x4.extract_lane(a, 3), i32x4.extract_lane(b, 3)));
    return r;
  }
}

/** The sign of a; code: 1 + the position of a zero divisor. */
export function fmod_i32(out: usize, a: usize, b: usize, dims: Words, part: i32, parts: i32): i32 {
  const code = zeroDivisor(a, b, dims);
  if (code != 0) return code;
  return map2<Fmod, i32, i32>(out, a, b, dims, part, parts);
}
