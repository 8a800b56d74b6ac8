/** What this engine can run, asked by validating tiny modules, never by version numbers. */

export type Variant = "simd" | "relaxed";

const MAGIC = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
/** One function of type () → v128 whose body is `code`. */
const probe = (code: readonly number[]): boolean =>
  WebAssembly.validate(
    // prettier-ignore
    new Uint8Array([...MAGIC, 1, 5, 1, 0x60, 0, 1, 0x7b, 3, 2, 1, 0, 10, code.length + 4, 1, code.length + 2, 0, ...code, 0x0b]),
  );

const ZERO = [0x41, 0, 0xfd, 0x0f]; // i32.const 0; i8x16.splat

export const hasSimd = (): boolean => probe([...ZERO, 0xfd, 0x62]); // i8x16.popcnt
export const hasRelaxedSimd = (): boolean => probe([...ZERO, ...ZERO, ...ZERO, 0xfd, 0x85, 0x02]); // f32x4.relaxed_madd
