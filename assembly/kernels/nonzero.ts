/** Where bytes are not 0. How many there are, `sum_bool` says. */
import { Words } from "../abi";
import { dimWord, lineOf, shareStart } from "../loops";

/** A bit for each of up to 16 bytes that is not 0. */
@inline
function bitsOf(p: usize, count: i32): i32 {
  if (count >= 16) return i8x16.bitmask(i8x16.ne(v128.load(p), i8x16.splat(0)));
  let bits = 0;
  for (let i = 0; i < count; i++) bits |= i32(load<u8>(p + i) != 0) << i;
  return bits;
}

/** The positions of the bytes of mask [n] that are not 0, ascending; out has room for all. */
export function nonzero_i32(out: usize, mask: usize, n: i32, part: i32, parts: i32): i32 {
  const start = shareStart(n, 64, part, parts);
  const end = shareStart(n, 64, part + 1, parts);
  for (let i = 0; i < start; i += 16) out += (<usize>popcnt(bitsOf(mask + i, start - i))) << 2;
  for (let i = start; i < end; i += 16) {
    for (let bits = bitsOf(mask + i, end - i); bits != 0; bits &= bits - 1, out += 4) {
      store<i32>(out, i + ctz(bits));
    }
  }
  return 0;
}

/** out[i, :] = the index, in dims = [rank, shape …], of the element at position x[i]; out [n, rank]. */
export function unravel_i32(out: usize, x: usize, n: i32, dims: Words, part: i32, parts: i32): i32 {
  const rank = dimWord(dims, 0);
  const end = shareStart(n, lineOf<i32>(), part + 1, parts);
  for (let i = shareStart(n, lineOf<i32>(), part, parts); i < end; i++) {
    let rest = <u32>load<i32>(x + ((<usize>i) << 2));
    const row = out + ((<usize>i * rank) << 2);
    for (let d = rank; d > 0; d--) {
      const size = <u32>dimWord(dims, d);
      const quotient = rest / size;
      store<i32>(row + ((<usize>(d - 1)) << 2), rest - quotient * size);
      rest = quotient;
    }
  }
  return 0;
}
