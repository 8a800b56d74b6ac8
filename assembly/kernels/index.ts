/**
 * Reading by index. Indices are first made element offsets, which is where bad ones are found; what reads or
 * writes by them (here and in `scatter.ts`) takes them as they are.
 */
import { Words } from "../abi";
import { copyBytes } from "../bytes";
import { checkRange } from "../indices";
import { lineOf, overRows, shareStart } from "../loops";

/**
 * out[i] = index[i]·step, negative indices counted from the end of `size`; `more` adds to what out holds, for indices along
 * several dimensions. An index outside −size … size − 1 is a code, 1 + its position, found before anything is written.
 */
export function offsets_i32(
  out: usize,
  index: usize,
  n: i32,
  size: i32,
  step: i32,
  more: i32,
  part: i32,
  parts: i32,
): i32 {
  const code = checkRange(index, n, -size, size - 1);
  if (code != 0) return code;
  const end = shareStart(n, lineOf<i32>(), part + 1, parts);
  for (let i = shareStart(n, lineOf<i32>(), part, parts); i < end; i++) {
    const at = (<usize>i) << 2;
    const value = load<i32>(index + at);
    const offset = (value < 0 ? value + size : value) * step;
    store<i32>(out + at, more ? load<i32>(out + at) + offset : offset);
  }
  return 0;
}

/** a is x, b the offsets. */
@final @unmanaged class Gather<T> {
  run(
    out: usize,
    at: i32,
    x: usize,
    offsets: usize,
    c: usize,
    strideX: usize,
    strideOffsets: usize,
    strideC: usize,
    n: i32,
  ): i32 {
    const shift = <i32>alignof<T>();
    let to = out + ((<usize>at) << shift);
    if (strideOffsets == 0) {
      x += (<isize>load<i32>(offsets)) << shift;
      if (strideX == sizeof<T>()) copyBytes(to, x, (<usize>n) << shift);
      else for (; n > 0; n--, to += sizeof<T>(), x += strideX) store<T>(to, load<T>(x));
      return 0;
    }
    for (; n > 0; n--, to += sizeof<T>(), x += strideX, offsets += strideOffsets) {
      store<T>(to, load<T>(x + ((<isize>load<i32>(offsets)) << shift)));
    }
    return 0;
  }
}

/**
 * out[…] = x[… + offsets[…]] over dims = [rank, shape …, strides of x …, of offsets …]; out is contiguous. The
 * dimensions that the offsets stand for have stride 0 in x.
 */
export function gather_32(out: usize, x: usize, offsets: usize, dims: Words, part: i32, parts: i32): i32 {
  return overRows<Gather<i32>>(2, x, 2, offsets, 2, 0, 0, out, dims, lineOf<i32>(), part, parts);
}

/** `gather_32` of bytes. */
export function gather_8(out: usize, x: usize, offsets: usize, dims: Words, part: i32, parts: i32): i32 {
  return overRows<Gather<u8>>(2, x, 0, offsets, 2, 0, 0, out, dims, lineOf<u8>(), part, parts);
}

/** out[i, :] = 0 but 1 at index[i], for out [n, classes]; an index outside 0 … classes − 1 is a code. */
export function oneHot_f32(out: usize, index: usize, n: i32, classes: i32, part: i32, parts: i32): i32 {
  const code = checkRange(index, n, 0, classes - 1);
  if (code != 0) return code;
  const first = shareStart(n, 1, part, parts);
  const last = shareStart(n, 1, part + 1, parts);
  const bytes = (<usize>classes) << 2;
  memory.fill(out + bytes * first, 0, bytes * (last - first));
  for (let i = first; i < last; i++) {
    store<f32>(out + bytes * i + ((<usize>load<i32>(index + ((<usize>i) << 2))) << 2), 1);
  }
  return 0;
}
