/** GELU by the normal distribution Φ, and its slope, on four f32 lanes. Measured as in `math.ts`. */
import { madd, nmadd, select, splat } from "./f32";
import { atMost, DOWN_64, expShifted, expShifted64, signBit } from "./math";

/** e^−a²/2 · 2^64 for 0 ≤ a ≤ 15: a² in two parts, or its rounding would show in the tail. */
@inline
function gauss64(a: v128): v128 {
  const high = v128.and(a, i32x4.splat(0xfffff000));
  const half = f32x4.mul(high, splat(-0.5));
  const low = f32x4.mul(f32x4.sub(a, high), nmadd(a, splat(0.5), half));
  return expShifted64(f32x4.mul(half, high), low);
}

/**
 * Φ(−a)·e^a²/2·(a + 4) for 0 ≤ a ≤ 15, as a polynomial of u = (a − 3/4)/(a + 4): 9.6e-9 plus rounding, which is least where most
 * activations are.
 */
@inline
function mills(u: v128): v128 {
  let p = madd(splat(-0.014568462036550045), u, splat(0.06465534120798111));
  p = madd(p, u, splat(-0.0632791668176651));
  p = madd(p, u, splat(-0.11691710352897644));
  p = madd(p, u, splat(0.20957714319229126));
  p = madd(p, u, splat(0.3952803909778595));
  p = madd(p, u, splat(-1.6967661380767822));
  p = madd(p, u, splat(2.689429759979248));
  p = madd(p, u, splat(-2.494534969329834));
  return madd(p, u, splat(1.426104187965393));
}

/** x·Φ(x), 5 ulp: max(x, 0) − |x|·Φ(−|x|). */
@inline
export function gelu(x: v128): v128 {
  const a = atMost(f32x4.abs(x), 15);
  const inverse = f32x4.div(splat(1), f32x4.add(a, splat(4)));
  const u = f32x4.mul(f32x4.sub(a, splat(0.75)), inverse);
  const p = f32x4.mul(f32x4.mul(a, mills(u)), inverse);
  const tail = f32x4.mul(f32x4.mul(p, gauss64(a)), splat(DOWN_64));
  return v128.or(f32x4.sub(f32x4.pmax(x, splat(0)), tail), signBit(x));
}

/** Φ(x) + x·φ(x), 2e-7 absolute: (Φ(−a) − a·φ(a))·e^a²/2 is a polynomial, to 3e-8 behind the product with e^−a²/2. */
@inline
export function geluSlope(x: v128): v128 {
  const a = atMost(f32x4.abs(x), 13);
  let p = madd(splat(-3.1554517931908777e-7), a, splat(7.708822522545233e-6));
  p = madd(p, a, splat(-8.477137453155592e-5));
  p = madd(p, a, splat(0.0005636546411551535));
  p = madd(p, a, splat(-0.002590096089988947));
  p = madd(p, a, splat(0.009003858081996441));
  p = madd(p, a, splat(-0.025471830740571022));
  p = madd(p, a, splat(0.06192394345998764));
  p = madd(p, a, splat(-0.13280579447746277));
  p = madd(p, a, splat(0.24997256696224213));
  p = madd(p, a, splat(-0.7978828549385071));
  p = madd(p, a, splat(0.4999999701976776));
  const below = f32x4.mul(p, expShifted(f32x4.mul(f32x4.mul(a, a), splat(-0.5)), 0));
  return select(f32x4.lt(x, splat(0)), below, f32x4.sub(splat(1), below));
}
