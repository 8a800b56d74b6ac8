/**
 * One time step of a recurrent layer behind its matrix products, forward and backward. Everything is row-major
 * [batch, …] and dense; blocks of `hidden` values stand side by side in a row, in PyTorch's order of gates.
 *
 * `lengths` (i32 [batch], or 0) holds how many steps of each sequence count. Beyond them a sequence keeps its state and
 * its output is 0, in either direction of time: so the state of a reversed sequence is still the first one when its last
 * step comes. A length outside 0 … `time` is a code, 1 + its position.
 */
import { copyBytes, fillWords } from "../bytes";
import { shareStart } from "../loops";
import { madd, nmadd, splat } from "../simd/f32";
import { sigmoid, tanh } from "../simd/math";
import { exponentials, Sigmoid } from "../simd/wide";
import { loadUpTo, storeUpTo } from "../sums";

/** A part's unit of work: a cache line. */
const UNIT: i32 = 16;

function checkLengths(lengths: usize, batch: i32, time: i32): i32 {
  if (lengths == 0) return 0;
  for (let i = 0; i < batch; i++, lengths += 4) {
    if (<u32>load<i32>(lengths) > <u32>time) return i + 1;
  }
  return 0;
}

/** Whether step `t` of sequence `row` counts. */
@inline
function counts(lengths: usize, row: i32, t: i32): bool {
  return lengths == 0 || t < load<i32>(lengths + ((<usize>row) << 2));
}

/** Bytes to element `column` of row `row`. */
@inline
function offset(row: i32, width: i32, column: i32): usize {
  return (<usize>row * <usize>width + <usize>column) << 2;
}


@inline
function vector(p: usize, left: i32): v128 {
  return loadUpTo(p, left, splat(0));
}

/** The same, or zeros where there is no operand. */
@inline
function optional(p: usize, i: usize, left: i32): v128 {
  return p == 0 ? splat(0) : vector(p + i, left);
}

/** Bytes from a null or a real pointer. */
@inline
function moved(p: usize, bytes: usize): usize {
  return p == 0 ? 0 : p + bytes;
}


@final
@unmanaged
class Tanh {

  @inline
  v(x: v128): v128 {
    return tanh(x);
  }
}


@final
@unmanaged
class Relu {

  @inline
  v(x: v128): v128 {
    // NaN stays NaN
    return v128.andnot(x, f32x4.lt(x, splat(0)));
  }
}

/** out = f(x + r + bias) for n values; out may be x, bias may be 0. */
function activate<F>(out: usize, x: usize, r: usize, bias: usize, n: i32): void {
  const f = changetype<F>(0);
  let i: usize = 0;
  for (let left = n; left > 0; left -= 4, i += 16) {
    const sum = f32x4.add(f32x4.add(vector(x + i, left), vector(r + i, left)), optional(bias, i, left));
    storeUpTo(out + i, f.v(sum), left);
  }
}

/** out = σ(x + r + bias), as `activate`, four vectors in step. */
function sigmoids(out: usize, x: usize, r: usize, bias: usize, n: i32): void {
  let i: usize = 0;
  for (let left = n; left > 0; left -= 4, i += 16) {
    const sum = f32x4.add(f32x4.add(vector(x + i, left), vector(r + i, left)), optional(bias, i, left));
    storeUpTo(out + i, sum, left);
  }
  for (; n >= 16; n -= 16, out += 64) exponentials<Sigmoid>(out, out, splat(0));
  for (; n > 0; n -= 4, out += 16) storeUpTo(out, sigmoid(vector(out, n)), n);
}

/** A sequence that is over: its state stays, its output is 0. */
function rest(h: usize, before: usize, y: usize, n: i32): void {
  copyBytes(h, before, (<usize>n) << 2);
  fillWords(y, 0, n);
}

