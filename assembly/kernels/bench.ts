import { madd, splat } from "../simd/f32";

/**
 * The machine's peak of `madd`: independent chains without loads, iterations·12·4·2 floating-point operations
 * (for multiples of five). Call it several times before timing: V8's first calls run its baseline code. Part 0 does it.
 *
 * Ten chains, and no constants: V8 11 keeps these in registers, and those it would make anew at every use.
 */
export function maddPeak(out: usize, iterations: i32, part: i32, parts: i32): i32 {
  if (part != 0) return 0;
  const x = splat(1 / <f32>iterations);
  const y = f32x4.sqrt(x);
  let c0 = splat(0);
  let c1 = f32x4.add(c0, x);
  let c2 = f32x4.add(c1, x);
  let c3 = f32x4.add(c2, x);
  let c4 = f32x4.add(c3, x);
  let c5 = f32x4.add(c4, x);
  let c6 = f32x4.add(c5, x);
  let c7 = f32x4.add(c6, x);
  let c8 = f32x4.add(c7, x);
  let c9 = f32x4.add(c8, x);
  for (let left = (iterations / 5) * 6; left > 0; left--) {
    c0 = madd(x, y, c0);
    c1 = madd(x, y, c1);
    c2 = madd(x, y, c2);
    c3 = madd(x, y, c3);
    c4 = madd(x, y, c4);
    c5 = madd(x, y, c5);
    c6 = madd(x, y, c6);
    c7 = madd(x, y, c7);
    c8 = madd(x, y, c8);
    c9 = madd(x, y, c9);
  }
  v128.store(out, c0);
  v128.store(out, c1);
  v128.store(out, c2);
  v128.store(out, c3);
  v128.store(out, c4);
  v128.store(out, c5);
  v128.store(out, c6);
  v128.store(out, c7);
  v128.store(out, c8);
  v128.store(out, c9);
  return 0;
}
