import { apply } from "../autograd/apply.ts";
import { ValueError } from "../errors.ts";
import * as k from "../program/kernels.gen.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { add, div, mul } from "./arithmetic.ts";
import { to } from "./cast.ts";
import { ge, gt, le, logicalAnd, lt } from "./compare.ts";
import { unary } from "./define.ts";
import { derivative, mask, parametric } from "./derivative.ts";
import { where } from "./select.ts";
import { abs, exp } from "./unary.ts";

/** Activations in pieces: what they are depends on where x lies. At a kink the gradient is PyTorch's. */

const leakyReluRecord = /* @__PURE__ */ parametric<number>(
  "leakyRelu",
  (out, x, n, slope) => k.leakyRelu_f32(out, x, slope, n),
  "input",
  (g, s, slope) => where(gt(s.input(0), 0), g, mul(g, slope)),
);

/**
 * x above 0, negativeSlope·x (default 0.01) below.
 * @returns f32 of x's shape; other dtypes are converted.
 * @example
 * leakyRelu(tensor([-1, 2]), { negativeSlope: 0.1 }); // [-0.1, 2]
 */
export const leakyRelu = /* @__PURE__ */ Object.assign(
  (x: Tensor, options: { negativeSlope?: number } = {}): Tensor =>
    apply(leakyReluRecord, [x], options.negativeSlope ?? 0.01),
  { record: leakyReluRecord },
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

/**
 * x held within [min, max]; a bound left out does not bind. The gradient is 0 outside. NaN stays.
 * @returns f32 of x's shape; other dtypes are converted.
 * @throws {ValueError} neither bound is given.
 * @example
 * clamp(tensor([-3, 0.5, 3]), { min: -1, max: 1 }); // [-1, 0.5, 1]
 */
export const clamp = /* @__PURE__ */ Object.assign(
  (x: Tensor, options: { min?: number; max?: number }): Tensor => {
    if (options.min === undefined && options.max === undefined)
      throw new ValueError("clamp: give min, max or both");
    return apply(clampRecord, [x], { min: options.min ?? -Infinity, max: options.max ?? Infinity });
  },
  { record: clampRecord },
);

/** g·scale above 0, g·scale·α·e^(x/width) below: the exponent is held at 0, or overflow above would reach higher orders. */
function expSlope(g: Tensor, x: Tensor, scale: number, alpha: number, width: number): Tensor {
  const below = exp(width === 1 ? clamp(x, { max: 0 }) : div(clamp(x, { max: 0 }), width));
  return where(gt(x, 0), scale === 1 ? g : mul(g, scale), mul(g, mul(below, scale * alpha)));
}

const eluRecord = /* @__PURE__ */ parametric<number>(
  "elu",
  (out, x, n, alpha) => k.elu_f32(out, x, alpha, n),
  "input",
  (g, s, alpha) => expSlope(g, s.input(0), 1, alpha, 1),
);

/**
 * x above 0, alpha·(eˣ − 1) (alpha 1 by default) below. Rule: Clevert, Unterthiner, Hochreiter 2015.
 * @returns f32 of x's shape; other dtypes are converted.
 * @example
 * elu(tensor([-1, 2])); // [-0.6321, 2]
 */
export const elu = /* @__PURE__ */ Object.assign(
  (x: Tensor, options: { alpha?: number } = {}): Tensor => apply(eluRecord, [x], options.alpha ?? 1),
  { record: eluRecord },
);

const celuRecord = /* @__PURE__ */ parametric<number>(
  "celu",
  (out, x, n, alpha) => k.celu_f32(out, x, alpha, n),
  "input",
  (g, s, alpha) => expSlope(g, s.input(0), 1, 1, alpha),
);

/**
 * x above 0, alpha·(e^(x/alpha) − 1) (alpha 1 by default, not 0) below (Barron 2017).
 * @throws {ValueError} alpha 0.
 * @example
 * celu(tensor([-1, 2]), { alpha: 0.5 }); // [-0.4323, 2]
 */
export const celu = /* @__PURE__ */ Object.assign(
  (x: Tensor, options: { alpha?: number } = {}): Tensor => {
    const alpha = options.alpha ?? 1;
    if (alpha === 0) throw new ValueError("celu: alpha must not be 0, which x is divided by");
    return apply(celuRecord, [x], alpha);
  },
  { record: celuRecord },
);

const SELU_SCALE = 1.0507009873554805;
const SELU_ALPHA = 1.6732632423543772;

/**
 * scale·elu(x, alpha) with the constants that keep mean 0 and variance 1 (Klambauer et al. 2017).
 * @example
 * selu(tensor([-1, 1])); // [-1.111, 1.051]
 */
export const selu = /* @__PURE__ */ unary("selu", k.selu_f32, "input", (g, s) =>
  expSlope(g, s.input(0), SELU_SCALE, SELU_ALPHA, 1),
);

/**
 * min(max(x, 0), 6).
 * @returns f32 of x's shape; other dtypes are converted.
 * @example
 * relu6(tensor([-1, 2, 8])); // [0, 2, 6]
 */
export const relu6 = /* @__PURE__ */ unary("relu6", k.relu6_f32, "input", (g, s) =>
  mask(g, logicalAnd(gt(s.input(0), 0), lt(s.input(0), 6))),
);

/** g where low < x < high. */
const between = (g: Tensor, x: Tensor, low: number, high: number): Tensor =>
  mask(g, logicalAnd(gt(x, low), lt(x, high)));

const hardtanhRecord = /* @__PURE__ */ parametric<Bounds>(
  "hardtanh",
  (out, x, n, { min, max }) => k.hardtanh_f32(out, x, min, max, n),
  "input",
  (g, s, { min, max }) => between(g, s.input(0), min, max),
);

/**
 * x held within [minVal, maxVal], by default [−1, 1]; unlike `clamp`'s, the gradient at the bounds is 0.
 * @throws {ValueError} minVal above maxVal.
 * @example
 * hardtanh(tensor([-3, 0.5, 3])); // [-1, 0.5, 1]
 */
export const hardtanh = /* @__PURE__ */ Object.assign(
  (x: Tensor, options: { minVal?: number; maxVal?: number } = {}): Tensor => {
    const { minVal: min = -1, maxVal: max = 1 } = options;
    if (!(min <= max))
      throw new ValueError(`hardtanh: minVal must not lie above maxVal, got ${min} and ${max}`);
    return apply(hardtanhRecord, [x], { min, max });
  },
  { record: hardtanhRecord },
);

/**
 * min(max(x + 3, 0), 6) / 6.
 * @example
 * hardsigmoid(tensor([-4, 0, 1])); // [0, 0.5, 0.6667]
 */
export const hardsigmoid = /* @__PURE__ */ unary("hardsigmoid", k.hardsigmoid_f32, "input", (g, s) =>
  between(mul(g, 1 / 6), s.input(0), -3, 3),
);

const hardswishGrad = /* @__PURE__ */ derivative(
  "hardswishGrad",
  k.hardswishGrad_f32,
  (x) => where(ge(x, 3), 1, where(le(x, -3), 0, add(div(x, 3), 0.5))),
  (x) => mul(to(lt(abs(x), 3), "f32"), 1 / 3),
);

/**
 * x·hardsigmoid(x) (Howard et al. 2019).
 * @example
 * hardswish(tensor([-4, 1, 4])); // [0, 0.6667, 4]
 */
export const hardswish = /* @__PURE__ */ unary("hardswish", k.hardswish_f32, "input", (g, s) =>
  hardswishGrad(g, s.input(0)),
);

/** g outside of [−λ, λ]. */
const beyond = (g: Tensor, x: Tensor, lambd: number): Tensor => mask(g, gt(abs(x), lambd));

const hardshrinkRecord = /* @__PURE__ */ parametric<number>(
  "hardshrink",
  (out, x, n, lambd) => k.hardshrink_f32(out, x, lambd, n),
  "input",
  (g, s, lambd) => beyond(g, s.input(0), lambd),
);

/**
 * x, and 0 where |x| ≤ lambd (default 0.5).
 * @example
 * hardshrink(tensor([-1, 0.2, 1])); // [-1, 0, 1]
 */
export const hardshrink = /* @__PURE__ */ Object.assign(
  (x: Tensor, options: { lambd?: number } = {}): Tensor => apply(hardshrinkRecord, [x], options.lambd ?? 0.5),
  { record: hardshrinkRecord },
);

const softshrinkRecord = /* @__PURE__ */ parametric<number>(
  "softshrink",
  (out, x, n, lambd) => k.softshrink_f32(out, x, lambd, n),
  "input",
  (g, s, lambd) => beyond(g, s.input(0), lambd),
);

/**
 * x moved lambd (default 0.5) toward 0, and 0 where |x| ≤ lambd.
 * @throws {ValueError} lambd below 0.
 * @example
 * softshrink(tensor([-1, 0.2, 1])); // [-0.5, 0, 0.5]
 */
export const softshrink = /* @__PURE__ */ Object.assign(
  (x: Tensor, options: { lambd?: number } = {}): Tensor => {
    const lambd = options.lambd ?? 0.5;
    if (!(lambd >= 0)) throw new ValueError(`softshrink: lambd must be ≥ 0, got ${lambd}`);
    return apply(softshrinkRecord, [x], lambd);
  },
  { record: softshrinkRecord },
);

const thresholdRecord = /* @__PURE__ */ parametric<{ readonly threshold: number; readonly value: number }>(
  "threshold",
  (out, x, n, { threshold: bound, value }) => k.threshold_f32(out, x, bound, value, n),
  "input",
  (g, s, { threshold: bound }) => where(le(s.input(0), bound), 0, g),
);

/**
 * x above the threshold, else `value`.
 * @example
 * threshold(tensor([-1, 0.5]), { threshold: 0.1, value: 20 }); // [20, 0.5]
 */
export const threshold = /* @__PURE__ */ Object.assign(
  (x: Tensor, options: { threshold: number; value: number }): Tensor =>
    apply(thresholdRecord, [x], { threshold: options.threshold, value: options.value }),
  { record: thresholdRecord },
);
