/** What kernels with an i32 index operand share. */

/** 1 + the position of the first of n indices that is not in low … high, or 0. */
export function checkRange(index: usize, n: i32, low: i32, high: i32): i32 {
  const least = i32x4.splat(low);
  const most = i32x4.splat(high);
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const values = v128.load(index + ((<usize>i) << 2));
    if (v128.any_true(v128.or(i32x4.lt_s(values, least), i32x4.gt_s(values, most)))) break;
  }
  for (; i < n; i++) {
    const value = load<i32>(index + ((<usize>i) << 2));
    if (value < low || value > high) return i + 1;
  }
  return 0;
}
