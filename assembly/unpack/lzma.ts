/**
 * Decodes an LZMA stream whose parameters are the usual ones, lc = 3, lp = 0, pb = 2: what pages get the kernels' binary in. A binary of
 * its own, of 1.2 KB, whose memory is dropped with it. https://github.com/jljusten/LZMA-SDK/blob/master/DOC/lzma-specification.txt
 */

/** Where the probabilities are: tables of u16, each the chance out of 2048 that a bit is 0. */
const LITERAL: usize = 0; // 8 × 0x300, by the three highest bits of the byte before
const IS_MATCH: usize = LITERAL + 8 * 0x300 * 2; // 12 × 4, by state and position
const IS_REP: usize = IS_MATCH + 12 * 4 * 2; // 12 each, by state
const IS_REP0: usize = IS_REP + 12 * 2;
const IS_REP1: usize = IS_REP0 + 12 * 2;
const IS_REP2: usize = IS_REP1 + 12 * 2;
const IS_LONG: usize = IS_REP2 + 12 * 2; // 12 × 4
const SLOT: usize = IS_LONG + 12 * 4 * 2; // 4 × 64, by length
const DISTANCE: usize = SLOT + 4 * 64 * 2; // 115
const ALIGN: usize = DISTANCE + 115 * 2; // 16
const LENGTH: usize = ALIGN + 16 * 2; // of a match, and of a repetition
const LENGTHS: usize = (2 + 4 * 8 + 4 * 8 + 256) * 2;
const END: usize = LENGTH + 2 * LENGTHS;

let input: usize = 0;
let range: u32 = 0;
let code: u32 = 0;


@inline
function refill(): void {
  if (range >= 0x1000000) return;
  range <<= 8;
  code = (code << 8) | load<u8>(input++);
}

/** One bit, whose probability at `p` learns of it. */
function bit(p: usize): u32 {
  refill();
  const zero: u32 = load<u16>(p);
  const bound = (range >>> 11) * zero;
  if (code < bound) {
    range = bound;
    store<u16>(p, zero + ((2048 - zero) >> 5));
    return 0;
  }
  range -= bound;
  code -= bound;
  store<u16>(p, zero - (zero >> 5));
  return 1;
}

/** A number whose highest bit comes first. */
function tree(p: usize, bits: u32): u32 {
  let at: u32 = 1;
  for (let i = bits; i > 0; i--) at = (at << 1) | bit(p + (at << 1));
  return at - (1 << bits);
}

/** A number whose lowest bit comes first. */
function reversed(p: usize, bits: u32): u32 {
  let at: u32 = 1;
  let number: u32 = 0;
  for (let i: u32 = 0; i < bits; i++) {
    const next = bit(p + (at << 1));
    at = (at << 1) | next;
    number |= next << i;
  }
  return number;
}

/** Bits that are as often 0 as 1. */
function even(bits: u32): u32 {
  let number: u32 = 0;
  for (; bits > 0; bits--) {
    refill();
    range >>>= 1;
    const next: u32 = code >= range ? 1 : 0;
    if (next) code -= range;
    number = (number << 1) | next;
  }
  return number;
}

function length(p: usize, position: usize): u32 {
  if (!bit(p)) return 2 + tree(p + 4 + (position << 4), 3);
  if (!bit(p + 2)) return 10 + tree(p + 68 + (position << 4), 3);
  return 18 + tree(p + 132, 8);
}

/** How far back a match of `length` lies, less one. */
function distance(length: u32): u32 {
  const slot = tree(SLOT + ((<usize>min(length - 2, 3)) << 7), 6);
  if (slot < 4) return slot;
  const bits = (slot >> 1) - 1;
  const high = (2 | (slot & 1)) << bits;
  if (slot < 14) return high + reversed(DISTANCE + ((high - slot) << 1), bits);
  return high + (even(bits - 4) << 4) + reversed(ALIGN, 4);
}

/** The byte at `to`, when `match` is what lies at the last distance, or nothing came from a distance just before. */
function literal(to: usize, before: u32, match: u32, matched: bool): void {
  const p = LITERAL + <usize>(before >> 5) * 0x600;
  let at: u32 = 1;
  while (matched && at < 0x100) {
    const expected = (match >> 7) & 1;
    match <<= 1;
    const next = bit(p + ((((1 + expected) << 8) + at) << 1));
    at = (at << 1) | next;
    matched = next == expected;
  }
  while (at < 0x100) at = (at << 1) | bit(p + (at << 1));
  store<u8>(to, at);
}

/** Where the stream may begin: what lies before is taken. */
export const START: i32 = <i32>END;

/** Decodes the stream at `from`, behind its header, to `size` bytes at `to`. The byte before `to` is 0. */
export function decode(from: usize, to: usize, size: usize): void {
  for (let p: usize = 0; p < END; p += 2) store<u16>(p, 1024);
  code = bswap(load<u32>(from, 1));
  input = from + 5;
  range = -1;
  const start = to;
  const end = to + size;
  let state: usize = 0;
  let back: u32 = 0;
  let back1: u32 = 0;
  let back2: u32 = 0;
  let back3: u32 = 0;
  while (to < end) {
    const position = (to - start) & 3;
    const both = (state << 3) + (position << 1);
    const single = state << 1;
    if (!bit(IS_MATCH + both)) {
      literal(to, load<u8>(to - 1), load<u8>(to - back - 1), state > 6);
      to++;
      state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
      continue;
    }
    let count: u32 = 1;
    if (!bit(IS_REP + single)) {
      count = length(LENGTH, position);
      back3 = back2;
      back2 = back1;
      back1 = back;
      back = distance(count);
      state = state < 7 ? 7 : 10;
    } else {
      let long = true;
      if (!bit(IS_REP0 + single)) long = bit(IS_LONG + both) != 0;
      else {
        let again = back1;
        if (bit(IS_REP1 + single)) {
          again = back2;
          if (bit(IS_REP2 + single)) {
            again = back3;
            back3 = back2;
          }
          back2 = back1;
        }
        back1 = back;
        back = again;
      }
      if (long) count = length(LENGTH + LENGTHS, position);
      state = state > 6 ? 11 : long ? 8 : 9;
    }
    for (; count > 0; count--, to++) store<u8>(to, load<u8>(to - back - 1));
  }
}
