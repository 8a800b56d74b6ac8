/**
 * The minimal algorithm F(4×4, 3×3) of Winograd (Lavin, Gray 2015): 36 products give 16 sums of nine. Its points are
 * 0, ±√½, ±√2 and ∞, whose rounding errors are about twice those of the plain sum (measured; with ±1 and ±2 five times).
 *
 *   sums = Aᵀ·[(G·w·Gᵀ) ⊙ (Bᵀ·d·B)]·A
 *
 * Each function applies one of these matrices along one dimension, to `count` runs of vectors; a step is the distance
 * within a run, a next that to the following run.
 */
import { madd, nmadd, splat } from "../../simd/f32";

const ROOT_HALF: f32 = 0.70710678118654752;
const ROOT_TWO: f32 = 1.41421356237309505;

/** Side of what a tile gives, and of what it reads. */
export const TILE: i32 = 4;
export const REACH: i32 = 6;

/** The products of a tile. */
export const POINTS: i32 = 36;

/** Bᵀ: six values of the input to six points. */
export function inputPoints(
  to: usize,
  toStep: usize,
  toNext: usize,
  from: usize,
  step: usize,
  next: usize,
  count: i32,
): void {
  for (; count > 0; count--, to += toNext, from += next) {
    let p = from + step;
    const d1 = v128.load(p);
    p += step;
    const d2 = v128.load(p);
    p += step;
    const d3 = v128.load(p);
    p += step;
    const d4 = v128.load(p);
    v128.store(to, f32x4.add(nmadd(d2, splat(2.5), v128.load(from)), d4));
    let q = to + toStep;
    let even = nmadd(d2, splat(2), d4);
    let odd = nmadd(d1, splat(2), d3);
    v128.store(q, madd(odd, splat(ROOT_HALF), even));
    q += toStep;
    v128.store(q, nmadd(odd, splat(ROOT_HALF), even));
    q += toStep;
    even = nmadd(d2, splat(0.5), d4);
    odd = nmadd(d1, splat(0.5), d3);
    v128.store(q, madd(odd, splat(ROOT_TWO), even));
    q += toStep;
    v128.store(q, nmadd(odd, splat(ROOT_TWO), even));
    q += toStep;
    v128.store(q, f32x4.add(nmadd(d3, splat(2.5), d1), v128.load(p + step)));
  }
}

/** A: four gradients of sums to six points. */
export function gradientPoints(
  to: usize,
  toStep: usize,
  toNext: usize,
  from: usize,
  step: usize,
  next: usize,
  count: i32,
): void {
  for (; count > 0; count--, to += toNext, from += next) {
    const g0 = v128.load(from);
    const g1 = v128.load(from + step);
    const g2 = v128.load(from + (step << 1));
    const g3 = v128.load(from + step * 3);
    v128.store(to, g0);
    let q = to + toStep;
    let even = madd(g2, splat(0.5), g0);
    let odd = madd(g3, splat(0.5), g1);
    v128.store(q, madd(odd, splat(ROOT_HALF), even));
    q += toStep;
    v128.store(q, nmadd(odd, splat(ROOT_HALF), even));
    q += toStep;
    even = madd(g2, splat(2), g0);
    odd = madd(g3, splat(2), g1);
    v128.store(q, madd(odd, splat(ROOT_TWO), even));
    q += toStep;
    v128.store(q, nmadd(odd, splat(ROOT_TWO), even));
    v128.store(q + toStep, g3);
  }
}

/** Aᵀ: six points to four sums. */
export function sumsOfPoints(
  to: usize,
  toStep: usize,
  toNext: usize,
  from: usize,
  step: usize,
  next: usize,
  count: i32,
): void {
  for (; count > 0; count--, to += toNext, from += next) {
    let p = from + step;
    let m1 = v128.load(p);
    p += step;
    let m2 = v128.load(p);
    p += step;
    let m3 = v128.load(p);
    p += step;
    let m4 = v128.load(p);
    const even1 = f32x4.add(m1, m2);
    const odd1 = f32x4.mul(f32x4.sub(m1, m2), splat(ROOT_HALF));
    const even2 = f32x4.add(m3, m4);
    const odd2 = f32x4.mul(f32x4.sub(m3, m4), splat(ROOT_TWO));
    v128.store(to, f32x4.add(f32x4.add(v128.load(from), even1), even2));
    let q = to + toStep;
    v128.store(q, f32x4.add(odd1, odd2));
    q += toStep;
    v128.store(q, madd(even1, splat(0.5), f32x4.mul(even2, splat(2))));
    q += toStep;
    v128.store(q, madd(odd1, splat(0.5), madd(odd2, splat(2), v128.load(p + step))));
  }
}

/** G: three weights to six points. */
export function weightPoints(
  to: usize,
  toStep: usize,
  toNext: usize,
  from: usize,
  step: usize,
  next: usize,
  count: i32,
): void {
  for (; count > 0; count--, to += toNext, from += next) {
    const w0 = v128.load(from);
    const w1 = v128.load(from + step);
    const w2 = v128.load(from + (step << 1));
    v128.store(to, w0);
    let q = to + toStep;
    let even = f32x4.mul(madd(w2, splat(0.5), w0), splat(-0.66666666666666667));
    let odd = f32x4.mul(w1, splat(-0.66666666666666667 * ROOT_HALF));
    v128.store(q, f32x4.add(even, odd));
    q += toStep;
    v128.store(q, f32x4.sub(even, odd));
    q += toStep;
    even = f32x4.mul(madd(w2, splat(2), w0), splat(0.16666666666666667));
    odd = f32x4.mul(w1, splat(0.16666666666666667 * ROOT_TWO));
    v128.store(q, f32x4.add(even, odd));
    q += toStep;
    v128.store(q, f32x4.sub(even, odd));
    v128.store(q + toStep, w2);
  }
}

/** Gᵀ: six points to three gradients of weights. */
export function weightsOfPoints(
  to: usize,
  toStep: usize,
  toNext: usize,
  from: usize,
  step: usize,
  next: usize,
  count: i32,
): void {
  for (; count > 0; count--, to += toNext, from += next) {
    let p = from + step;
    let u1 = v128.load(p);
    p += step;
    let u2 = v128.load(p);
    p += step;
    let u3 = v128.load(p);
    p += step;
    let u4 = v128.load(p);
    const even1 = f32x4.mul(f32x4.add(u1, u2), splat(-0.66666666666666667));
    const odd1 = f32x4.mul(f32x4.sub(u1, u2), splat(-0.66666666666666667 * ROOT_HALF));
    const even2 = f32x4.mul(f32x4.add(u3, u4), splat(0.16666666666666667));
    const odd2 = f32x4.mul(f32x4.sub(u3, u4), splat(0.16666666666666667 * ROOT_TWO));
    v128.store(to, f32x4.add(f32x4.add(v128.load(from), even1), even2));
    v128.store(to + toStep, f32x4.add(odd1, odd2));
    v128.store(to + (toStep << 1), madd(even1, splat(0.5), madd(even2, splat(2), v128.load(p + step))));
  }
}
