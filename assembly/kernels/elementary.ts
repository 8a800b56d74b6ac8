/** Element-wise kernels of one operand, (out, x, n): elementary functions. Errors are in `simd/`. */
import { eachLong, mapFour } from "../loops";
import { acosh, asinh, atanh, cosh, sinh } from "../simd/hyperbolic";
import { erf, exp, expm1, log, log10, log1p, log2, tanh, tanhshrink } from "../simd/math";
import { acos, asin, atan, cos, sin, tan } from "../simd/trig";
import { exponentials, Sigmoid } from "../simd/wide";


@final @unmanaged class Exp {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return exp(x);
  }


  @inline begin(x: v128, p: v128): v128 {
    return x;
  }


  @inline end(e: v128, from: usize): v128 {
    return e;
  }


  @inline wide(to: usize, from: usize): void {
    exponentials<Exp>(to, from, i32x4.splat(0));
  }
}

export function exp_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return mapFour<Exp>(out, x, n, part, parts);
}


@final @unmanaged class Expm1 {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return expm1(x);
  }
}

export function expm1_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return eachLong<Expm1>(out, x, n, part, parts);
}


@final @unmanaged class Log {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return log(x);
  }
}

export function log_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return eachLong<Log>(out, x, n, part, parts);
}


@final @unmanaged class Log1p {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return log1p(x);
  }
}

export function log1p_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return eachLong<Log1p>(out, x, n, part, parts);
}


@final @unmanaged class Log2 {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return log2(x);
  }
}

export function log2_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return eachLong<Log2>(out, x, n, part, parts);
}


@final @unmanaged class Log10 {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return log10(x);
  }
}

export function log10_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return eachLong<Log10>(out, x, n, part, parts);
}


@final @unmanaged class Sin {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return sin(x);
  }
}

export function sin_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return eachLong<Sin>(out, x, n, part, parts);
}


@final @unmanaged class Cos {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return cos(x);
  }
}

export function cos_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return eachLong<Cos>(out, x, n, part, parts);
}


@final @unmanaged class Tan {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return tan(x);
  }
}

export function tan_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return eachLong<Tan>(out, x, n, part, parts);
}


@final @unmanaged class Asin {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return asin(x);
  }
}

export function asin_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return eachLong<Asin>(out, x, n, part, parts);
}


@final @unmanaged class Acos {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return acos(x);
  }
}

export function acos_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return eachLong<Acos>(out, x, n, part, parts);
}


@final @unmanaged class Atan {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return atan(x);
  }
}

export function atan_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return eachLong<Atan>(out, x, n, part, parts);
}


@final @unmanaged class Sinh {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return sinh(x);
  }
}

export function sinh_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return eachLong<Sinh>(out, x, n, part, parts);
}


@final @unmanaged class Cosh {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return cosh(x);
  }
}

export function cosh_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return eachLong<Cosh>(out, x, n, part, parts);
}


@final @unmanaged class Asinh {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return asinh(x);
  }
}

export function asinh_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return eachLong<Asinh>(out, x, n, part, parts);
}


@final @unmanaged class Acosh {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return acosh(x);
  }
}

export function acosh_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return eachLong<Acosh>(out, x, n, part, parts);
}


@final @unmanaged class Atanh {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return atanh(x);
  }
}

export function atanh_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return eachLong<Atanh>(out, x, n, part, parts);
}


@final @unmanaged class Tanh {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return tanh(x);
  }


  @inline wide(to: usize, from: usize): void {
    const a = tanh(v128.load(from));
    const b = tanh(v128.load(from, 16));
    const c = tanh(v128.load(from, 32));
    const d = tanh(v128.load(from, 48));
    v128.store(to, a);
    v128.store(to, b, 16);
    v128.store(to, c, 32);
    v128.store(to, d, 48);
  }
}

export function tanh_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return mapFour<Tanh>(out, x, n, part, parts);
}


@final @unmanaged class Tanhshrink {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return tanhshrink(x);
  }
}

export function tanhshrink_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return eachLong<Tanhshrink>(out, x, n, part, parts);
}

export function sigmoid_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return mapFour<Sigmoid>(out, x, n, part, parts);
}


@final @unmanaged class Erf {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return erf(x);
  }
}

export function erf_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return eachLong<Erf>(out, x, n, part, parts);
}
