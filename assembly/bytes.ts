/** Moving and filling runs of bytes. */

/** From here on `memory.copy` and `memory.fill`, which leave the wasm code, are worth the call. */
const LONG: usize = 512;

/** Copies n bytes between ranges that do not overlap. */
export function copyBytes(out: usize, x: usize, n: usize): void {
  if (n >= LONG) {
    memory.copy(out, x, n);
    return;
  }
  const end = out + n;
  for (; out + 16 <= end; out += 16, x += 16) v128.store(out, v128.load(x));
  for (; out + 4 <= end; out += 4, x += 4) store<i32>(out, load<i32>(x));
  for (; out < end; out++, x++) store<u8>(out, load<u8>(x));
}

/** Stores n times the four bytes of `bits`. */
export function fillWords(out: usize, bits: i32, n: usize): void {
  const end = out + (n << 2);
  const lanes = i32x4.splat(bits);
  for (; out + 16 <= end; out += 16) v128.store(out, lanes);
  for (; out < end; out += 4) store<i32>(out, bits);
}
