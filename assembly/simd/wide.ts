/**
 * Exponentials of four vectors in step. A polynomial's constants are then loaded once for all of them, since V8's fifteen
 * registers hold none of them for long, and while one vector waits for a result the others go on. Every element has the
 * bits that the map of a single vector gives it.
 */
import { madd, nmadd, splat } from "./f32";
import { LN2_HI, LN2_LO, LOG2E, ROUNDER, sigmoid } from "./math";

/** The bits of 48: up to there, e^t is far from the ends of f32. `sigmoid` and `silu` go by it, too. */
const SAFE: i32 = 0x42400000;

/** The rounder of `exp`: it holds the exponent's bias. */
const BIASED: f32 = ROUNDER + 127;


@inline
function magnitude(t: v128): v128 {
  return v128.and(t, i32x4.splat(0x7fffffff));
}


@inline
function reduced(x: v128, t: v128): v128 {
  const n = f32x4.sub(t, splat(BIASED));
  return nmadd(n, splat(LN2_LO), nmadd(n, splat(LN2_HI), x));
}

/** The end of `expShifted`, from the polynomial's value. */
@inline
function finished(p: v128, r: v128, t: v128): v128 {
  const scale = i32x4.shl(t, 23);
  return madd(f32x4.mul(r, scale), madd(p, r, splat(1)), scale);
}

function careful<F>(to: usize, from: usize, constant: v128): v128 {
  let sum = splat(0);
  let even = sum;
  for (let i: usize = 0; i < 64; i += 16) {
    const y = changetype<F>(0).v(v128.load(from + i), constant, constant);
    if (to != 0) v128.store(to + i, y);
    if ((i & 16) == 0) even = y;
    else sum = f32x4.add(sum, f32x4.add(even, y));
  }
  return sum;
}

/**
 * A map of four vectors at `from` to `to`, unless that is 0; returns their sum, (a + b) + (c + d). The functor has `begin(x, constant)`,
 * which gives t, `end(e^t, from)` with the result, and `v(x, constant, constant)`, which is right for any x.
 */
@inline
export function exponentials<F>(to: usize, from: usize, constant: v128): v128 {
  const f = changetype<F>(0);
  const a = f.begin(v128.load(from), constant);
  const b = f.begin(v128.load(from, 16), constant);
  const c = f.begin(v128.load(from, 32), constant);
  const d = f.begin(v128.load(from, 48), constant);
  const most = i32x4.max_s(i32x4.max_s(magnitude(a), magnitude(b)), i32x4.max_s(magnitude(c), magnitude(d)));
  if (v128.any_true(i32x4.gt_s(most, i32x4.splat(SAFE)))) return careful<F>(to, from, constant);
  const ta = madd(a, splat(LOG2E), splat(BIASED));
  const tb = madd(b, splat(LOG2E), splat(BIASED));
  const tc = madd(c, splat(LOG2E), splat(BIASED));
  const td = madd(d, splat(LOG2E), splat(BIASED));
  const ra = reduced(a, ta);
  const rb = reduced(b, tb);
  const rc = reduced(c, tc);
  const rd = reduced(d, td);
  // As `expTail` has them.
  let p = madd(splat(0.0013838002923876047), ra, splat(0.00836916547268629));
  let q = madd(splat(0.0013838002923876047), rb, splat(0.00836916547268629));
  let r = madd(splat(0.0013838002923876047), rc, splat(0.00836916547268629));
  let s = madd(splat(0.0013838002923876047), rd, splat(0.00836916547268629));
  p = madd(p, ra, splat(0.04166810214519501));
  q = madd(q, rb, splat(0.04166810214519501));
  r = madd(r, rc, splat(0.04166810214519501));
  s = madd(s, rd, splat(0.04166810214519501));
  p = madd(p, ra, splat(0.16666516661643982));
  q = madd(q, rb, splat(0.16666516661643982));
  r = madd(r, rc, splat(0.16666516661643982));
  s = madd(s, rd, splat(0.16666516661643982));
  p = madd(p, ra, splat(0.4999999403953552));
  q = madd(q, rb, splat(0.4999999403953552));
  r = madd(r, rc, splat(0.4999999403953552));
  s = madd(s, rd, splat(0.4999999403953552));
  p = f.end(finished(p, ra, ta), from);
  q = f.end(finished(q, rb, tb), from + 16);
  r = f.end(finished(r, rc, tc), from + 32);
  s = f.end(finished(s, rd, td), from + 48);
  if (to != 0) {
    v128.store(to, p);
    v128.store(to, q, 16);
    v128.store(to, r, 32);
    v128.store(to, s, 48);
  }
  return f32x4.add(f32x4.add(p, q), f32x4.add(r, s));
}

/** The logistic function as a map. */
@final
@unmanaged
export class Sigmoid {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return sigmoid(x);
  }


  @inline begin(x: v128, p: v128): v128 {
    return f32x4.neg(x);
  }


  @inline end(e: v128, from: usize): v128 {
    return f32x4.div(splat(1), f32x4.add(e, splat(1)));
  }


  @inline wide(to: usize, from: usize): void {
    exponentials<Sigmoid>(to, from, i32x4.splat(0));
  }
}
