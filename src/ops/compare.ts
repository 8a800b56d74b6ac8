import * as k from "../program/kernels.gen.ts";
import { binary } from "./define.ts";

/** x = y, as bool. */
export const eq = /* @__PURE__ */ binary("eq", {
  kernels: { f32: k.eq_f32, i32: k.eq_i32, bool: k.eq_bool },
  result: "bool",
});

/** x ≠ y, as bool. */
export const ne = /* @__PURE__ */ binary("ne", {
  kernels: { f32: k.ne_f32, i32: k.ne_i32, bool: k.ne_bool },
  result: "bool",
});

/** x < y, as bool. */
export const lt = /* @__PURE__ */ binary("lt", { kernels: { f32: k.lt_f32, i32: k.lt_i32 }, result: "bool" });

/** x ≤ y, as bool. */
export const le = /* @__PURE__ */ binary("le", { kernels: { f32: k.le_f32, i32: k.le_i32 }, result: "bool" });

/** x > y, as bool. */
export const gt = /* @__PURE__ */ binary("gt", { kernels: { f32: k.gt_f32, i32: k.gt_i32 }, result: "bool" });

/** x ≥ y, as bool. */
export const ge = /* @__PURE__ */ binary("ge", { kernels: { f32: k.ge_f32, i32: k.ge_i32 }, result: "bool" });

/** Both are not 0, as bool. */
export const logicalAnd = /* @__PURE__ */ binary("logicalAnd", { kernels: { bool: k.logicalAnd_bool } });

/** Either is not 0, as bool. */
export const logicalOr = /* @__PURE__ */ binary("logicalOr", { kernels: { bool: k.logicalOr_bool } });

/** Exactly one is not 0, as bool. */
export const logicalXor = /* @__PURE__ */ binary("logicalXor", { kernels: { bool: k.logicalXor_bool } });
