import { load, madd, splat, store } from "../simd/f32";

/**
 * The machine's peak of `madd`: twelve independent chains without loads, iterations·12·4·2 floating-point operations;
 * `out` has room for a vector. Call it several times before timing: V8's first calls run its baseline code. Part 0 does it.
 */
export function maddPeak(out: usize, iterations: i32, part: i32, parts: i32): i32 {
  if (part != 0) return 0;
  // From memory: what V8 can compute anew it does, at every use, and older versions keep chains on the stack for it.
  store(out, splat(1 / <f32>iterations));
  const x = load(out);
  store(out, splat(0.5));
  const y = load(out);
  let c0 = splat(0);
  let c1 = c0;
  let c2 = c0;
  let c3 = c0;
  let c4 = c0;
  let c5 = c0;
  let c6 = c0;
  let c7 = c0;
  let c8 = c0;
  let c9 = c0;
  let ca = c0;
  let cb = c0;
  for (let i = 0; i < iterations; i++) {
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
    ca = madd(x, y, ca);
    cb = madd(x, y, cb);
  }
  store(out, c0);
  store(out, c1);
  store(out, c2);
  store(out, c3);
  store(out, c4);
  store(out, c5);
  store(out, c6);
  store(out, c7);
  store(out, c8);
  store(out, c9);
  store(out, ca);
  store(out, cb);
  return 0;
}
