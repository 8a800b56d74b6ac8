/**
 * Writing by index, at offsets that `offsets_i32` made. What meets is combined in row-major order of the offsets; parts
 * divide a dimension along which positions never meet.
 */
import { Words } from "../abi";
import { copyBytes } from "../bytes";
import { countOf, dimWord, lineOf, shareStart } from "../loops";
import { load as loadLanes, store as storeLanes } from "../simd/f32";

/** How a value meets what stands there; any other mode is the smaller of the two. */
const SET: i32 = 0;
const ADD: i32 = 1;
const MULTIPLY: i32 = 2;
const GREATER: i32 = 3;


@inline
function combine<T>(old: T, value: T, mode: i32): T {
  if (mode == SET) return value;
  if (mode == ADD) return old + value;
  if (mode == MULTIPLY) return old * value;
  if (mode == GREATER) return max<T>(old, value);
  return min<T>(old, value);
}

/** out[i] += x[i] for n elements. */
function addRun(out: usize, x: usize, n: i32): void {
  let i = 0;
  for (; i + 4 <= n; i += 4, out += 16, x += 16) storeLanes(out, f32x4.add(loadLanes(out), loadLanes(x)));
  for (; i < n; i++, out += 4, x += 4) store<f32>(out, load<f32>(out) + load<f32>(x));
}

/** n elements; strides in bytes. */
function scatterRun<T>(
  out: usize,
  src: usize,
  offsets: usize,
  strideOut: usize,
  strideSrc: usize,
  strideOffsets: usize,
  mode: i32,
  n: i32,
): void {
  const shift = <i32>alignof<T>();
  if (strideOffsets == 0 && strideOut == sizeof<T>() && strideSrc == sizeof<T>()) {
    const to = out + ((<isize>load<i32>(offsets)) << shift);
    if (mode == SET) return copyBytes(to, src, (<usize>n) << shift);
    if (isFloat<T>() && mode == ADD) return addRun(to, src, n);
  }
  if (mode == ADD) {
    for (; n > 0; n--, out += strideOut, src += strideSrc, offsets += strideOffsets) {
      const to = out + ((<isize>load<i32>(offsets)) << shift);
      store<T>(to, load<T>(to) + load<T>(src));
    }
    return;
  }
  for (; n > 0; n--, out += strideOut, src += strideSrc, offsets += strideOffsets) {
    const to = out + ((<isize>load<i32>(offsets)) << shift);
    if (sizeof<T>() == 1) store<T>(to, load<T>(src));
    else store<T>(to, combine<T>(load<T>(to), load<T>(src), mode));
  }
}

function scatter<T>(
  out: usize,
  src: usize,
  offsets: usize,
  mode: i32,
  dims: usize,
  part: i32,
  parts: i32,
): i32 {
  const shift = <i32>alignof<T>();
  const rank = dimWord(dims, 0);
  const count = countOf(dims);
  if (count == 0) return 0;
  // The longest dimension along which out moves is divided; without one, all is the first part's.
  let split = 0;
  let longest = 0;
  for (let d = 1; d <= rank; d++) {
    if (dimWord(dims, rank + d) == 0 || dimWord(dims, d) <= longest) continue;
    split = d;
    longest = dimWord(dims, d);
  }
  if (split == 0 && part > 0) return 0;
  const unit = split == rank ? lineOf<T>() : 1;
  const first = shareStart(longest, unit, part, parts);
  const last = shareStart(longest, unit, part + 1, parts);
  if (split != 0 && first >= last) return 0;

  const inner = dimWord(dims, rank);
  const strideOut = (<isize>dimWord(dims, rank * 2)) << shift;
  const strideSrc = (<isize>dimWord(dims, rank * 3)) << shift;
  const strideOffsets = (<isize>dimWord(dims, rank * 4)) << 2;
  const column = split == rank ? first : 0;
  const columns = split == rank ? last - first : inner;
  const rows = count / inner;
  // Where the outermost dimension is divided, a part's rows are neighbours.
  const outermost = split == 1 && rank > 1;
  const lastRow = outermost ? (rows / longest) * last : rows;
  for (let row = outermost ? (rows / longest) * first : 0; row < lastRow; row++) {
    let rest = <u32>row;
    let atOut: isize = 0;
    let atSrc: isize = 0;
    let atOffsets: isize = 0;
    let own = true;
    for (let d = rank - 1; d > 0 && own; d--) {
      const size = <u32>dimWord(dims, d);
      const quotient = rest / size;
      const i = <i32>(rest - quotient * size);
      if (d == split && (i < first || i >= last)) own = false;
      atOut += <isize>i * <isize>dimWord(dims, rank + d);
      atSrc += <isize>i * <isize>dimWord(dims, rank * 2 + d);
      atOffsets += <isize>i * <isize>dimWord(dims, rank * 3 + d);
      rest = quotient;
    }
    if (!own) continue;
    scatterRun<T>(
      out + (atOut << shift) + <isize>column * strideOut,
      src + (atSrc << shift) + <isize>column * strideSrc,
      offsets + (atOffsets << 2) + <isize>column * strideOffsets,
      strideOut,
      strideSrc,
      strideOffsets,
      mode,
      columns,
    );
  }
  return 0;
}

/**
 * out[… + offsets[…]] meets src[…] over dims = [rank, shape …, strides of out …, of src …, of offsets …]. The dimensions
 * that the offsets stand for have stride 0 in out. Mode: 0 sets, 1 adds, 2 multiplies, 3 keeps the greater, 4 the smaller.
 */
export function scatter_f32(
  out: usize,
  src: usize,
  offsets: usize,
  mode: i32,
  dims: Words,
  part: i32,
  parts: i32,
): i32 {
  return scatter<f32>(out, src, offsets, mode, dims, part, parts);
}

/** `scatter_f32` of i32. */
export function scatter_i32(
  out: usize,
  src: usize,
  offsets: usize,
  mode: i32,
  dims: Words,
  part: i32,
  parts: i32,
): i32 {
  return scatter<i32>(out, src, offsets, mode, dims, part, parts);
}

/** `scatter_f32` of bytes, which it can only set. */
export function scatter_8(out: usize, src: usize, offsets: usize, dims: Words, part: i32, parts: i32): i32 {
  return scatter<u8>(out, src, offsets, SET, dims, part, parts);
}
