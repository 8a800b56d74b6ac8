import * as ops from "../../../src/ops/index.ts";
import { zeros, type Tensor } from "../../../src/index.ts";
import { at, fromFn, type Nd } from "../nd.ts";
import { f32, type OpSpec } from "../spec.ts";
import { erf, one, parametric, unary } from "./elementwise.ts";

const SELU_SCALE = 1.0507009873554805;
const SELU_ALPHA = 1.6732632423543772;

/** x within [low, high], NaN for NaN. */
const hold = (x: number, low: number, high: number): number => (x < low ? low : x > high ? high : x);
/** x·s for a factor s in 0 … 1: nothing of anything, and −∞ too, is −0. */
const gated = (x: number, s: number): number => (s === 0 && x < 0 ? -0 : x * s);

const inner = (x: number): number => Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);

export const activationSpecs = {
  clamp: {
    ...parametric(ops.clamp, (x, { min = -Infinity, max = Infinity }) => hold(x, min, max), [
      { min: -0.5, max: 0.7 },
      { min: 0.1 },
      { max: -0.1 },
    ]),
    errors: [[() => ops.clamp(one(), {}), "ValueError", /clamp: give min, max or both/]],
  },
  elu: parametric(ops.elu, (x, { alpha = 1 }) => (x > 0 ? x : alpha * Math.expm1(x)), [{}, { alpha: 0.6 }]),
  gelu: {
    ...parametric(
      ops.gelu,
      (x, { approximate = "none" }) =>
        approximate === "tanh" ? 0.5 * x * (1 + Math.tanh(inner(x))) : 0.5 * x * (1 + erf(x / Math.SQRT2)),
      [{}, { approximate: "tanh" }] as { approximate?: "none" | "tanh" }[],
      { special: false },
    ),
    errors: [
      [
        () => ops.gelu(one(), { approximate: "erf" as "none" }),
        "ValueError",
        /gelu: approximate must be "none" or "tanh", got "erf"/,
      ],
    ],
  },
  glu: {
    samples: [
      { inputs: [f32([2, 6])], attrs: {} },
      { inputs: [f32([4, 3])], attrs: { dim: 0 } },
      { inputs: [f32([2, 0])], attrs: {} },
    ],
    call: ([x], a: object) => ops.glu(x as Tensor, a),
    reference: ([x], { dim = 1 }: { dim?: number }) => {
      const source = x as Nd;
      const half = (source.shape[dim] as number) / 2;
      return fromFn(
        source.shape.map((n, d) => (d === dim ? half : n)),
        (index) => {
          const gate = index.map((i, d) => (d === dim ? i + half : i));
          return at(source, index) / (1 + Math.exp(-at(source, gate)));
        },
      );
    },
    errors: [[() => ops.glu(zeros([3])), "ShapeError", /glu: dimension 0 of \[3\] has 3 elements, an even/]],
  },
  celu: {
    ...parametric(ops.celu, (x, { alpha = 1 }) => (x > 0 ? x : alpha * Math.expm1(x / alpha)), [
      {},
      { alpha: 0.6 },
      { alpha: -0.5 },
    ]),
    errors: [[() => ops.celu(one(), { alpha: 0 }), "ValueError", /celu: alpha must not be 0/]],
  },
  hardshrink: parametric(ops.hardshrink, (x, { lambd = 0.5 }) => (Math.abs(x) <= lambd ? 0 : x), [
    {},
    { lambd: 1.2 },
    { lambd: -1 },
  ]),
  hardsigmoid: unary(ops.hardsigmoid, (x) => hold(x + 3, 0, 6) / 6, { low: -5, high: 5 }),
  hardswish: unary(ops.hardswish, (x) => x * (hold(x + 3, 0, 6) / 6), { low: -5, high: 5 }),
  hardtanh: {
    ...parametric(ops.hardtanh, (x, { minVal = -1, maxVal = 1 }) => hold(x, minVal, maxVal), [
      {},
      { minVal: -0.3, maxVal: 1.5 },
    ]),
    errors: [
      [
        () => ops.hardtanh(one(), { minVal: 2 }),
        "ValueError",
        /hardtanh: minVal must not lie above maxVal, got 2 and 1/,
      ],
    ],
  },
  leakyRelu: parametric(ops.leakyRelu, (x, { negativeSlope = 0.01 }) => (x > 0 ? x : x * negativeSlope), [
    {},
    { negativeSlope: 0.3 },
  ]),
  mish: unary(ops.mish, (x) => gated(x, Math.tanh(Math.log1p(Math.exp(x)))), { low: -4, high: 4 }),
  selu: unary(ops.selu, (x) => SELU_SCALE * (x > 0 ? x : SELU_ALPHA * Math.expm1(x))),
  softshrink: {
    ...parametric(
      ops.softshrink,
      (x, { lambd = 0.5 }) => (Math.abs(x) <= lambd ? 0 : x - Math.sign(x) * lambd),
      [{}, { lambd: 1.2 }],
    ),
    errors: [[() => ops.softshrink(one(), { lambd: -1 }), "ValueError", /lambd must be ≥ 0, got -1/]],
  },
  softsign: unary(ops.softsign, (x) => x / (1 + Math.abs(x))),
  tanhshrink: unary(ops.tanhshrink, (x) => (Math.abs(x) < 1e-3 ? (x * x * x) / 3 : x - Math.tanh(x)), {
    special: false, // x³/3 of a large x
  }),
  threshold: parametric(ops.threshold, (x, a) => (x <= a.threshold ? a.value : x), [
    { threshold: 0.25, value: 7 },
    { threshold: -1, value: -0 },
  ]),
  softplus: parametric(
    ops.softplus,
    (x, { beta = 1, threshold = 20 }) => (beta * x > threshold ? x : Math.log1p(Math.exp(beta * x)) / beta),
    [{}, { beta: 2, threshold: 1 }],
  ),
} satisfies Record<string, OpSpec>;
