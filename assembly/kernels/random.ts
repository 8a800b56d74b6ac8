/**
 * Random numbers. `state` is read and never written (`philoxAdvance` moves it on); block i of the stream gives
 * elements 4i … 4i + 3, whatever the number of parts.
 */
import { load4, load4Tail, narrowed, shareStart, store4Tail } from "../loops";
import { splat, storeTail } from "../simd/f32";
import { log } from "../simd/math";
import {
  evenWords,
  firstBlock,
  firstProducts,
  keyWords,
  nextEven,
  nextKey,
  nextOdd,
  oddWords,
  philox,
  ROUNDS,
  secondBlock,
  secondProducts,
} from "../simd/philox";
import { sinOfQuadrant } from "../simd/trig";

/** Elements of a unit of work: a cache line of bytes. */
const UNIT: i32 = 64;

/** Bits to [0, 1): 24 of them, so that every value is exact. */
@inline
function unitInterval(words: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_u(words, 8)), splat(5.9604644775390625e-8));
}

/**
 * For each block: op.emit(out, mask, x, i, left, words, p, q) makes elements i … i + min(left, 4) − 1 of its four
 * words. Two blocks go together, which is nearly twice as fast.
 */
function draw<Op>(
  out: usize,
  mask: usize,
  x: usize,
  n: i32,
  p: v128,
  q: v128,
  state: usize,
  part: i32,
  parts: i32,
): i32 {
  const op = changetype<Op>(0);
  const end = shareStart(n, UNIT, part + 1, parts);
  for (let i = shareStart(n, UNIT, part, parts); i < end; i += 8) {
    let even = evenWords(state, i >> 2, 0);
    let odd = oddWords(state, i >> 2);
    let key = keyWords(state);
    for (let round = 0; round < ROUNDS; round++) {
      const first = firstProducts(even);
      const second = secondProducts(even);
      even = nextEven(first, second, odd, key);
      odd = nextOdd(first, second);
      key = nextKey(key);
    }
    op.emit(out, mask, x, i, end - i, firstBlock(even, odd), p, q);
    if (end - i > 4) op.emit(out, mask, x, i + 4, end - i - 4, secondBlock(even, odd), p, q);
  }
  return 0;
}


@inline
function emit4(out: usize, i: i32, left: i32, lanes: v128): void {
  const to = out + ((<usize>i) << 2);
  if (left >= 4) v128.store(to, lanes);
  else storeTail(to, lanes, left);
}


@inline
function emitBytes(out: usize, i: i32, left: i32, lanes: v128): void {
  if (left >= 4) v128.store32_lane(out + i, narrowed(lanes), 0);
  else store4Tail<u8>(out + i, lanes, left);
}

/** Rounding may reach the upper end, which is not in the interval. */
@final @unmanaged class Uniform {

  @inline emit(out: usize, mask: usize, x: usize, i: i32, left: i32, words: v128, lo: v128, hi: v128): void {
    const y = f32x4.add(lo, f32x4.mul(unitInterval(words), f32x4.sub(hi, lo)));
    emit4(out, i, left, v128.bitselect(y, lo, f32x4.lt(y, hi)));
  }
}

/** Uniform on [lo, hi). */
export function uniform_f32(out: usize, n: i32, lo: f32, hi: f32, state: usize, part: i32, parts: i32): i32 {
  return draw<Uniform>(out, 0, 0, n, splat(lo), splat(hi), state, part, parts);
}

/** Box and Muller: two words give √(−2 ln u)·cos 2πv and √(−2 ln u)·sin 2πv. */
@final @unmanaged class Normal {

  @inline emit(
    out: usize,
    mask: usize,
    x: usize,
    i: i32,
    left: i32,
    words: v128,
    mean: v128,
    std: v128,
  ): void {
    const radiusWord = v128.shuffle<i32>(words, words, 0, 0, 2, 2);
    const angle = v128.shuffle<i32>(words, words, 1, 1, 3, 3);
    // u in (0, 1], v in quarter turns: the nearest, and the exact rest in ±1/8 of a turn.
    const u = f32x4.add(
      f32x4.mul(f32x4.convert_i32x4_u(radiusWord), splat(2.3283064365386963e-10)),
      splat(1.1641532182693481e-10),
    );
    const radius = f32x4.sqrt(f32x4.mul(log(u), splat(-2)));
    const quarter = i32x4.shr_u(i32x4.add(angle, i32x4.splat(0x20000000)), 30);
    const rest = f32x4.convert_i32x4_s(i32x4.sub(angle, i32x4.shl(quarter, 30)));
    const radians = f32x4.mul(rest, splat(1.4629180792671596e-9)); // 2π · 2^−32
    // Lanes 0 and 2 are cosines: a quarter turn ahead.
    const z = f32x4.mul(radius, sinOfQuadrant(radians, i32x4.add(quarter, i64x2.splat(1)), 0));
    emit4(out, i, left, f32x4.add(mean, f32x4.mul(z, std)));
  }
}

/** Normal with the mean and the standard deviation. */
export function normal_f32(
  out: usize,
  n: i32,
  mean: f32,
  std: f32,
  state: usize,
  part: i32,
  parts: i32,
): i32 {
  return draw<Normal>(out, 0, 0, n, splat(mean), splat(std), state, part, parts);
}


