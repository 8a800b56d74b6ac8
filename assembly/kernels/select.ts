/** where: a choice between two operands, by bytes, with broadcasting. */
import { Words } from "../abi";
import { gather4, lanesLeft, lineOf, load4, one, overRows, rowLanes, store4, store4Tail } from "../loops";
import { select } from "../simd/f32";


@inline
function set(bytes: v128): v128 {
  return i32x4.ne(bytes, i32x4.splat(0));
}


@final @unmanaged class Choice<T> {
  run(
    out: usize,
    at: i32,
    c: usize,
    x: usize,
    y: usize,
    strideC: usize,
    strideX: usize,
    strideY: usize,
    n: i32,
  ): i32 {
    const width = 4 * sizeof<T>();
    let to = out + ((<usize>at) << alignof<T>());
    const end = to + ((<usize>n) << alignof<T>());
    const oneX = i32x4.splat(one<T>(x));
    const oneY = i32x4.splat(one<T>(y));
    const plain = strideC == 1 && (strideX == 0 || strideX == sizeof<T>());
    if (plain && (strideY == 0 || strideY == sizeof<T>())) {
      for (; to + width <= end; to += width, c += 4, x += 4 * strideX, y += 4 * strideY) {
        const lanesX = strideX == 0 ? oneX : load4<T>(x);
        const lanesY = strideY == 0 ? oneY : load4<T>(y);
        store4<T>(to, select(set(load4<u8>(c)), lanesX, lanesY));
      }
    }
    for (; to < end; to += width, c += 4 * strideC, x += 4 * strideX, y += 4 * strideY) {
      const count = lanesLeft<T>(to, end);
      const mask = set(gather4<u8>(c, strideC, count));
      const lanes = select(mask, rowLanes<T>(x, strideX, count), rowLanes<T>(y, strideY, count));
      if (count == 4) store4<T>(to, lanes);
      else store4Tail<T>(to, lanes, count);
    }
    return 0;
  }
}


@inline
function where<T>(out: usize, c: usize, x: usize, y: usize, dims: usize, part: i32, parts: i32): i32 {
  const shift = <i32>alignof<T>();
  return overRows<Choice<T>>(3, c, 0, x, shift, y, shift, out, dims, lineOf<T>(), part, parts);
}

/** out = c ? x : y over dims = [rank, shape …, strides of c …, of x …, of y …]; c are bytes, out is contiguous. */
export function where_32(out: usize, c: usize, x: usize, y: usize, dims: Words, part: i32, parts: i32): i32 {
  return where<i32>(out, c, x, y, dims, part, parts);
}

/** `where_32` of bytes. */
export function where_8(out: usize, c: usize, x: usize, y: usize, dims: Words, part: i32, parts: i32): i32 {
  return where<u8>(out, c, x, y, dims, part, parts);
}
