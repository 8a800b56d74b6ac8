/** Derivatives of activations, (out, g, y or x, n): out = g · f′, contiguous. out may be g. */
import { zip } from "../loops";
import { madd, nmadd, select, splat } from "../simd/f32";
import { geluTanhSlope, mishSlope, siluSlope } from "../simd/gates";
import { geluSlope } from "../simd/gelu";


@final @unmanaged class ReluGrad {

  @inline v(g: v128, y: v128): v128 {
    return v128.andnot(g, f32x4.le(y, splat(0)));
  }
}

/** g where y > 0, from relu's result. */
export function reluGrad_f32(out: usize, g: usize, y: usize, n: i32, part: i32, parts: i32): i32 {
  return zip<ReluGrad>(out, g, y, n, part, parts);
}


@final @unmanaged class TanhGrad {

  @inline v(g: v128, y: v128): v128 {
    return f32x4.mul(g, nmadd(y, y, splat(1)));
  }
}

/** g(1 − y²), from tanh's result. */
export function tanhGrad_f32(out: usize, g: usize, y: usize, n: i32, part: i32, parts: i32): i32 {
  return zip<TanhGrad>(out, g, y, n, part, parts);
}


@final @unmanaged class SigmoidGrad {

  @inline v(g: v128, y: v128): v128 {
    return f32x4.mul(f32x4.mul(g, y), f32x4.sub(splat(1), y));
  }
}

/** g·y(1 − y), from sigmoid's result. */
export function sigmoidGrad_f32(out: usize, g: usize, y: usize, n: i32, part: i32, parts: i32): i32 {
  return zip<SigmoidGrad>(out, g, y, n, part, parts);
}


@final @unmanaged class GeluGrad {

  @inline v(g: v128, x: v128): v128 {
    return f32x4.mul(g, geluSlope(x));
  }
}

/** From gelu's argument. */
export function geluGrad_f32(out: usize, g: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return zip<GeluGrad>(out, g, x, n, part, parts);
}


@final @unmanaged class GeluTanhGrad {

  @inline v(g: v128, x: v128): v128 {
    return f32x4.mul(g, geluTanhSlope(x));
  }
}

/** From geluTanh's argument. */
export function geluTanhGrad_f32(out: usize, g: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return zip<GeluTanhGrad>(out, g, x, n, part, parts);
}


@final @unmanaged class SiluGrad {

  @inline v(g: v128, x: v128): v128 {
    return f32x4.mul(g, siluSlope(x));
  }
}

/** From silu's argument. */
export function siluGrad_f32(out: usize, g: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return zip<SiluGrad>(out, g, x, n, part, parts);
}


@final @unmanaged class MishGrad {

  @inline v(g: v128, x: v128): v128 {
    return f32x4.mul(g, mishSlope(x));
  }
}

/** From mish's argument. */
export function mishGrad_f32(out: usize, g: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return zip<MishGrad>(out, g, x, n, part, parts);
}


@final @unmanaged class HardswishGrad {

  @inline v(g: v128, x: v128): v128 {
    const ramp = v128.andnot(madd(x, splat(1.0 / 3), splat(0.5)), f32x4.le(x, splat(-3)));
    return f32x4.mul(g, select(f32x4.ge(x, splat(3)), splat(1), ramp));
  }
}

/** From hardswish's argument: 0 up to −3, x/3 + ½ between, 1 from 3 on. */
export function hardswishGrad_f32(out: usize, g: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  return zip<HardswishGrad>(out, g, x, n, part, parts);
}