/** h = f(x + r + bias), f relu or tanh; the output y as well, where lengths are given. */
export function rnnStep_f32(
  h: usize,
  y: usize,
  x: usize,
  r: usize,
  bias: usize,
  before: usize,
  lengths: usize,
  t: i32,
  time: i32,
  relu: i32,
  batch: i32,
  hidden: i32,
  part: i32,
  parts: i32,
): i32 {
  const code = checkLengths(lengths, batch, time);
  if (code != 0) return code;
  const end = shareStart(batch * hidden, UNIT, part + 1, parts);
  let at = shareStart(batch * hidden, UNIT, part, parts);
  while (at < end) {
    const row = at / hidden;
    const j = at - row * hidden;
    const n = min(hidden - j, end - at);
    const i = (<usize>at) << 2;
    if (counts(lengths, row, t)) {
      const own = moved(bias, (<usize>j) << 2);
      if (relu != 0) activate<Relu>(h + i, x + i, r + i, own, n);
      else activate<Tanh>(h + i, x + i, r + i, own, n);
      if (lengths != 0) copyBytes(y + i, h + i, (<usize>n) << 2);
    } else rest(h + i, before + i, y + i, n);
    at += n;
  }
  return 0;
}

/** da = (dh + dy)·f′ with f′ from h; dh, where lengths are given, becomes what passes by the step's product. */
export function rnnGrad_f32(
  da: usize,
  dh: usize,
  dy: usize,
  h: usize,
  lengths: usize,
  t: i32,
  relu: i32,
  batch: i32,
  hidden: i32,
  part: i32,
  parts: i32,
): i32 {
  const end = shareStart(batch * hidden, UNIT, part + 1, parts);
  let at = shareStart(batch * hidden, UNIT, part, parts);
  while (at < end) {
    const row = at / hidden;
    const n = min(hidden - (at - row * hidden), end - at);
    let i = (<usize>at) << 2;
    if (counts(lengths, row, t)) {
      for (let left = n; left > 0; left -= 4, i += 16) {
        const g = f32x4.add(vector(dh + i, left), optional(dy, i, left));
        const y = vector(h + i, left);
        const slope = nmadd(y, y, splat(1));
        const d = relu != 0 ? v128.andnot(g, f32x4.le(y, splat(0))) : f32x4.mul(g, slope);
        storeUpTo(da + i, d, left);
        if (lengths != 0) storeUpTo(dh + i, splat(0), left);
      }
    } else fillWords(da + i, 0, n);
    at += n;
  }
  return 0;
}

/**
 * i, f, o = σ(x + r + bias), g = tanh(…), c = f·before + i·g, h = o·tanh c. `gates` [batch, 4·hidden] holds x and becomes
 * i, f, g, o; `tanhC` keeps tanh c for the gradient.
 */
export function lstmStep_f32(
  h: usize,
  c: usize,
  tanhC: usize,
  y: usize,
  gates: usize,
  r: usize,
  bias: usize,
  hBefore: usize,
  cBefore: usize,
  lengths: usize,
  t: i32,
  time: i32,
  batch: i32,
  hidden: i32,
  part: i32,
  parts: i32,
): i32 {
  const code = checkLengths(lengths, batch, time);
  if (code != 0) return code;
  const block = (<usize>hidden) << 2;
  const end = shareStart(batch * hidden, UNIT, part + 1, parts);
  let at = shareStart(batch * hidden, UNIT, part, parts);
  while (at < end) {
    const row = at / hidden;
    const j = at - row * hidden;
    const n = min(hidden - j, end - at);
    let i = (<usize>at) << 2;
    at += n;
    if (!counts(lengths, row, t)) {
      copyBytes(c + i, cBefore + i, (<usize>n) << 2);
      rest(h + i, hBefore + i, y + i, n);
      continue;
    }
    const first = offset(row, hidden << 2, j);
    let gate = gates + first;
    for (let q = 0; q < 4; q++) {
      const from = r + (gate - gates);
      const own = moved(bias, ((<usize>j) << 2) + <usize>q * block);
      if (q == 2) activate<Tanh>(gate, gate, from, own, n);
      else sigmoids(gate, gate, from, own, n);
      gate += block;
    }
    gate = gates + first;
    for (let left = n; left > 0; left -= 4, i += 16, gate += 16) {
      const kept = f32x4.mul(vector(gate + block, left), vector(cBefore + i, left));
      const cell = madd(vector(gate, left), vector(gate + (block << 1), left), kept);
      const squashed = tanh(cell);
      const state = f32x4.mul(vector(gate + block * 3, left), squashed);
      storeUpTo(c + i, cell, left);
      storeUpTo(tanhC + i, squashed, left);
      storeUpTo(h + i, state, left);
      if (lengths != 0) storeUpTo(y + i, state, left);
    }
  }
  return 0;
}

