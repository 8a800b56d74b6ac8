/** The softmax of attention scores, [rows, keys], a row for each query of each head. */
import { fillWords } from "../../bytes";
import { expSum, peak } from "../../exponentials";
import { shareStart } from "../../loops";
import { splat } from "../../simd/f32";
import { loadUpTo, storeUpTo } from "../../sums";

/**
 * exp(xᵢ) / Σ exp(x) along rows. A row without a key that takes part (all −∞) gives zeros, not NaN. If `causal`, row i of
 * each `queries` sees the keys 0 … i only; the others get 0 and are not read.
 */
export function attentionSoftmax_f32(
  out: usize,
  x: usize,
  rows: i32,
  queries: i32,
  keys: i32,
  causal: i32,
  part: i32,
  parts: i32,
): i32 {
  const unit = max(1, 16 / max(1, keys));
  const end = shareStart(rows, unit, part + 1, parts);
  for (let row = shareStart(rows, unit, part, parts); row < end; row++) {
    const at = (<usize>row * <usize>keys) << 2;
    const n = causal != 0 ? min(keys, (row % queries) + 1) : keys;
    const from = x + at;
    let to = out + at;
    const m = peak(from, n, 1, 4);
    if (f32x4.extract_lane(m, 0) == -Infinity) {
      fillWords(to, 0, keys);
      continue;
    }
    const sum = expSum(to, from, n, 1, 4, m);
    for (let left = n; left > 0; left -= 4, to += 16) {
      storeUpTo(to, f32x4.div(loadUpTo(to, left, splat(0)), sum), left);
    }
    fillWords(out + at + ((<usize>n) << 2), 0, keys - n);
  }
  return 0;
}
