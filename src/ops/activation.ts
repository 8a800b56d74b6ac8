import { apply } from "../autograd/apply.ts";
import { ShapeError, ValueError } from "../errors.ts";
import * as k from "../program/kernels.gen.ts";
import { composite } from "../tensor/lifetime.ts";
import { formatShape, normalizeDim } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { add, div, mul, sub } from "./arithmetic.ts";
import { to } from "./cast.ts";
import { gt } from "./compare.ts";
import { unary } from "./define.ts";
import { derivative, parametric } from "./derivative.ts";
import { narrow } from "./movement.ts";
import { where } from "./select.ts";
import { abs, erf, exp, neg, square } from "./unary.ts";

const reluGrad = /* @__PURE__ */ derivative(
  "reluGrad",
  k.reluGrad_f32,
  (y) => to(gt(y, 0), "f32"),
  () => null,
);

/**
 * max(x, 0); the gradient at 0 is 0.
 * @returns f32 of x's shape; other dtypes are converted.
 * @example
 * relu(tensor([-1, 0, 2])); // [0, 0, 2]
 */
export const relu = /* @__PURE__ */ unary("relu", k.relu_f32, "output", (g, s) => reluGrad(g, s.output));

const sigmoidGrad = /* @__PURE__ */ derivative(
  "sigmoidGrad",
  k.sigmoidGrad_f32,
  (y) => mul(y, sub(1, y)),
  (y) => sub(1, mul(y, 2)),
);

/**
 * 1 / (1 + e^(−x)).
 * @returns f32 of x's shape; other dtypes are converted.
 * @example
 * sigmoid(tensor([-1, 0, 2])); // [0.2689, 0.5, 0.8808]
 */
export const sigmoid = /* @__PURE__ */ unary("sigmoid", k.sigmoid_f32, "output", (g, s) =>
  sigmoidGrad(g, s.output),
);

const tanhGrad = /* @__PURE__ */ derivative(
  "tanhGrad",
  k.tanhGrad_f32,
  (y) => sub(1, square(y)),
  (y) => mul(y, -2),
);

/**
 * Hyperbolic tangent.
 * @returns f32 of x's shape; other dtypes are converted.
 * @example
 * tanh(tensor([-1, 0, 2])); // [-0.7616, 0, 0.964]
 */
export const tanh = /* @__PURE__ */ unary("tanh", k.tanh_f32, "output", (g, s) => tanhGrad(g, s.output));

const SQRT_HALF = 0.7071067811865476;
/** 1/√(2π), the height of the normal density. */
const DENSITY = 0.3989422804014327;
const TANH_SCALE = 0.7978845608028654; // √(2/π)
const TANH_CUBIC = 0.044715;

const density = (x: Tensor): Tensor => mul(exp(mul(square(x), -0.5)), DENSITY);

const geluGrad = /* @__PURE__ */ derivative(
  "geluGrad",
  k.geluGrad_f32,
  // Φ(x) + x·φ(x)
  (x) => add(mul(add(erf(mul(x, SQRT_HALF)), 1), 0.5), mul(x, density(x))),
  // φ(x)·(2 − x²)
  (x) => mul(density(x), sub(2, square(x))),
);

const geluTanhGrad = /* @__PURE__ */ derivative(
  "geluTanhGrad",
  k.geluTanhGrad_f32,
  (x) => {
    const t = tanh(inner(x));
    return mul(add(add(t, 1), mul(mul(x, sub(1, square(t))), innerSlope(x))), 0.5);
  },
  (x) => {
    const t = tanh(inner(x));
    const slope = innerSlope(x);
    const sech = sub(1, square(t));
    // s·u′ + ½x·s·(u″ − 2t·u′²), s = 1 − t²
    const bend = sub(mul(x, 6 * TANH_SCALE * TANH_CUBIC), mul(mul(t, square(slope)), 2));
    return add(mul(sech, slope), mul(mul(mul(x, 0.5), sech), bend));
  },
);

const inner = (x: Tensor): Tensor => mul(add(x, mul(mul(square(x), x), TANH_CUBIC)), TANH_SCALE);
const innerSlope = (x: Tensor): Tensor => mul(add(mul(square(x), 3 * TANH_CUBIC), 1), TANH_SCALE);

const geluRecord = /* @__PURE__ */ parametric<"none" | "tanh">(
  "gelu",
  (out, x, n, approximate) => (approximate === "tanh" ? k.geluTanh_f32(out, x, n) : k.gelu_f32(out, x, n)),
  "input",
  (g, s, approximate) => (approximate === "tanh" ? geluTanhGrad : geluGrad)(g, s.input(0)),
);

/**
 * x·Φ(x), Φ the normal distribution's; `approximate: "tanh"` takes the usual formula in tanh. Rule: Hendrycks, Gimpel 2016.
 * @returns f32 of x's shape; other dtypes are converted.
 * @throws {ValueError} another `approximate`.
 * @example
 * gelu(tensor([-1, 0, 2])); // [-0.1587, 0, 1.954]
 * gelu(tensor([-1, 0, 2]), { approximate: "tanh" }); // [-0.1588, 0, 1.955]
 */
