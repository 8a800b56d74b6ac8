/**
 * Element types: f32 (IEEE single), i32 (two's complement), u8 (bytes), bool (one byte, 0 or 1), and for storage at half the size f16 (IEEE
 * half) and bf16 (the upper half of an f32), which ops convert to f32 (docs/dtypes.md).
 */
export type DType = "f32" | "f16" | "bf16" | "i32" | "u8" | "bool";

/** The two that are for storage only. */
export type HalfDType = "f16" | "bf16";

/** What a copy of elements is in JavaScript: Float32Array for f32, f16 and bf16, Int32Array, or Uint8Array for u8 and bool. */
export type TypedArray = Float32Array | Int32Array | Uint8Array;

const BYTES: Readonly<Record<DType, 1 | 2 | 4>> = { f32: 4, f16: 2, bf16: 2, i32: 4, u8: 1, bool: 1 };

export const DTYPES = Object.keys(BYTES) as readonly DType[];

export const bytesOf = (dtype: DType): 1 | 2 | 4 => BYTES[dtype];

export const isHalf = (dtype: DType): dtype is HalfDType => dtype === "f16" || dtype === "bf16";

/** Whether it has fractions. */
export const isFloat = (dtype: DType): boolean => dtype === "f32" || isHalf(dtype);

const RANK: Readonly<Record<DType, number>> = { bool: 0, u8: 1, i32: 2, f16: 3, bf16: 3, f32: 3 };

/** The dtype that two operands meet in: bool < u8 < i32 < f32; f16 and bf16 meet others in f32. */
export const promote = (a: DType, b: DType): DType =>
  a === b ? a : RANK[a] === 3 || RANK[b] === 3 ? "f32" : RANK[a] > RANK[b] ? a : b;

/** A zeroed array of the dtype's JavaScript form (bool is bytes of 0 and 1). */
export function typedArray(dtype: DType, length: number): TypedArray {
  if (isFloat(dtype)) return new Float32Array(length);
  return dtype === "i32" ? new Int32Array(length) : new Uint8Array(length);
}