@final @unmanaged class Bernoulli {

  @inline emit(out: usize, mask: usize, x: usize, i: i32, left: i32, words: v128, p: v128, q: v128): void {
    emitBytes(out, i, left, i32x4.shr_u(f32x4.lt(unitInterval(words), p), 31));
  }
}

/** Bytes: 1 with probability p. */
export function bernoulli_8(out: usize, n: i32, p: f32, state: usize, part: i32, parts: i32): i32 {
  return draw<Bernoulli>(out, 0, 0, n, splat(p), splat(0), state, part, parts);
}

/** 1/(1 − p), and 0 for p = 1, where nothing is kept. */
@inline
function keptScale(p: f32): v128 {
  return splat(p == 1 ? 0 : 1 / (1 - p));
}


@final @unmanaged class Dropout {

  @inline emit(
    out: usize,
    mask: usize,
    x: usize,
    i: i32,
    left: i32,
    words: v128,
    p: v128,
    scale: v128,
  ): void {
    const kept = f32x4.ge(unitInterval(words), p);
    const from = x + ((<usize>i) << 2);
    const lanes = left >= 4 ? load4<f32>(from) : load4Tail<f32>(from, left);
    emit4(out, i, left, v128.and(f32x4.mul(lanes, scale), kept));
    emitBytes(mask, i, left, i32x4.shr_u(kept, 31));
  }
}

/** out = x/(1 − p) where mask = 1, which has probability 1 − p, and 0 elsewhere. */
export function dropout_f32(
  out: usize,
  mask: usize,
  x: usize,
  n: i32,
  p: f32,
  state: usize,
  part: i32,
  parts: i32,
): i32 {
  return draw<Dropout>(out, mask, x, n, splat(p), keptScale(p), state, part, parts);
}

/** dx = g/(1 − p) where mask = 1, and 0 elsewhere. */
export function dropoutGrad_f32(
  dx: usize,
  g: usize,
  mask: usize,
  n: i32,
  p: f32,
  part: i32,
  parts: i32,
): i32 {
  const scale = keptScale(p);
  const end = shareStart(n, UNIT, part + 1, parts);
  for (let i = shareStart(n, UNIT, part, parts); i < end; i += 4) {
    const left = end - i;
    const from = g + ((<usize>i) << 2);
    const bytes = left >= 4 ? load4<u8>(mask + i) : load4Tail<u8>(mask + i, left);
    const lanes = left >= 4 ? load4<f32>(from) : load4Tail<f32>(from, left);
    emit4(dx, i, left, v128.and(f32x4.mul(lanes, scale), i32x4.ne(bytes, i32x4.splat(0))));
  }
  return 0;
}


@inline
function lane(words: v128, index: i32): u32 {
  if (index < 2) return index == 0 ? i32x4.extract_lane(words, 0) : i32x4.extract_lane(words, 1);
  return index == 2 ? i32x4.extract_lane(words, 2) : i32x4.extract_lane(words, 3);
}

/**
 * An integer in 0 … range − 1 from element i's word, without bias: a product whose low half shows that the
 * word is one of the 2^32 mod range too many is drawn anew (Lemire 2019). range = 0 stands for 2^32.
 */
function below(range: u32, word: u32, state: usize, i: i32): u32 {
  if (range == 0) return word;
  let product = <u64>word * range;
  if (<u32>product < range) {
    const excess = (<u32>0 - range) % range;
    for (let redraw: u32 = 1; <u32>product < excess; redraw++) {
      product = <u64>lane(philox(state, i >> 2, redraw), i & 3) * range;
    }
  }
  return <u32>(product >> 32);
}

/** Integers in lo … hi − 1, without bias. */
export function randint_i32(out: usize, n: i32, lo: i32, hi: i32, state: usize, part: i32, parts: i32): i32 {
  const end = shareStart(n, UNIT, part + 1, parts);
  for (let i = shareStart(n, UNIT, part, parts); i < end; i += 4) {
    const words = philox(state, i >> 2, 0);
    for (let j = i; j < min(i + 4, end); j++) {
      store<i32>(out + ((<usize>j) << 2), lo + below(hi - lo, lane(words, j & 3), state, j));
    }
  }
  return 0;
}

/** A permutation of 0 … n − 1, each as likely as the others (Fisher and Yates, from the inside out). */
export function permutation_i32(out: usize, n: i32, state: usize, part: i32, parts: i32): i32 {
  if (part != 0) return 0;
  for (let i = 0; i < n; i += 4) {
    const words = philox(state, i >> 2, 0);
    for (let j = i; j < min(i + 4, n); j++) {
      const other = out + ((<usize>below(j + 1, lane(words, j & 3), state, j)) << 2);
      store<i32>(out + ((<usize>j) << 2), load<i32>(other));
      store<i32>(other, j);
    }
  }
  return 0;
}

/** Moves the state's counter on. */
export function philoxAdvance(state: usize, blocks: i32, part: i32, parts: i32): i32 {
  if (part == 0) store<u64>(state, load<u64>(state, 8) + <u32>blocks, 8);
  return 0;
}