export const gelu = /* @__PURE__ */ Object.assign(
  (x: Tensor, options: { approximate?: "none" | "tanh" } = {}): Tensor => {
    const approximate: string = options.approximate ?? "none";
    if (approximate !== "none" && approximate !== "tanh") {
      throw new ValueError(`gelu: approximate must be "none" or "tanh", got ${JSON.stringify(approximate)}`);
    }
    return apply(geluRecord, [x], approximate);
  },
  { record: geluRecord },
);

const siluGrad = /* @__PURE__ */ derivative(
  "siluGrad",
  k.siluGrad_f32,
  (x) => {
    const y = sigmoid(x);
    return mul(y, add(mul(x, sub(1, y)), 1));
  },
  (x) => {
    const y = sigmoid(x);
    return mul(mul(y, sub(1, y)), add(mul(x, sub(1, mul(y, 2))), 2));
  },
);

/**
 * x·sigmoid(x), also called swish.
 * @returns f32 of x's shape; other dtypes are converted.
 * @example
 * silu(tensor([-1, 0, 2])); // [-0.2689, 0, 1.762]
 */
export const silu = /* @__PURE__ */ unary("silu", k.silu_f32, "input", (g, s) => siluGrad(g, s.input(0)));

/** What mish's derivatives are made of: tanh(softplus x), sigmoid x and 1 − tanh². */
function mishParts(x: Tensor): { t: Tensor; s: Tensor; q: Tensor } {
  const t = tanh(softplus(x));
  return { t, s: sigmoid(x), q: sub(1, square(t)) };
}

const mishGrad = /* @__PURE__ */ derivative(
  "mishGrad",
  k.mishGrad_f32,
  (x) => {
    const { t, s, q } = mishParts(x);
    return add(t, mul(mul(x, s), q));
  },
  // s·q·(2 + x·(1 − s − 2s·t))
  (x) => {
    const { t, s, q } = mishParts(x);
    return mul(mul(s, q), add(mul(x, sub(1, mul(s, add(mul(t, 2), 1)))), 2));
  },
);

/**
 * x·tanh(softplus x) (Misra 2019; PyTorch's `mish`).
 * @example
 * mish(tensor([-1, 0, 2])); // [-0.3034, 0, 1.944]
 */
export const mish = /* @__PURE__ */ unary("mish", k.mish_f32, "input", (g, s) => mishGrad(g, s.input(0)));

const softplusRecord = /* @__PURE__ */ parametric<{ readonly beta: number; readonly threshold: number }>(
  "softplus",
  (out, x, n, { beta, threshold }) => k.softplus_f32(out, x, beta, threshold, n),
  "input",
  (g, s, { beta, threshold }) => {
    const bx = mul(s.input(0), beta);
    return where(gt(bx, threshold), g, mul(g, sigmoid(bx)));
  },
);

/**
 * log(1 + e^(βx)) / β; x itself where βx exceeds the threshold. Defaults 1 and 20. PyTorch's `softplus`.
 * @returns f32 of x's shape; other dtypes are converted.
 * @example
 * softplus(tensor([-1, 0, 2])); // [0.3133, 0.6931, 2.127]
 */
export const softplus = /* @__PURE__ */ Object.assign(
  (x: Tensor, options: { beta?: number; threshold?: number } = {}): Tensor =>
    apply(softplusRecord, [x], { beta: options.beta ?? 1, threshold: options.threshold ?? 20 }),
  { record: softplusRecord },
);

/**
 * log sigmoid(x), without overflow.
 * @returns f32 of x's shape; other dtypes are converted.
 * @example
 * logsigmoid(tensor([-100, 0, 2])); // [-100, -0.6931, -0.1269]
 */
export const logsigmoid = /* @__PURE__ */ unary("logsigmoid", k.logsigmoid_f32, "input", (g, s) =>
  mul(g, sigmoid(neg(s.input(0)))),
);

/**
 * x / (1 + |x|).
 * @example
 * softsign(tensor([-1, 0, 3])); // [-0.5, 0, 0.75]
 */
export const softsign = /* @__PURE__ */ unary("softsign", k.softsign_f32, "input", (g, s) =>
  div(g, square(add(abs(s.input(0)), 1))),
);

/**
 * x − tanh x, accurate near 0.
 * @example
 * tanhshrink(tensor([0, 1])); // [0, 0.2384]
 */
export const tanhshrink = /* @__PURE__ */ unary("tanhshrink", k.tanhshrink_f32, "input", (g, s) =>
  mul(g, square(tanh(s.input(0)))),
);

/**
 * a·sigmoid(b), where a and b are the halves of x along `dim` (default −1), which must have an even size (Dauphin et al. 2016).
 * @throws {ShapeError} a scalar, or an odd size.
 * @example
 * glu(tensor([1, 2, 0, 0])); // [0.5, 1]
 */
export function glu(x: Tensor, options: { dim?: number } = {}): Tensor {
  const dim = normalizeDim("glu", options.dim ?? -1, x.ndim);
  const n = x.shape[dim] ?? 1;
  if (n % 2 !== 0 || x.ndim === 0) {
    throw new ShapeError(
      `glu: dimension ${dim} of ${formatShape(x.shape)} has ${n} elements, an even number is needed to halve it`,
    );
  }
  return composite("glu", () =>
    mul(
      narrow(x, { dim, start: 0, length: n / 2 }),
      sigmoid(narrow(x, { dim, start: n / 2, length: n / 2 })),
    ),
  );
}
