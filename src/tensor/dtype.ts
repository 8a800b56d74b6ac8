/** Element types: f32 (IEEE single), i32 (two's complement), u8 (bytes), bool (one byte, 0 or 1). */
export type DType = "f32" | "i32" | "u8" | "bool";

export type TypedArray = Float32Array | Int32Array | Uint8Array;

const BYTES: Readonly<Record<DType, 1 | 4>> = { f32: 4, i32: 4, u8: 1, bool: 1 };

export const bytesOf = (dtype: DType): 1 | 4 => BYTES[dtype];

const RANK: Readonly<Record<DType, number>> = { bool: 0, u8: 1, i32: 2, f32: 3 };

/** The dtype that two operands meet in: bool < u8 < i32 < f32. */
export const promote = (a: DType, b: DType): DType => (RANK[a] >= RANK[b] ? a : b);

/** A zeroed array of the dtype's JavaScript form (bool is bytes of 0 and 1). */
export function typedArray(dtype: DType, length: number): TypedArray {
  if (dtype === "f32") return new Float32Array(length);
  return dtype === "i32" ? new Int32Array(length) : new Uint8Array(length);
}
