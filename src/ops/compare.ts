import { apply } from "../autograd/apply.ts";
import type { OpRecord } from "../autograd/node.ts";
import * as k from "../program/kernels.gen.ts";
import type { DType } from "../tensor/dtype.ts";
import { contiguous, empty, type Tensor } from "../tensor/tensor.ts";
import type { Ptr } from "../wasm/heap.ts";
import { castTo } from "./cast.ts";
import { binary, type UnaryOp } from "./define.ts";

/**
 * x = y, as bool. NaN equals nothing.
 * @returns bool, in the broadcast shape.
 * @throws {ShapeError} shapes that do not broadcast.
 * @example
 * eq(tensor([1, 2, 3]), tensor([1, 5, 3])); // [true, false, true]
 */
export const eq = /* @__PURE__ */ binary("eq", {
  kernels: { f32: k.eq_f32, i32: k.eq_i32, bool: k.eq_bool },
  result: "bool",
});

/**
 * x ≠ y, as bool. NaN differs from everything.
 * @returns bool, in the broadcast shape.
 * @throws {ShapeError} shapes that do not broadcast.
 * @example
 * ne(tensor([1, 2, 3]), 2); // [true, false, true]
 */
export const ne = /* @__PURE__ */ binary("ne", {
  kernels: { f32: k.ne_f32, i32: k.ne_i32, bool: k.ne_bool },
  result: "bool",
});

/**
 * x < y, as bool. False where either is NaN.
 * @returns bool, in the broadcast shape.
 * @throws {ShapeError} shapes that do not broadcast.
 * @example
 * lt(tensor([1, 2, 3]), 2); // [true, false, false]
 */
export const lt = /* @__PURE__ */ binary("lt", { kernels: { f32: k.lt_f32, i32: k.lt_i32 }, result: "bool" });

/**
 * x ≤ y, as bool. False where either is NaN.
 * @returns bool, in the broadcast shape.
 * @throws {ShapeError} shapes that do not broadcast.
 * @example
 * le(tensor([1, 2, 3]), 2); // [true, true, false]
 */
export const le = /* @__PURE__ */ binary("le", { kernels: { f32: k.le_f32, i32: k.le_i32 }, result: "bool" });

/**
 * x > y, as bool. False where either is NaN.
 * @returns bool, in the broadcast shape.
 * @throws {ShapeError} shapes that do not broadcast.
 * @example
 * gt(tensor([1, 2, 3]), 2); // [false, false, true]
 */
export const gt = /* @__PURE__ */ binary("gt", { kernels: { f32: k.gt_f32, i32: k.gt_i32 }, result: "bool" });

/**
 * x ≥ y, as bool. False where either is NaN.
 * @returns bool, in the broadcast shape.
 * @throws {ShapeError} shapes that do not broadcast.
 * @example
 * ge(tensor([1, 2, 3]), 2); // [false, true, true]
 */
export const ge = /* @__PURE__ */ binary("ge", { kernels: { f32: k.ge_f32, i32: k.ge_i32 }, result: "bool" });

/**
 * Both are not 0, as bool. Any dtype; NaN is not 0.
 * @returns bool, in the broadcast shape.
 * @throws {ShapeError} shapes that do not broadcast.
 * @example
 * logicalAnd(tensor([true, true, false]), tensor([true, false, false])); // [true, false, false]
 */
export const logicalAnd = /* @__PURE__ */ binary("logicalAnd", { kernels: { bool: k.logicalAnd_bool } });

/**
 * Either is not 0, as bool. Any dtype; NaN is not 0.
 * @returns bool, in the broadcast shape.
 * @throws {ShapeError} shapes that do not broadcast.
 * @example
 * logicalOr(tensor([true, true, false]), tensor([true, false, false])); // [true, true, false]
 */
export const logicalOr = /* @__PURE__ */ binary("logicalOr", { kernels: { bool: k.logicalOr_bool } });

/**
 * Exactly one is not 0, as bool. Any dtype; NaN is not 0.
 * @returns bool, in the broadcast shape.
 * @throws {ShapeError} shapes that do not broadcast.
 * @example
 * logicalXor(tensor([true, true, false]), tensor([true, false, false])); // [false, true, false]
 */
export const logicalXor = /* @__PURE__ */ binary("logicalXor", { kernels: { bool: k.logicalXor_bool } });

/** A question about each element. */
function question(
  name: string,
  kernel: (out: Ptr, x: Ptr, n: number) => number,
  dtype: DType = "f32",
): UnaryOp {
  const record: OpRecord<null> = {
    name,
    forward([input]) {
      const x = contiguous(castTo(input as Tensor, dtype));
      const out = empty(x.shape, "bool");
      if (out.size > 0) kernel(out.ptr, x.ptr, out.size);
      return out;
    },
  };
  return Object.assign((x: Tensor) => apply(record, [x], null), { record });
}

/**
 * Whether each element is NaN, as bool.
 * @example
 * isnan(tensor([0 / 0, 1])); // [true, false]
 */
export const isnan = /* @__PURE__ */ question("isnan", k.isnan_f32);

/**
 * Whether each element is Infinity or −Infinity, as bool.
 * @example
 * isinf(tensor([1 / 0, 1])); // [true, false]
 */
export const isinf = /* @__PURE__ */ question("isinf", k.isinf_f32);

/**
 * Whether each element is neither infinite nor NaN, as bool.
 * @example
 * isfinite(tensor([1 / 0, 1])); // [false, true]
 */
export const isfinite = /* @__PURE__ */ question("isfinite", k.isfinite_f32);

/**
 * Whether each element is 0, as bool.
 * @example
 * logicalNot(tensor([true, false])); // [false, true]
 */
export const logicalNot = /* @__PURE__ */ question("logicalNot", k.logicalNot_bool, "bool");
