/** Positions for repeating by counts. */
import { shareStart } from "../loops";

/** out[j] = the i whose turn it is when each i of `count` stands repeats[i] times in a row; a count below 0 gives its position + 1. */
export function repeatIndex_i32(
  out: usize,
  repeats: usize,
  count: i32,
  total: i32,
  part: i32,
  parts: i32,
): i32 {
  for (let i = 0; i < count; i++) if (load<i32>(repeats + ((<usize>i) << 2)) < 0) return i + 1;
  const first = shareStart(total, 16, part, parts);
  const end = shareStart(total, 16, part + 1, parts);
  let at = 0;
  for (let i = 0; i < count && at < end; i++) {
    const next = at + load<i32>(repeats + ((<usize>i) << 2));
    for (let j = max(at, first); j < min(next, end); j++) store<i32>(out + ((<usize>j) << 2), i);
    at = next;
  }
  return 0;
}
