/** Windows of pooling: where they begin and end in a row or a column of the input, and four of them side by side. */

/**
 * First position at or behind 0 of the window of output `o`; dilated windows skip what lies in the padding. A stride of 0 is
 * that of adaptive windows, which divide `size` into `count` overlapping shares: ⌊o·size/count⌋ … ⌈(o+1)·size/count⌉.
 */
export function windowStart(o: i32, stride: i32, padding: i32, dilation: i32, size: i32, count: i32): i32 {
  if (stride == 0) return <i32>((<i64>o * size) / count);
  const start = o * stride - padding;
  return start < 0 ? start + ((dilation - 1 - start) / dilation) * dilation : start;
}

/** Behind the last position of the window of output `o`, at most `size`. */
export function windowEnd(
  o: i32,
  stride: i32,
  padding: i32,
  dilation: i32,
  kernel: i32,
  size: i32,
  count: i32,
): i32 {
  if (stride == 0) return <i32>((<i64>(o + 1) * size + count - 1) / count);
  return min(size, o * stride - padding + (kernel - 1) * dilation + 1);
}

/** Whether the windows of outputs o … o + 3 lie within 0 … size and `loadWindows` can take them. */
@inline
export function fourWithin(
  o: i32,
  count: i32,
  stride: i32,
  padding: i32,
  dilation: i32,
  kernel: i32,
  size: i32,
): bool {
  if (<u32>(stride - 1) > 1 || o + 4 > count) return false;
  const start = o * stride - padding;
  return start >= 0 && start + 3 * stride + (kernel - 1) * dilation < size;
}

/** Four values `stride` (1 or 2) apart; nothing behind the last is read. */
@inline
export function loadWindows(p: usize, stride: i32): v128 {
  const first = v128.load(p);
  return stride == 1 ? first : v128.shuffle<f32>(first, v128.load(p, 12), 0, 2, 5, 7);
}