/** s(1 − s). */
@inline
function sigmoidSlope(s: v128): v128 {
  return nmadd(s, s, s);
}

/** 1 − y². */
@inline
function tanhSlope(y: v128): v128 {
  return nmadd(y, y, splat(1));
}

/** From dh + dy and dc: d of the four gates' arguments; dc becomes the step before's, dh as in rnnGrad_f32. */
export function lstmGrad_f32(
  dgates: usize,
  dh: usize,
  dc: usize,
  dy: usize,
  gates: usize,
  tanhC: usize,
  cBefore: usize,
  lengths: usize,
  t: i32,
  batch: i32,
  hidden: i32,
  part: i32,
  parts: i32,
): i32 {
  const block = (<usize>hidden) << 2;
  const end = shareStart(batch * hidden, UNIT, part + 1, parts);
  let at = shareStart(batch * hidden, UNIT, part, parts);
  while (at < end) {
    const row = at / hidden;
    const j = at - row * hidden;
    const n = min(hidden - j, end - at);
    let i = (<usize>at) << 2;
    at += n;
    const first = offset(row, hidden << 2, j);
    let to = dgates + first;
    if (!counts(lengths, row, t)) {
      for (let q = 0; q < 4; q++, to += block) fillWords(to, 0, n);
      continue;
    }
    let gate = gates + first;
    for (let left = n; left > 0; left -= 4, i += 16, gate += 16, to += 16) {
      const input = vector(gate, left);
      const forget = vector(gate + block, left);
      const value = vector(gate + (block << 1), left);
      const output = vector(gate + block * 3, left);
      const squashed = vector(tanhC + i, left);
      const g = f32x4.add(vector(dh + i, left), optional(dy, i, left));
      const cell = madd(f32x4.mul(g, output), tanhSlope(squashed), vector(dc + i, left));
      storeUpTo(to, f32x4.mul(f32x4.mul(cell, value), sigmoidSlope(input)), left);
      storeUpTo(
        to + block,
        f32x4.mul(f32x4.mul(cell, vector(cBefore + i, left)), sigmoidSlope(forget)),
        left,
      );
      storeUpTo(to + (block << 1), f32x4.mul(f32x4.mul(cell, input), tanhSlope(value)), left);
      storeUpTo(to + block * 3, f32x4.mul(f32x4.mul(g, squashed), sigmoidSlope(output)), left);
      storeUpTo(dc + i, f32x4.mul(cell, forget), left);
      if (lengths != 0) storeUpTo(dh + i, splat(0), left);
    }
  }
  return 0;
}

/**
 * r, z = σ(x + r + bias), n = tanh(x + bias + r·q) with q the hidden state's product and its bias, h = n + z·(before − n).
 * `gates` [batch, 4·hidden] holds x in three blocks and becomes r, z, n, q; `product` [batch, 3·hidden]; `bias`, unless
 * 0, is [4·hidden]: of r, of z, of n from the input, of q.
 */
