/** Activations, (out, x, parameters, n), by PyTorch's formulas. out may be x. */
import { each, eachLong, map1, mapLong, mapFour } from "../loops";
import { select, splat } from "../simd/f32";
import { geluTanh, logsigmoid, mish, silu, softplus } from "../simd/gates";
import { gelu } from "../simd/gelu";
import { expm1, signBit } from "../simd/math";
import { exponentials } from "../simd/wide";


@final @unmanaged class Relu {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return f32x4.pmax(x, splat(0));
  }
}

/** max(x, 0); NaN stays NaN. */
export function relu_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return each<Relu>(out, x, n, part, parts);
}


@final @unmanaged class Relu6 {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return f32x4.pmin(f32x4.pmax(x, splat(0)), splat(6));
  }
}

export function relu6_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return each<Relu6>(out, x, n, part, parts);
}


@final @unmanaged class LeakyRelu {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return select(f32x4.gt(x, splat(0)), x, f32x4.mul(x, p));
  }
}

/** x, or slope·x where x ≤ 0. */
export function leakyRelu_f32(out: usize, x: usize, slope: f32, n: i32, part: i32, parts: i32): i32 {
  return map1<LeakyRelu, f32, f32>(out, x, splat(slope), i32x4.splat(0), n, part, parts);
}


@final @unmanaged class Elu {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return select(f32x4.gt(x, splat(0)), x, f32x4.mul(p, expm1(x)));
  }
}

/** x, or α(e^x − 1) where x ≤ 0. */
export function elu_f32(out: usize, x: usize, alpha: f32, n: i32, part: i32, parts: i32): i32 {
  return mapLong<Elu>(out, x, splat(alpha), i32x4.splat(0), n, part, parts);
}


@final @unmanaged class Celu {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return select(f32x4.gt(x, splat(0)), x, f32x4.mul(p, expm1(f32x4.div(x, p))));
  }
}

/** x, or α(e^(x/α) − 1) where x ≤ 0. */
export function celu_f32(out: usize, x: usize, alpha: f32, n: i32, part: i32, parts: i32): i32 {
  return mapLong<Celu>(out, x, splat(alpha), i32x4.splat(0), n, part, parts);
}


@final @unmanaged class Selu {

  @inline v(x: v128, p: v128, q: v128): v128 {
    const scaled = f32x4.mul(x, splat(1.0507009873554805));
    return select(f32x4.gt(x, splat(0)), scaled, f32x4.mul(expm1(x), splat(1.7580993408473766)));
  }
}

/** Klambauer et al. 2017: the constants keep mean 0 and variance 1. */
export function selu_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return eachLong<Selu>(out, x, n, part, parts);
}


@final @unmanaged class Gelu {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return gelu(x);
  }


  @inline wide(to: usize, from: usize): void {
    const a = gelu(v128.load(from));
    const b = gelu(v128.load(from, 16));
    v128.store(to, a);
    v128.store(to, b, 16);
    const c = gelu(v128.load(from, 32));
    const d = gelu(v128.load(from, 48));
    v128.store(to, c, 32);
    v128.store(to, d, 48);
  }
}

export function gelu_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return mapFour<Gelu>(out, x, n, part, parts);
}


@final @unmanaged class GeluTanh {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return geluTanh(x);
  }
}

export function geluTanh_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return eachLong<GeluTanh>(out, x, n, part, parts);
}


@final @unmanaged class Silu {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return silu(x);
  }


  @inline begin(x: v128, p: v128): v128 {
    return f32x4.neg(x);
  }


  @inline end(e: v128, from: usize): v128 {
    return f32x4.div(v128.load(from), f32x4.add(e, splat(1)));
  }


  @inline wide(to: usize, from: usize): void {
    exponentials<Silu>(to, from, i32x4.splat(0));
  }
}

export function silu_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return mapFour<Silu>(out, x, n, part, parts);
}


@final @unmanaged class Mish {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return mish(x);
  }
}

export function mish_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return eachLong<Mish>(out, x, n, part, parts);
}


@final @unmanaged class Softplus {

  @inline v(x: v128, p: v128, q: v128): v128 {
    const z = f32x4.mul(x, p);
    return select(f32x4.gt(z, q), x, f32x4.div(softplus(z), p));
  }
}

/** log(1 + e^(βx)) / β, and x where βx > threshold. */
export function softplus_f32(
  out: usize,
  x: usize,
  beta: f32,
  threshold: f32,
  n: i32,
  part: i32,
  parts: i32,
): i32 {
  return mapLong<Softplus>(out, x, splat(beta), splat(threshold), n, part, parts);
}


@final @unmanaged class Logsigmoid {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return logsigmoid(x);
  }
}

export function logsigmoid_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return eachLong<Logsigmoid>(out, x, n, part, parts);
}


@final @unmanaged class Softsign {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return f32x4.div(x, f32x4.add(f32x4.abs(x), splat(1)));
  }
}

/** x / (1 + |x|) */
export function softsign_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return each<Softsign>(out, x, n, part, parts);
}


@final @unmanaged class Softshrink {

  @inline v(x: v128, p: v128, q: v128): v128 {
    const towards = f32x4.sub(x, v128.or(p, signBit(x)));
    return v128.andnot(towards, f32x4.le(f32x4.abs(x), p));
  }
}

/** x moved λ towards 0, and 0 where |x| ≤ λ. */
export function softshrink_f32(out: usize, x: usize, lambda: f32, n: i32, part: i32, parts: i32): i32 {
  return map1<Softshrink, f32, f32>(out, x, splat(lambda), i32x4.splat(0), n, part, parts);
}


@final @unmanaged class Hardshrink {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return v128.andnot(x, f32x4.le(f32x4.abs(x), p));
  }
}

/** x, and 0 where |x| ≤ λ. */
export function hardshrink_f32(out: usize, x: usize, lambda: f32, n: i32, part: i32, parts: i32): i32 {
  return map1<Hardshrink, f32, f32>(out, x, splat(lambda), i32x4.splat(0), n, part, parts);
}

/** min(max(x + 3, 0), 6) */
@inline
function ramp(x: v128): v128 {
  return f32x4.pmin(f32x4.pmax(f32x4.add(x, splat(3)), splat(0)), splat(6));
}


@final @unmanaged class Hardsigmoid {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return f32x4.div(ramp(x), splat(6));
  }
}

export function hardsigmoid_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return each<Hardsigmoid>(out, x, n, part, parts);
}


@final @unmanaged class Hardswish {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return f32x4.mul(x, f32x4.div(ramp(x), splat(6)));
  }
}

export function hardswish_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return each<Hardswish>(out, x, n, part, parts);
}


@final @unmanaged class Hardtanh {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return f32x4.pmin(f32x4.pmax(x, p), q);
  }
}

export function hardtanh_f32(out: usize, x: usize, lo: f32, hi: f32, n: i32, part: i32, parts: i32): i32 {
  return map1<Hardtanh, f32, f32>(out, x, splat(lo), splat(hi), n, part, parts);
}


@final @unmanaged class Threshold {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return select(f32x4.le(x, p), q, x);
  }
}

/** x, or value where x ≤ threshold. */
export function threshold_f32(
  out: usize,
  x: usize,
  threshold: f32,
  value: f32,
  n: i32,
  part: i32,
  parts: i32,
): i32 {
  return map1<Threshold, f32, f32>(out, x, splat(threshold), splat(value), n, part, parts);
}
