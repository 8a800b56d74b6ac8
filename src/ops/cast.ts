import { apply } from "../autograd/apply.ts";
import type { OpRecord } from "../autograd/node.ts";
import { DTypeError } from "../errors.ts";
import * as kernels from "../program/kernels.gen.ts";
import { checkDType } from "../tensor/create.ts";
import { isHalf, type DType, type HalfDType } from "../tensor/dtype.ts";
import { narrowInto } from "../tensor/half.ts";
import { contiguous, copyInto, empty, widen, type Tensor } from "../tensor/tensor.ts";
import type { Ptr } from "../wasm/heap.ts";

type Kernel = (out: Ptr, x: Ptr, n: number) => number;

const CASTS: Readonly<Partial<Record<`${DType}_${DType}`, Kernel>>> = {
  f32_i32: kernels.cast_f32_i32,
  f32_bool: kernels.cast_f32_bool,
  f32_u8: kernels.cast_f32_u8,
  i32_f32: kernels.cast_i32_f32,
  i32_bool: kernels.cast_i32_bool,
  i32_u8: kernels.cast_i32_u8,
  bool_f32: kernels.cast_bool_f32,
  bool_i32: kernels.cast_bool_i32,
  u8_f32: kernels.cast_u8_f32,
  u8_i32: kernels.cast_u8_i32,
};

/** Converts inside an op: no record, the tensor itself where it has the dtype already. */
export function castTo(x: Tensor, dtype: DType): Tensor {
  if (x.dtype === dtype) return x;
  if (isHalf(x.dtype)) return castTo(widen(x), dtype);
  if (isHalf(dtype)) return narrow(castTo(x, "f32"), dtype);
  const dense = contiguous(x);
  // A bool is a byte of 0 or 1 already; bytes become bools by way of i32.
  if (x.dtype === "u8" && dtype === "bool") return castTo(castTo(x, "i32"), "bool");
  const out = empty(x.shape, dtype);
  if (x.dtype === "bool" && dtype === "u8") copyInto(out, dense);
  else {
    const kernel = CASTS[`${x.dtype}_${dtype}`];
    if (kernel === undefined) throw new DTypeError(`to: no conversion from ${x.dtype} to ${dtype}`);
    if (out.size > 0) kernel(out.ptr, dense.ptr, out.size);
  }
  return out;
}

function narrow(x: Tensor, dtype: HalfDType): Tensor {
  const dense = contiguous(x);
  const out = empty(x.shape, dtype);
  narrowInto(out.ptr, dense.ptr, out.size, dtype);
  return out;
}

const castRecord: OpRecord<DType> = {
  name: "to",
  halves: true,
  forward: ([x], dtype) => castTo(x as Tensor, dtype),
};

/**
 * The tensor in another dtype; itself where it has it already. f32 → i32 truncates toward zero and saturates, NaN becomes 0;
 * anything → bool is "not 0"; f32 → f16 and bf16 rounds to nearest, ties to even. Gradients flow through f32 → f32 only.
 * @throws {DTypeError} a dtype that does not exist.
 * @example
 * to(tensor([1.7, -1.7, NaN]), "i32"); // [1, -1, 0]
 * to(tensor([0.1]), "bf16"); // [0.1001]
 */
export function to(x: Tensor, dtype: DType): Tensor {
  checkDType("to", dtype);
  return x.dtype === dtype ? x : apply(castRecord, [x], dtype);
}
