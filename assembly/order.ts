/** The order that sorting and searching go by: that of unsigned keys. */

/** Bits of `flags`. */
export const FLOAT: i32 = 1;
export const DESCENDING: i32 = 2;

/** f32 or i32 bits as a key that grows with the value; all NaN are above all numbers, −0 equals 0. */
@inline
export function keyOf(bits: i32, flags: i32): u32 {
  let key = (<u32>bits) ^ 0x80000000;
  if ((flags & FLOAT) != 0) {
    if ((bits & 0x7fffffff) > 0x7f800000) key = 0xffffffff;
    else if (bits < 0) key = bits == 0x80000000 ? 0x80000000 : ~(<u32>bits);
  }
  return (flags & DESCENDING) != 0 ? ~key : key;
}

/** A key with its position, as one number: sorting these is stable. */
@inline
export function pairOf(x: usize, i: i32, flags: i32): u64 {
  return ((<u64>keyOf(load<i32>(x + ((<usize>i) << 2)), flags)) << 32) | (<u64>i);
}
