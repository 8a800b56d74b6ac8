import { apply } from "../autograd/apply.ts";
import type { OpRecord } from "../autograd/node.ts";
import * as k from "../program/kernels.gen.ts";
import { contiguous, empty, type Tensor } from "../tensor/tensor.ts";
import type { Ptr } from "../wasm/heap.ts";
import { add, div, mul, pow, sub } from "./arithmetic.ts";
import { castTo } from "./cast.ts";
import { mapF32, unary, type UnaryOp } from "./define.ts";

const LN2 = 0.6931471805599453;
const LN10 = 2.302585092994046;
/** 2/√π, the slope of erf at 0. */
const ERF_SLOPE = 1.1283791670955126;

const none = (g: Tensor): Tensor => mul(g, 0);

/** A map with a kernel of its own for i32. */
function signed(
  name: string,
  f32: (out: Ptr, x: Ptr, n: number) => number,
  i32: (out: Ptr, x: Ptr, n: number) => number,
  saves: "input" | "none",
  vjp: (g: Tensor, x: () => Tensor) => Tensor,
): UnaryOp {
  const record: OpRecord<null> = {
    name,
    forward([input]) {
      const x = input as Tensor;
      if (x.dtype === "f32") return mapF32(x, f32);
      const dense = contiguous(castTo(x, "i32"));
      const out = empty(x.shape, "i32");
      if (out.size > 0) i32(out.ptr, dense.ptr, out.size);
      return out;
    },
    saves: saves === "input" ? { inputs: [0] } : {},
    vjp: ([g], s) => [vjp(g as Tensor, () => s.input(0))],
  };
  return Object.assign((x: Tensor) => apply(record, [x], null), { record });
}

/**
 * −x.
 * @returns x's shape; i32 for whole numbers and bools, else f32.
 * @example
 * neg(tensor([1, -2])); // [-1, 2]
 */
export const neg = /* @__PURE__ */ signed("neg", k.neg_f32, k.neg_i32, "none", (g) => neg(g));

/**
 * |x|; the gradient at 0 is 0.
 * @returns x's shape; i32 for whole numbers and bools, else f32.
 * @example
 * abs(tensor([1, -2])); // [1, 2]
 */
export const abs = /* @__PURE__ */ signed("abs", k.abs_f32, k.abs_i32, "input", (g, x) => mul(g, sign(x())));

/**
 * −1, 0 or 1. No gradient but 0.
 * @returns x's shape; i32 for whole numbers and bools, else f32.
 * @example
 * sign(tensor([-3, 0, 2])); // [-1, 0, 1]
 */
export const sign = /* @__PURE__ */ signed("sign", k.sign_f32, k.sign_i32, "none", none);

/**
 * The whole number not below x. The gradient is 0.
 * @returns f32 of x's shape; other dtypes are converted.
 * @example
 * ceil(tensor([1.5, -1.5])); // [2, -1]
 */
export const ceil = /* @__PURE__ */ unary("ceil", k.ceil_f32, "none", none);

/**
 * The whole number not above x. The gradient is 0.
 * @returns f32 of x's shape; other dtypes are converted.
 * @example
 * floor(tensor([1.5, -1.5])); // [1, -2]
 */
export const floor = /* @__PURE__ */ unary("floor", k.floor_f32, "none", none);

/**
 * The nearest whole number, halves to even. The gradient is 0.
 * @returns f32 of x's shape; other dtypes are converted.
 * @example
 * round(tensor([0.5, 1.5, 2.5])); // [0, 2, 2]
 */
export const round = /* @__PURE__ */ unary("round", k.round_f32, "none", none);

/**
 * The whole part, toward 0. The gradient is 0.
 * @returns f32 of x's shape; other dtypes are converted.
 * @example
 * trunc(tensor([1.5, -1.5])); // [1, -1]
 */
export const trunc = /* @__PURE__ */ unary("trunc", k.trunc_f32, "none", none);

/**
 * √x; NaN below 0.
 * @returns f32 of x's shape; other dtypes are converted.
 * @example
 * sqrt(tensor([4, 2, -1])); // [2, 1.414, NaN]
 */
