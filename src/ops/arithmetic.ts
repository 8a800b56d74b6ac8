import { ValueError } from "../errors.ts";
import * as k from "../program/kernels.gen.ts";
import { composite } from "../tensor/lifetime.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { eq, gt, lt } from "./compare.ts";
import { binary } from "./define.ts";
import { log, neg, square, trunc } from "./unary.ts";
import { where } from "./select.ts";

const divisionByZero = (op: string) => (code: number) =>
  new ValueError(
    `${op}: element ${code - 1} divides a whole number by 0; convert to f32 for ±Infinity and NaN`,
  );

/**
 * x + y. A tensor and a number, or two tensors.
 * @returns the dtype that both operands promote to (docs/dtypes.md), in the broadcast shape.
 * @throws {ShapeError} shapes that do not broadcast.
 * @example
 * add(tensor([[1, 2], [3, 4]]), tensor([10, 20])); // [[11, 22], [13, 24]]
 */
export const add = /* @__PURE__ */ binary("add", {
  kernels: { f32: k.add_f32, i32: k.add_i32 },
  vjp: (g) => [g, g],
});

/**
 * x − y.
 * @returns the dtype that both operands promote to (docs/dtypes.md), in the broadcast shape.
 * @throws {ShapeError} shapes that do not broadcast.
 * @example
 * sub(tensor([1, 2]), 3); // [-2, -1]
 */
export const sub = /* @__PURE__ */ binary("sub", {
  kernels: { f32: k.sub_f32, i32: k.sub_i32 },
  vjp: (g, s) => [g, s.needs(1) ? neg(g) : null],
});

/**
 * x · y, element by element.
 * @returns the dtype that both operands promote to (docs/dtypes.md), in the broadcast shape.
 * @throws {ShapeError} shapes that do not broadcast.
 * @example
 * mul(tensor([1, 2]), tensor([[3], [4]])); // [[3, 6], [4, 8]]
 */
export const mul = /* @__PURE__ */ binary("mul", {
  kernels: { f32: k.mul_f32, i32: k.mul_i32 },
  saves: { inputs: [0, 1] },
  vjp: (g, s) => [s.needs(0) ? mul(g, s.input(1)) : null, s.needs(1) ? mul(g, s.input(0)) : null],
});

/**
 * x / y, always in f32. IEEE rules for 0: ±Infinity, and NaN for 0 / 0.
 * @returns f32, in the broadcast shape.
 * @throws {ShapeError} shapes that do not broadcast.
 * @example
 * div(tensor([1, 3], { dtype: "i32" }), 2); // [0.5, 1.5]
 */
export const div = /* @__PURE__ */ binary("div", {
  kernels: { f32: k.div_f32 },
  saves: { inputs: [0, 1] },
  vjp: (g, s) => {
    const y = s.input(1);
    return [s.needs(0) ? div(g, y) : null, s.needs(1) ? neg(div(mul(g, s.input(0)), square(y))) : null];
  },
});

/**
 * x to the power y. A negative x with a fractional y is NaN. The gradient of x is 0 where y is 0, that of y where x is 0, as in PyTorch.
 * @returns f32, in the broadcast shape.
 * @throws {ShapeError} shapes that do not broadcast.
 * @example
 * pow(tensor([1, 2, 3]), 2); // [1, 4, 9]
 */
export const pow = /* @__PURE__ */ binary("pow", {
  kernels: { f32: k.pow_f32 },
  saves: { inputs: [0, 1], output: true },
  vjp: (g, s) => {
    const x = s.input(0);
    const y = s.input(1);
    // PyTorch: where y = 0 the gradient of x is 0, where the power is 0 and y ≥ 0 that of y is 0.
    return [
      s.needs(0) ? where(eq(y, 0), 0, mul(g, mul(y, pow(x, sub(y, 1))))) : null,
      s.needs(1) ? where(eq(x, 0), 0, mul(g, mul(s.output, log(x)))) : null,
    ];
  },
});

/** The share of an extremum's gradient: all to the larger (smaller) operand, half each on a tie. */
function shares(g: Tensor, x: Tensor, y: Tensor, better: (a: Tensor, b: Tensor) => Tensor): [Tensor, Tensor] {
  const half = mul(g, 0.5);
  const tie = eq(x, y);
  return [where(tie, half, where(better(x, y), g, 0)), where(tie, half, where(better(y, x), g, 0))];
}

/**
 * The larger of x and y; NaN where either is. On a tie each gets half of the gradient.
 * @returns the dtype that both operands promote to (docs/dtypes.md), in the broadcast shape.
 * @throws {ShapeError} shapes that do not broadcast.
 * @example
 * maximum(tensor([1, 5]), tensor([3, 2])); // [3, 5]
 */
export const maximum = /* @__PURE__ */ binary("maximum", {
  kernels: { f32: k.maximum_f32, i32: k.maximum_i32 },
  saves: { inputs: [0, 1] },
  vjp: (g, s) => shares(g, s.input(0), s.input(1), (a, b) => gt(a, b)),
});

