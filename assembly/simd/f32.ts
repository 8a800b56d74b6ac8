/**
 * Four f32 lanes: the vocabulary that kernels compute with, and the only file that names an instruction which
 * differs between the builds. `simd` is deterministic everywhere; `relaxed` fuses multiply and add where the
 * machine can.
 */

/** Lanes of a vector. */
export const LANES: i32 = 4;

/** Whether `madd` rounds once here: that 1 + 2⁻¹², squared, keeps its last bit. Asked of the machine, so a constant to nobody. */
@inline
export function fused(): bool {
  const x = splat(1 + 1 / <f32>4096);
  return v128.any_true(madd(x, x, splat(-1 - 1 / <f32>2048)));
}


@inline
export function load(p: usize): v128 {
  return v128.load(p);
}


@inline
export function store(p: usize, v: v128): void {
  v128.store(p, v);
}


@inline
export function splat(x: f32): v128 {
  return f32x4.splat(x);
}

/** The scalar at `p` in all lanes. */
@inline
export function loadSplat(p: usize): v128 {
  return v128.load32_splat(p);
}

/**
 * a·b + c: rounded once in the fused binary, where the machine can, and twice in the plain one. What is compiled are the fused forms;
 * scripts/fused-and-plain.mjs makes both binaries of them.
 */
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  return f32x4.relaxed_madd(a, b, c);
}

/** c − a·b, rounded as `madd` is. Costs nothing more where b is a constant. */
@inline
export function nmadd(a: v128, b: v128, c: v128): v128 {
  return madd(a, f32x4.neg(b), c);
}

/** a·b + c in f64 lanes. */
@inline
export function madd64(a: v128, b: v128, c: v128): v128 {
  return f64x2.relaxed_madd(a, b, c);
}

/** c − a·b in f64 lanes. */
@inline
export function nmadd64(a: v128, b: v128, c: v128): v128 {
  return madd64(a, f64x2.neg(b), c);
}

/** `x` where the mask's lane is all ones, `y` where it is zero. */
@inline
export function select(mask: v128, x: v128, y: v128): v128 {
  return v128.bitselect(x, y, mask);
}

/** All ones where a lane is NaN. */
@inline
export function isNaN4(v: v128): v128 {
  return f32x4.ne(v, v);
}

/** (l0 + l2) + (l1 + l3). */
@inline
export function hsum(v: v128): f32 {
  const pairs = f32x4.add(v, v128.shuffle<f32>(v, v, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

/** The lanes' product, in the order of `hsum`. */
@inline
export function hprod(v: v128): f32 {
  const pairs = f32x4.mul(v, v128.shuffle<f32>(v, v, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) * f32x4.extract_lane(pairs, 1);
}

/** The greatest lane; NaN if any lane is NaN. */
@inline
export function hmax(v: v128): f32 {
  const pairs = f32x4.max(v, v128.shuffle<f32>(v, v, 2, 3, 0, 1));
  return max(f32x4.extract_lane(pairs, 0), f32x4.extract_lane(pairs, 1));
}

/** The least lane; NaN if any lane is NaN. */
@inline
export function hmin(v: v128): f32 {
  const pairs = f32x4.min(v, v128.shuffle<f32>(v, v, 2, 3, 0, 1));
  return min(f32x4.extract_lane(pairs, 0), f32x4.extract_lane(pairs, 1));
}

/** The sum of two f64 lanes. */
@inline
export function hsum64(v: v128): f64 {
  return f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1);
}

/** Lanes 0 … count−1 (1 ≤ count ≤ 3) from memory, the others from `fill`: nothing beyond them is read. */
export function loadTail(p: usize, count: i32, fill: v128): v128 {
  if (count == 1) return v128.load32_lane(p, fill, 0);
  const two = v128.load64_lane(p, fill, 0);
  if (count == 2) return two;
  return v128.load32_lane(p, two, 2, 8);
}

/** Stores lanes 0 … count−1 (1 ≤ count ≤ 3) and nothing beyond them. */
export function storeTail(p: usize, v: v128, count: i32): void {
  if (count == 1) {
    v128.store32_lane(p, v, 0);
    return;
  }
  v128.store64_lane(p, v, 0);
  if (count == 3) v128.store32_lane(p, v, 2, 8);
}
