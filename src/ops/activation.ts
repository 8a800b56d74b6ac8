import { apply } from "../autograd/apply.ts";
import type { OpRecord, Saved } from "../autograd/node.ts";
import { ValueError } from "../errors.ts";
import * as k from "../program/kernels.gen.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Ptr } from "../wasm/heap.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { ge, gt, le, logicalAnd, lt } from "./compare.ts";
import { mapF32, mapPair, savesOf, unary } from "./define.ts";
import { where } from "./select.ts";
import { to } from "./cast.ts";
import { erf, exp, neg, square } from "./unary.ts";

/** A fused derivative: g times f′ at the saved value, in one pass. Its own gradient is the composed rule. */
function derivative(
  name: string,
  kernel: (out: Ptr, g: Ptr, at: Ptr, n: number) => number,
  slope: (at: Tensor) => Tensor,
  curvature: (at: Tensor) => Tensor | null,
): { (g: Tensor, at: Tensor): Tensor; readonly record: OpRecord<null> } {
  const record: OpRecord<null> = {
    name,
    forward: ([g, at]) => mapPair(g as Tensor, at as Tensor, kernel),
    saves: { inputs: [0, 1] },
    vjp: ([v], s) => {
      const at = s.input(1);
      const bend = s.needs(1) ? curvature(at) : null;
      return [
        s.needs(0) ? mul(v as Tensor, slope(at)) : null,
        bend && mul(v as Tensor, mul(s.input(0), bend)),
      ];
    },
  };
  return Object.assign((g: Tensor, at: Tensor) => apply(record, [g, at], null), { record });
}

/** A map with numbers as attributes. */
function parametric<A>(
  name: string,
  emit: (out: Ptr, x: Ptr, n: number, attrs: A) => number,
  saves: "input" | "output",
  vjp: (g: Tensor, saved: Saved, attrs: A) => Tensor,
): OpRecord<A> {
  return {
    name,
    forward: ([x], attrs) => mapF32(x as Tensor, (out, from, n) => emit(out, from, n, attrs)),
    saves: savesOf(saves),
    vjp: ([g], s, attrs) => [vjp(g as Tensor, s, attrs)],
  };
}

const mask = (g: Tensor, on: Tensor): Tensor => where(on, g, 0);

const reluGrad = /* @__PURE__ */ derivative(
  "reluGrad",
  k.reluGrad_f32,
  (y) => to(gt(y, 0), "f32"),
  () => null,
);

/** max(x, 0); the gradient at 0 is 0. */
export const relu = /* @__PURE__ */ unary("relu", k.relu_f32, "output", (g, s) => reluGrad(g, s.output));

const sigmoidGrad = /* @__PURE__ */ derivative(
  "sigmoidGrad",
  k.sigmoidGrad_f32,
  (y) => mul(y, sub(1, y)),
  (y) => sub(1, mul(y, 2)),
);

/** 1 / (1 + e^(−x)). */
export const sigmoid = /* @__PURE__ */ unary("sigmoid", k.sigmoid_f32, "output", (g, s) =>
  sigmoidGrad(g, s.output),
);

const tanhGrad = /* @__PURE__ */ derivative(
  "tanhGrad",
  k.tanhGrad_f32,
  (y) => sub(1, square(y)),
  (y) => mul(y, -2),
);

/** Hyperbolic tangent. */
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

/** x·Φ(x), Φ the normal distribution's; `approximate: "tanh"` takes the usual formula in tanh. */
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

/** x·sigmoid(x), also called swish. */
export const silu = /* @__PURE__ */ unary("silu", k.silu_f32, "input", (g, s) => siluGrad(g, s.input(0)));

const leakyReluRecord = /* @__PURE__ */ parametric<number>(
  "leakyRelu",
  (out, x, n, slope) => k.leakyRelu_f32(out, x, slope, n),
  "input",
  (g, s, slope) => where(gt(s.input(0), 0), g, mul(g, slope)),
);

/** x above 0, negativeSlope·x (default 0.01) below. */
export const leakyRelu = /* @__PURE__ */ Object.assign(
  (x: Tensor, options: { negativeSlope?: number } = {}): Tensor =>
    apply(leakyReluRecord, [x], options.negativeSlope ?? 0.01),
  { record: leakyReluRecord },
);

const eluRecord = /* @__PURE__ */ parametric<number>(
  "elu",
  (out, x, n, alpha) => k.elu_f32(out, x, alpha, n),
  "input",
  (g, s, alpha) => {
    const x = s.input(0);
    return where(gt(x, 0), g, mul(g, mul(exp(x), alpha)));
  },
);

/** x above 0, alpha·(eˣ − 1) (alpha 1 by default) below. */
export const elu = /* @__PURE__ */ Object.assign(
  (x: Tensor, options: { alpha?: number } = {}): Tensor => apply(eluRecord, [x], options.alpha ?? 1),
  { record: eluRecord },
);

export interface Bounds {
  readonly min: number;
  readonly max: number;
}

const clampRecord = /* @__PURE__ */ parametric<Bounds>(
  "clamp",
  (out, x, n, { min, max }) => k.clamp_f32(out, x, min, max, n),
  "input",
  (g, s, { min, max }) => mask(g, logicalAnd(ge(s.input(0), min), le(s.input(0), max))),
);

/** x held within [min, max]; a bound left out does not bind. The gradient is 0 outside. */
export const clamp = /* @__PURE__ */ Object.assign(
  (x: Tensor, options: { min?: number; max?: number }): Tensor => {
    if (options.min === undefined && options.max === undefined)
      throw new ValueError("clamp: give min, max or both");
    return apply(clampRecord, [x], { min: options.min ?? -Infinity, max: options.max ?? Infinity });
  },
  { record: clampRecord },
);

const softplusRecord = /* @__PURE__ */ parametric<{ readonly beta: number; readonly threshold: number }>(
  "softplus",
  (out, x, n, { beta, threshold }) => k.softplus_f32(out, x, beta, threshold, n),
  "input",
  (g, s, { beta, threshold }) => {
    const bx = mul(s.input(0), beta);
    return where(gt(bx, threshold), g, mul(g, sigmoid(bx)));
  },
);

/** log(1 + e^(βx)) / β; x itself where βx exceeds the threshold. Defaults 1 and 20. */
export const softplus = /* @__PURE__ */ Object.assign(
  (x: Tensor, options: { beta?: number; threshold?: number } = {}): Tensor =>
    apply(softplusRecord, [x], { beta: options.beta ?? 1, threshold: options.threshold ?? 20 }),
  { record: softplusRecord },
);

/** log sigmoid(x), without overflow. */
export const logsigmoid = /* @__PURE__ */ unary("logsigmoid", k.logsigmoid_f32, "input", (g, s) =>
  mul(g, sigmoid(neg(s.input(0)))),
);

/** min(max(x, 0), 6). */
export const relu6 = /* @__PURE__ */ unary("relu6", k.relu6_f32, "input", (g, s) =>
  mask(g, logicalAnd(gt(s.input(0), 0), lt(s.input(0), 6))),
);