export const sqrt = /* @__PURE__ */ unary("sqrt", k.sqrt_f32, "output", (g, s) => div(g, mul(s.output, 2)));

/**
 * 1/√x. Infinity at 0, NaN below.
 * @returns f32 of x's shape; other dtypes are converted.
 * @example
 * rsqrt(tensor([4, 0])); // [0.5, Infinity]
 */
export const rsqrt = /* @__PURE__ */ unary("rsqrt", k.rsqrt_f32, "output", (g, s) =>
  mul(g, mul(pow(s.output, 3), -0.5)),
);

/**
 * 1/x. ±Infinity at ±0.
 * @returns f32 of x's shape; other dtypes are converted.
 * @example
 * reciprocal(tensor([4, -0.5])); // [0.25, -2]
 */
export const reciprocal = /* @__PURE__ */ unary("reciprocal", k.reciprocal_f32, "output", (g, s) =>
  neg(mul(g, square(s.output))),
);

/**
 * x².
 * @returns f32 of x's shape; other dtypes are converted.
 * @example
 * square(tensor([3, -4])); // [9, 16]
 */
export const square = /* @__PURE__ */ unary("square", k.square_f32, "input", (g, s) =>
  mul(g, mul(s.input(0), 2)),
);

/**
 * eˣ.
 * @returns f32 of x's shape; other dtypes are converted.
 * @example
 * exp(tensor([0, 1])); // [1, 2.718]
 */
export const exp = /* @__PURE__ */ unary("exp", k.exp_f32, "output", (g, s) => mul(g, s.output));

/**
 * eˣ − 1, accurate near 0.
 * @returns f32 of x's shape; other dtypes are converted.
 * @example
 * expm1(tensor([0, 1e-6, 1])); // [0, 0.000001, 1.718]
 */
export const expm1 = /* @__PURE__ */ unary("expm1", k.expm1_f32, "output", (g, s) =>
  mul(g, add(s.output, 1)),
);

/**
 * Natural logarithm; −Infinity at 0, NaN below.
 * @returns f32 of x's shape; other dtypes are converted.
 * @example
 * log(tensor([1, 10, 0])); // [0, 2.303, -Infinity]
 */
export const log = /* @__PURE__ */ unary("log", k.log_f32, "input", (g, s) => div(g, s.input(0)));

/**
 * log(1 + x), accurate near 0. −Infinity at −1, NaN below.
 * @returns f32 of x's shape; other dtypes are converted.
 * @example
 * log1p(tensor([0, 1e-6, 1])); // [0, 0.000001, 0.6931]
 */
export const log1p = /* @__PURE__ */ unary("log1p", k.log1p_f32, "input", (g, s) =>
  div(g, add(s.input(0), 1)),
);

/**
 * Logarithm to base 2. −Infinity at 0, NaN below.
 * @returns f32 of x's shape; other dtypes are converted.
 * @example
 * log2(tensor([8, 10])); // [3, 3.322]
 */
export const log2 = /* @__PURE__ */ unary("log2", k.log2_f32, "input", (g, s) =>
  div(g, mul(s.input(0), LN2)),
);

/**
 * Logarithm to base 10. −Infinity at 0, NaN below.
 * @returns f32 of x's shape; other dtypes are converted.
 * @example
 * log10(tensor([100, 2])); // [2, 0.301]
 */
export const log10 = /* @__PURE__ */ unary("log10", k.log10_f32, "input", (g, s) =>
  div(g, mul(s.input(0), LN10)),
);

/**
 * Sine of radians. NaN of ±Infinity.
 * @returns f32 of x's shape; other dtypes are converted.
 * @example
 * sin(tensor([0, 1, -1e4])); // [0, 0.8415, 0.3056]
 */
export const sin = /* @__PURE__ */ unary("sin", k.sin_f32, "input", (g, s) => mul(g, cos(s.input(0))));

/**
 * Cosine of radians. NaN of ±Infinity.
 * @returns f32 of x's shape; other dtypes are converted.
 * @example
 * cos(tensor([0, 1, -1e4])); // [1, 0.5403, -0.9522]
 */
