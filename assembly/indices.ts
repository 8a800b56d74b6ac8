/** What kernels with an i32 index operand share. */

/** 1 + the position of the first of n indices that is not in −dim … dim − 1, or 0. */
export function checkIndices(index: usize, n: i32, dim: i32): i32 {
  for (let i = 0; i < n; i++) {
    const value = load<i32>(index + ((<usize>i) << 2));
    if (value >= dim || value < -dim) return i + 1;
  }
  return 0;
}

/** The i-th index, counted from the end where it is negative. */
@inline
export function wrapped(index: usize, i: i32, dim: i32): i32 {
  const value = load<i32>(index + ((<usize>i) << 2));
  return value < 0 ? value + dim : value;
}
