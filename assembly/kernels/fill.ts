/** Constants and sequences. */
import { Words } from "../abi";
import { fillWords } from "../bytes";
import { lineOf, overRows, shareStart } from "../loops";

/** n times the value. */
export function fill_i32(out: usize, value: i32, n: i32, part: i32, parts: i32): i32 {
  const begin = shareStart(n, lineOf<i32>(), part, parts);
  const end = shareStart(n, lineOf<i32>(), part + 1, parts);
  fillWords(out + ((<usize>begin) << 2), value, end - begin);
  return 0;
}

/** n times the value. */
export function fill_f32(out: usize, value: f32, n: i32, part: i32, parts: i32): i32 {
  return fill_i32(out, reinterpret<i32>(value), n, part, parts);
}

/** n times the low byte of the value. */
export function fill_8(out: usize, value: i32, n: i32, part: i32, parts: i32): i32 {
  const begin = shareStart(n, lineOf<u8>(), part, parts);
  memory.fill(out + begin, <u8>value, shareStart(n, lineOf<u8>(), part + 1, parts) - begin);
  return 0;
}

/** a is out; `value` comes in the place of the contiguous operand. */
@final @unmanaged class Fill<T> {
  run(
    value: usize,
    at: i32,
    out: usize,
    b: usize,
    c: usize,
    stride: usize,
    strideB: usize,
    strideC: usize,
    n: i32,
  ): i32 {
    if (sizeof<T>() == 4 && stride == 4) fillWords(out, <i32>value, n);
    else for (; n > 0; n--, out += stride) store<T>(out, <T>value);
    return 0;
  }
}

/** Stores `bits` to every element of dims = [rank, shape …, strides …]. */
export function fillStrided_32(out: usize, bits: i32, dims: Words, part: i32, parts: i32): i32 {
  return overRows<Fill<i32>>(1, out, 2, 0, 0, 0, 0, bits, dims, lineOf<i32>(), part, parts);
}

/** `fillStrided_32` of bytes. */
export function fillStrided_8(out: usize, value: i32, dims: Words, part: i32, parts: i32): i32 {
  return overRows<Fill<u8>>(1, out, 0, 0, 0, 0, 0, value, dims, lineOf<u8>(), part, parts);
}

/** out[i] = start + i·step, computed in f64. */
export function arange_f32(out: usize, start: f32, step: f32, n: i32, part: i32, parts: i32): i32 {
  const end = shareStart(n, lineOf<f32>(), part + 1, parts);
  for (let i = shareStart(n, lineOf<f32>(), part, parts); i < end; i++) {
    store<f32>(out + ((<usize>i) << 2), <f32>(<f64>start + <f64>i * <f64>step));
  }
  return 0;
}

/** out[i] = start + i·step. */
export function arange_i32(out: usize, start: i32, step: i32, n: i32, part: i32, parts: i32): i32 {
  const end = shareStart(n, lineOf<i32>(), part + 1, parts);
  for (let i = shareStart(n, lineOf<i32>(), part, parts); i < end; i++) {
    store<i32>(out + ((<usize>i) << 2), start + i * step);
  }
  return 0;
}