/**
 * The smaller of x and y; NaN where either is. On a tie each gets half of the gradient.
 * @returns the dtype that both operands promote to (docs/dtypes.md), in the broadcast shape.
 * @throws {ShapeError} shapes that do not broadcast.
 * @example
 * minimum(tensor([1, 5]), tensor([3, 2])); // [1, 2]
 */
export const minimum = /* @__PURE__ */ binary("minimum", {
  kernels: { f32: k.minimum_f32, i32: k.minimum_i32 },
  saves: { inputs: [0, 1] },
  vjp: (g, s) => shares(g, s.input(0), s.input(1), (a, b) => gt(b, a)),
});

/**
 * The angle of (y = x₀, x = x₁), in (−π, π].
 * @returns f32, in the broadcast shape.
 * @throws {ShapeError} shapes that do not broadcast.
 * @example
 * atan2(tensor([1, -1]), tensor([1, -1])); // [0.7854, -2.356]
 */
export const atan2 = /* @__PURE__ */ binary("atan2", {
  kernels: { f32: k.atan2_f32 },
  saves: { inputs: [0, 1] },
  vjp: (g, s) => {
    const y = s.input(0);
    const x = s.input(1);
    const scale = div(g, add(square(x), square(y)));
    return [mul(scale, x), neg(mul(scale, y))];
  },
});

/**
 * √(x² + y²) without overflow.
 * @returns f32, in the broadcast shape.
 * @throws {ShapeError} shapes that do not broadcast.
 * @example
 * hypot(tensor([3]), tensor([4])); // [5]
 */
export const hypot = /* @__PURE__ */ binary("hypot", {
  kernels: { f32: k.hypot_f32 },
  saves: { inputs: [0, 1], output: true },
  vjp: (g, s) => {
    const scale = div(g, s.output);
    return [mul(scale, s.input(0)), mul(scale, s.input(1))];
  },
});

/**
 * The remainder with the sign of x (C's fmod).
 * @returns the dtype that both operands promote to (docs/dtypes.md), in the broadcast shape.
 * @throws {ShapeError} shapes that do not broadcast.
 * @throws {ValueError} a whole number divided by 0; in f32 that is NaN.
 * @example
 * fmod(tensor([-5, 5]), 3); // [-2, 2]
 */
export const fmod = /* @__PURE__ */ binary("fmod", {
  kernels: { f32: k.fmod_f32, i32: k.fmod_i32 },
  saves: { inputs: [0, 1] },
  explain: divisionByZero("fmod"),
  vjp: (g, s) => [g, s.needs(1) ? neg(mul(g, trunc(div(s.input(0), s.input(1))))) : null],
});

/**
 * The remainder with the sign of y (Python's %).
 * @returns the dtype that both operands promote to (docs/dtypes.md), in the broadcast shape.
 * @throws {ShapeError} shapes that do not broadcast.
 * @throws {ValueError} a whole number divided by 0; in f32 that is NaN.
 * @example
 * remainder(tensor([-5, 5]), 3); // [1, 2]
 */
export const remainder = /* @__PURE__ */ binary("remainder", {
  kernels: { f32: k.remainder_f32, i32: k.remainder_i32 },
  saves: { inputs: [0, 1] },
  explain: divisionByZero("remainder"),
  vjp: (g, s) => [g, s.needs(1) ? neg(mul(g, floorDivide(s.input(0), s.input(1)))) : null],
});

/**
 * x / y rounded toward −∞. No gradient flows.
 * @returns the dtype that both operands promote to (docs/dtypes.md), in the broadcast shape.
 * @throws {ShapeError} shapes that do not broadcast.
 * @throws {ValueError} a whole number divided by 0; f32 follows IEEE.
 * @example
 * floorDivide(tensor([-5, 5]), 3); // [-2, 1]
 */
export const floorDivide = /* @__PURE__ */ binary("floorDivide", {
  kernels: { f32: k.floorDivide_f32, i32: k.floorDivide_i32 },
  explain: divisionByZero("floorDivide"),
});

/**
 * x + weight·(y − x): x at weight 0, y at weight 1. All broadcast; PyTorch's `lerp` with `end` for y.
 * @param weight a number, or a weight for each element.
 * @example
 * lerp(tensor([0, 10]), tensor([10, 20]), 0.25); // [2.5, 12.5]
 */
export function lerp(x: Tensor, y: Tensor, weight: Tensor | number): Tensor {
  return composite("lerp", () => {
    const reach = sub(y, x);
    // From the nearer end, so that both ends are exact.
    if (typeof weight === "number")
      return weight < 0.5 ? add(x, mul(reach, weight)) : sub(y, mul(reach, 1 - weight));
    return where(lt(weight, 0.5), add(x, mul(reach, weight)), sub(y, mul(reach, sub(1, weight))));
  });
}
