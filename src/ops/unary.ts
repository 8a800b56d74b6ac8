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

/** −x. */
export const neg = /* @__PURE__ */ signed("neg", k.neg_f32, k.neg_i32, "none", (g) => neg(g));

/** |x|; the gradient at 0 is 0. */
export const abs = /* @__PURE__ */ signed("abs", k.abs_f32, k.abs_i32, "input", (g, x) => mul(g, sign(x())));

/** −1, 0 or 1. */
export const sign = /* @__PURE__ */ signed("sign", k.sign_f32, k.sign_i32, "none", none);

/** The whole number not below x. */
export const ceil = /* @__PURE__ */ unary("ceil", k.ceil_f32, "none", none);

/** The whole number not above x. */
export const floor = /* @__PURE__ */ unary("floor", k.floor_f32, "none", none);

/** The nearest whole number, halves to even. */
export const round = /* @__PURE__ */ unary("round", k.round_f32, "none", none);

/** The whole part, toward 0. */
export const trunc = /* @__PURE__ */ unary("trunc", k.trunc_f32, "none", none);

/** √x; NaN below 0. */
export const sqrt = /* @__PURE__ */ unary("sqrt", k.sqrt_f32, "output", (g, s) => div(g, mul(s.output, 2)));

/** 1/√x. */
export const rsqrt = /* @__PURE__ */ unary("rsqrt", k.rsqrt_f32, "output", (g, s) =>
  mul(g, mul(pow(s.output, 3), -0.5)),
);

/** 1/x. */
export const reciprocal = /* @__PURE__ */ unary("reciprocal", k.reciprocal_f32, "output", (g, s) =>
  neg(mul(g, square(s.output))),
);

/** x². */
export const square = /* @__PURE__ */ unary("square", k.square_f32, "input", (g, s) =>
  mul(g, mul(s.input(0), 2)),
);

/** eˣ. */
export const exp = /* @__PURE__ */ unary("exp", k.exp_f32, "output", (g, s) => mul(g, s.output));

/** eˣ − 1, accurate near 0. */
export const expm1 = /* @__PURE__ */ unary("expm1", k.expm1_f32, "output", (g, s) =>
  mul(g, add(s.output, 1)),
);

/** Natural logarithm; −Infinity at 0, NaN below. */
export const log = /* @__PURE__ */ unary("log", k.log_f32, "input", (g, s) => div(g, s.input(0)));

/** log(1 + x), accurate near 0. */
export const log1p = /* @__PURE__ */ unary("log1p", k.log1p_f32, "input", (g, s) =>
  div(g, add(s.input(0), 1)),
);

/** Logarithm to base 2. */
export const log2 = /* @__PURE__ */ unary("log2", k.log2_f32, "input", (g, s) =>
  div(g, mul(s.input(0), LN2)),
);

/** Logarithm to base 10. */
export const log10 = /* @__PURE__ */ unary("log10", k.log10_f32, "input", (g, s) =>
  div(g, mul(s.input(0), LN10)),
);

/** Sine of radians. */
export const sin = /* @__PURE__ */ unary("sin", k.sin_f32, "input", (g, s) => mul(g, cos(s.input(0))));

/** Cosine of radians. */
export const cos = /* @__PURE__ */ unary("cos", k.cos_f32, "input", (g, s) => neg(mul(g, sin(s.input(0)))));

/** Tangent of radians. */
export const tan = /* @__PURE__ */ unary("tan", k.tan_f32, "output", (g, s) =>
  mul(g, add(square(s.output), 1)),
);

/** Arcsine in radians; NaN outside [−1, 1]. */
export const asin = /* @__PURE__ */ unary("asin", k.asin_f32, "input", (g, s) =>
  mul(g, rsqrt(sub(1, square(s.input(0))))),
);

/** Arccosine in radians; NaN outside [−1, 1]. */
export const acos = /* @__PURE__ */ unary("acos", k.acos_f32, "input", (g, s) =>
  neg(mul(g, rsqrt(sub(1, square(s.input(0)))))),
);

/** Arctangent in radians. */
export const atan = /* @__PURE__ */ unary("atan", k.atan_f32, "input", (g, s) =>
  div(g, add(square(s.input(0)), 1)),
);

/** Hyperbolic sine. */
export const sinh = /* @__PURE__ */ unary("sinh", k.sinh_f32, "input", (g, s) => mul(g, cosh(s.input(0))));

/** Hyperbolic cosine. */
export const cosh = /* @__PURE__ */ unary("cosh", k.cosh_f32, "input", (g, s) => mul(g, sinh(s.input(0))));

/** Inverse hyperbolic sine. */
export const asinh = /* @__PURE__ */ unary("asinh", k.asinh_f32, "input", (g, s) =>
  mul(g, rsqrt(add(square(s.input(0)), 1))),
);

/** Inverse hyperbolic cosine; NaN below 1. */
export const acosh = /* @__PURE__ */ unary("acosh", k.acosh_f32, "input", (g, s) =>
  mul(g, rsqrt(sub(square(s.input(0)), 1))),
);

/** Inverse hyperbolic tangent; NaN outside [−1, 1]. */
export const atanh = /* @__PURE__ */ unary("atanh", k.atanh_f32, "input", (g, s) =>
  div(g, sub(1, square(s.input(0)))),
);

/** Error function 2/√π ∫₀ˣ e^(−t²) dt. */
export const erf = /* @__PURE__ */ unary("erf", k.erf_f32, "input", (g, s) =>
  mul(g, mul(exp(neg(square(s.input(0)))), ERF_SLOPE)),
);