export const cos = /* @__PURE__ */ unary("cos", k.cos_f32, "input", (g, s) => neg(mul(g, sin(s.input(0)))));

/**
 * Tangent of radians. NaN of ±Infinity.
 * @returns f32 of x's shape; other dtypes are converted.
 * @example
 * tan(tensor([0, 1])); // [0, 1.557]
 */
export const tan = /* @__PURE__ */ unary("tan", k.tan_f32, "output", (g, s) =>
  mul(g, add(square(s.output), 1)),
);

/**
 * Arcsine in radians; NaN outside [−1, 1].
 * @returns f32 of x's shape; other dtypes are converted.
 * @example
 * asin(tensor([-1, 0.5, 2])); // [-1.571, 0.5236, NaN]
 */
export const asin = /* @__PURE__ */ unary("asin", k.asin_f32, "input", (g, s) =>
  mul(g, rsqrt(sub(1, square(s.input(0))))),
);

/**
 * Arccosine in radians; NaN outside [−1, 1].
 * @returns f32 of x's shape; other dtypes are converted.
 * @example
 * acos(tensor([-1, 0.5, 2])); // [3.142, 1.047, NaN]
 */
export const acos = /* @__PURE__ */ unary("acos", k.acos_f32, "input", (g, s) =>
  neg(mul(g, rsqrt(sub(1, square(s.input(0)))))),
);

/**
 * Arctangent in radians.
 * @returns f32 of x's shape; other dtypes are converted.
 * @example
 * atan(tensor([1, Infinity])); // [0.7854, 1.571]
 */
export const atan = /* @__PURE__ */ unary("atan", k.atan_f32, "input", (g, s) =>
  div(g, add(square(s.input(0)), 1)),
);

/**
 * Hyperbolic sine.
 * @returns f32 of x's shape; other dtypes are converted.
 * @example
 * sinh(tensor([-1, 0, 2])); // [-1.175, 0, 3.627]
 */
export const sinh = /* @__PURE__ */ unary("sinh", k.sinh_f32, "input", (g, s) => mul(g, cosh(s.input(0))));

/**
 * Hyperbolic cosine.
 * @returns f32 of x's shape; other dtypes are converted.
 * @example
 * cosh(tensor([-1, 0, 2])); // [1.543, 1, 3.762]
 */
export const cosh = /* @__PURE__ */ unary("cosh", k.cosh_f32, "input", (g, s) => mul(g, sinh(s.input(0))));

/**
 * Inverse hyperbolic sine.
 * @returns f32 of x's shape; other dtypes are converted.
 * @example
 * asinh(tensor([-1, 0, 2])); // [-0.8814, 0, 1.444]
 */
export const asinh = /* @__PURE__ */ unary("asinh", k.asinh_f32, "input", (g, s) =>
  mul(g, rsqrt(add(square(s.input(0)), 1))),
);

/**
 * Inverse hyperbolic cosine; NaN below 1.
 * @returns f32 of x's shape; other dtypes are converted.
 * @example
 * acosh(tensor([1, 2, 0])); // [0, 1.317, NaN]
 */
export const acosh = /* @__PURE__ */ unary("acosh", k.acosh_f32, "input", (g, s) =>
  mul(g, rsqrt(sub(square(s.input(0)), 1))),
);

/**
 * Inverse hyperbolic tangent; NaN outside [−1, 1]. ±Infinity at ±1.
 * @returns f32 of x's shape; other dtypes are converted.
 * @example
 * atanh(tensor([0.5, 1])); // [0.5493, Infinity]
 */
export const atanh = /* @__PURE__ */ unary("atanh", k.atanh_f32, "input", (g, s) =>
  div(g, sub(1, square(s.input(0)))),
);

/**
 * Error function 2/√π ∫₀ˣ e^(−t²) dt.
 * @returns f32 of x's shape; other dtypes are converted.
 * @example
 * erf(tensor([-1, 0, 0.5])); // [-0.8427, 0, 0.5205]
 */
export const erf = /* @__PURE__ */ unary("erf", k.erf_f32, "input", (g, s) =>
  mul(g, mul(exp(neg(square(s.input(0)))), ERF_SLOPE)),
);