export function gruStep_f32(
  h: usize,
  y: usize,
  gates: usize,
  product: usize,
  bias: usize,
  before: usize,
  lengths: usize,
  t: i32,
  time: i32,
  batch: i32,
  hidden: i32,
  part: i32,
  parts: i32,
): i32 {
  const code = checkLengths(lengths, batch, time);
  if (code != 0) return code;
  const block = (<usize>hidden) << 2;
  const end = shareStart(batch * hidden, UNIT, part + 1, parts);
  let at = shareStart(batch * hidden, UNIT, part, parts);
  while (at < end) {
    const row = at / hidden;
    const j = at - row * hidden;
    const n = min(hidden - j, end - at);
    let i = (<usize>at) << 2;
    at += n;
    if (!counts(lengths, row, t)) {
      rest(h + i, before + i, y + i, n);
      continue;
    }
    let gate = gates + offset(row, hidden << 2, j);
    let from = product + offset(row, hidden * 3, j);
    const own = moved(bias, (<usize>j) << 2);
    sigmoids(gate, gate, from, own, n);
    sigmoids(gate + block, gate + block, from + block, moved(own, block), n);
    const ofN = moved(own, block << 1);
    const ofQ = moved(own, block * 3);
    let b: usize = 0;
    for (let left = n; left > 0; left -= 4, i += 16, b += 16, gate += 16, from += 16) {
      const q = f32x4.add(vector(from + (block << 1), left), optional(ofQ, b, left));
      const x = f32x4.add(vector(gate + (block << 1), left), optional(ofN, b, left));
      const candidate = tanh(madd(vector(gate, left), q, x));
      const z = vector(gate + block, left);
      const state = madd(z, f32x4.sub(vector(before + i, left), candidate), candidate);
      storeUpTo(gate + (block << 1), candidate, left);
      storeUpTo(gate + block * 3, q, left);
      storeUpTo(h + i, state, left);
      if (lengths != 0) storeUpTo(y + i, state, left);
    }
  }
  return 0;
}

/**
 * From dh + dy: d of the arguments, in the order n, r, z, q, so that the last three are the hidden state's product and the
 * first three the input's; dh becomes what passes by the product, in any case.
 */
export function gruGrad_f32(
  dgates: usize,
  dh: usize,
  dy: usize,
  gates: usize,
  before: usize,
  lengths: usize,
  t: i32,
  batch: i32,
  hidden: i32,
  part: i32,
  parts: i32,
): i32 {
  const block = (<usize>hidden) << 2;
  const end = shareStart(batch * hidden, UNIT, part + 1, parts);
  let at = shareStart(batch * hidden, UNIT, part, parts);
  while (at < end) {
    const row = at / hidden;
    const j = at - row * hidden;
    const n = min(hidden - j, end - at);
    let i = (<usize>at) << 2;
    at += n;
    const first = offset(row, hidden << 2, j);
    let to = dgates + first;
    if (!counts(lengths, row, t)) {
      for (let q = 0; q < 4; q++, to += block) fillWords(to, 0, n);
      continue;
    }
    let gate = gates + first;
    for (let left = n; left > 0; left -= 4, i += 16, gate += 16, to += 16) {
      const r = vector(gate, left);
      const z = vector(gate + block, left);
      const candidate = vector(gate + (block << 1), left);
      const q = vector(gate + block * 3, left);
      const g = f32x4.add(vector(dh + i, left), optional(dy, i, left));
      const gz = f32x4.mul(g, z);
      const dn = f32x4.mul(f32x4.sub(g, gz), tanhSlope(candidate));
      const dz = f32x4.mul(f32x4.mul(g, f32x4.sub(vector(before + i, left), candidate)), sigmoidSlope(z));
      storeUpTo(to, dn, left);
      storeUpTo(to + block, f32x4.mul(f32x4.mul(dn, q), sigmoidSlope(r)), left);
      storeUpTo(to + (block << 1), dz, left);
      storeUpTo(to + block * 3, f32x4.mul(dn, r), left);
      storeUpTo(dh + i, gz, left);
    }
  }
  return 0;
}
