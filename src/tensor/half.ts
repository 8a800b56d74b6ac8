import { cast_bf16_f32, cast_f16_f32, cast_f32_bf16, cast_f32_f16 } from "../program/kernels.gen.ts";
import type { Ptr } from "../wasm/heap.ts";
import type { HalfDType } from "./dtype.ts";

/** Converts n dense elements to f32. */
export function widenInto(out: Ptr, x: Ptr, n: number, from: HalfDType): void {
  if (n > 0) (from === "f16" ? cast_f16_f32 : cast_bf16_f32)(out, x, n);
}

/** Converts n dense elements of f32, rounding to nearest, ties to even. */
export function narrowInto(out: Ptr, x: Ptr, n: number, to: HalfDType): void {
  if (n > 0) (to === "f16" ? cast_f32_f16 : cast_f32_bf16)(out, x, n);
}
