/**
 * CRC-32 as zip and PNG have it (ISO 3309, polynomial 0xEDB88320), four bytes a round ("slicing", M. Kounavis and F. Berry, 2005).
 * In TypeScript, since the bytes of a file that is read are not in the kernels' memory.
 */
let tables: Int32Array | undefined;

/** Four tables of 256, one behind the other: the sums of a byte that 0, 1, 2 and 3 zero bytes follow. */
function makeTables(): Int32Array {
  const made = new Int32Array(4 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let sum = byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? 0xedb88320 ^ (sum >>> 1) : sum >>> 1;
    made[byte] = sum;
  }
  for (let i = 256; i < made.length; i++) {
    const before = made[i - 256] as number;
    made[i] = (made[before & 255] as number) ^ (before >>> 8);
  }
  return made;
}

/** The sum of the bytes, after those whose sum is `before`. */
export function crc32(bytes: Uint8Array, before = 0): number {
  const table = (tables ??= makeTables());
  const at = (i: number): number => table[i] as number;
  const byte = (i: number): number => bytes[i] as number;
  let sum = ~before;
  let i = 0;
  for (const whole = bytes.length - 3; i < whole; i += 4) {
    sum ^= byte(i) | (byte(i + 1) << 8) | (byte(i + 2) << 16) | (byte(i + 3) << 24);
    sum =
      at(768 + (sum & 255)) ^ at(512 + ((sum >>> 8) & 255)) ^ at(256 + ((sum >>> 16) & 255)) ^ at(sum >>> 24);
  }
  for (; i < bytes.length; i++) sum = at((sum ^ byte(i)) & 255) ^ (sum >>> 8);
  return ~sum >>> 0;
}
