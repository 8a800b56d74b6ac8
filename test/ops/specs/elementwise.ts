import * as ops from "../../../src/ops/index.ts";
import { map, nd, zip, type Nd } from "../nd.ts";
import { bool, exactly, f32, i32, type Input, type OpSpec } from "../spec.ts";
import { zeros, type Tensor } from "../../../src/index.ts";

/** Error function in double precision: Taylor's series near 0, a continued fraction beyond. */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (Number.isNaN(x) || x === 0) return x;
  if (a > 6) return Math.sign(x);
  if (a < 2.5) {
    let sum = x;
    let term = x;
    for (let n = 1; n < 80; n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  let f = 0;
  for (let n = 60; n > 0; n--) f = n / 2 / (a + f);
  return Math.sign(x) * (1 - Math.exp(-a * a) / (Math.sqrt(Math.PI) * (a + f)));
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
/** Halves to even. */
const roundEven = (x: number): number => {
  const r = Math.round(x);
  return Math.abs(x % 1) === 0.5 && r % 2 !== 0 ? r - 1 : Object.is(x, -0) ? -0 : r;
};

export interface UnaryOptions {
  low?: number;
  high?: number;
  secondOrder?: boolean;
  special?: boolean;
}

const SHAPES = [[5], [2, 3], [1], [0], [], [17]];

export function unary(
  op: (x: Tensor) => Tensor,
  f: (x: number) => number,
  options: UnaryOptions = {},
): OpSpec {
  const { low = -2, high = 2, special = true, ...rest } = options;
  return {
    samples: SHAPES.map((shape) => ({ inputs: [f32(shape, low, high)] })),
    call: ([x]) => op(x as Tensor),
    reference: ([x]) => map(x as Nd, f),
    special,
    ...rest,
  };
}

/** An op with attributes. */
export function parametric<A extends object>(
  op: (x: Tensor, attrs: A) => Tensor,
  f: (x: number, attrs: A) => number,
  attrs: readonly A[],
  options: UnaryOptions = {},
): OpSpec {
  return {
    samples: attrs.flatMap((a) => [
      { inputs: [f32([7], options.low, options.high)], attrs: a },
      { inputs: [f32([2, 0])], attrs: a },
    ]),
    call: ([x], a: A) => op(x as Tensor, a),
    reference: ([x], a: A) => map(x as Nd, (v) => f(v, a)),
    special: options.special ?? true,
  };
}

const step = (op: (x: Tensor) => Tensor, f: (x: number) => number): OpSpec => unary(op, f);

const question = (op: (x: Tensor) => Tensor, f: (x: number) => boolean): OpSpec => ({
  samples: [
    ...SHAPES.map((shape) => ({ inputs: [f32(shape)] })),
    { inputs: [exactly([7], [NaN, Infinity, -Infinity, 0, -0, 1, 2 ** -149])] },
    { inputs: [i32([5], -1, 2)] },
    { inputs: [bool([5])] },
  ],
  call: ([x]) => op(x as Tensor),
  reference: ([x]) => map(x as Nd, (v) => Number(f(v))),
  dtype: "bool",
  gradients: [],
});

export const unarySpecs = {
  abs: unary(ops.abs, Math.abs),
  acos: unary(ops.acos, Math.acos, { low: -0.9, high: 0.9 }),
  acosh: unary(ops.acosh, Math.acosh, { low: 1.2, high: 4 }),
  asin: unary(ops.asin, Math.asin, { low: -0.9, high: 0.9 }),
  asinh: unary(ops.asinh, Math.asinh),
  atan: unary(ops.atan, Math.atan),
  atanh: unary(ops.atanh, Math.atanh, { low: -0.9, high: 0.9 }),
  ceil: step(ops.ceil, Math.ceil),
  cos: unary(ops.cos, Math.cos),
  cosh: unary(ops.cosh, Math.cosh),
  erf: unary(ops.erf, erf),
  exp: unary(ops.exp, Math.exp),
  expm1: unary(ops.expm1, Math.expm1),
  floor: step(ops.floor, Math.floor),
  log: unary(ops.log, Math.log, { low: 0.2, high: 4 }),
  log10: unary(ops.log10, Math.log10, { low: 0.2, high: 4 }),
  log1p: unary(ops.log1p, Math.log1p, { low: -0.8, high: 4 }),
  log2: unary(ops.log2, Math.log2, { low: 0.2, high: 4 }),
  logsigmoid: unary(ops.logsigmoid, (x) => (x < 0 ? x - Math.log1p(Math.exp(x)) : -Math.log1p(Math.exp(-x)))),
  neg: unary(ops.neg, (x) => -x),
  reciprocal: unary(ops.reciprocal, (x) => 1 / x, { low: 0.3, high: 3 }),
  relu: unary(ops.relu, (x) => (x < 0 ? 0 : x)),
  relu6: unary(ops.relu6, (x) => (x < 0 ? 0 : x > 6 ? 6 : x), { low: -3, high: 9 }),
  round: step(ops.round, roundEven),
  rsqrt: unary(ops.rsqrt, (x) => 1 / Math.sqrt(x), { low: 0.3, high: 4 }),
  sigmoid: unary(ops.sigmoid, sigmoid),
  sign: step(ops.sign, (x) => Number(x > 0) - Number(x < 0)),
  silu: unary(ops.silu, (x) => (x === -Infinity ? NaN : x / (1 + Math.exp(-x))), { special: false }),
  sin: unary(ops.sin, Math.sin),
  sinh: unary(ops.sinh, Math.sinh),
  sqrt: unary(ops.sqrt, Math.sqrt, { low: 0.3, high: 4 }),
  square: unary(ops.square, (x) => x * x),
  tan: unary(ops.tan, Math.tan, { low: -1.2, high: 1.2 }),
  tanh: unary(ops.tanh, Math.tanh),
  trunc: step(ops.trunc, Math.trunc),
  isfinite: question(ops.isfinite, Number.isFinite),
  isinf: question(ops.isinf, (x) => Math.abs(x) === Infinity),
  isnan: question(ops.isnan, Number.isNaN),
  logicalNot: question(ops.logicalNot, (x) => x === 0),
};

/** Something to call with wrong attributes. */
export const one = (): Tensor => zeros([2]);

const PAIRS: (readonly [readonly number[], readonly number[]])[] = [
  [
    [2, 3],
    [2, 3],
  ],
  [[2, 3], [3]],
  [
    [2, 1],
    [1, 3],
  ],
  [[4], []],
  [
    [2, 1, 3],
    [2, 1],
  ],
  [
    [0, 3],
    [1, 3],
  ],
  [[17], [17]],
];

interface BinaryOptions {
  low?: number;
  high?: number;
  gradients?: readonly number[];
  secondOrder?: boolean;
}

function binary(
  op: (x: Tensor, y: Tensor) => Tensor,
  f: (x: number, y: number) => number,
  options: BinaryOptions = {},
): OpSpec {
  const { low, high, ...rest } = options;
  return {
    samples: PAIRS.map(([a, b]) => ({ inputs: [f32(a, low, high), f32(b, low, high)] })),
    call: ([x, y]) => op(x as Tensor, y as Tensor),
    reference: ([x, y]) => zip(x as Nd, y as Nd, f),
    errors: [
      [
        () => op(zeros([2, 3]), zeros([2, 4])),
        "ShapeError",
        /shapes \[2, 3\] and \[2, 4\] do not broadcast: dimension −1 is 3 against 4/,
      ],
    ],
    ...rest,
  };
}

function compare(op: (x: Tensor, y: Tensor) => Tensor, f: (x: number, y: number) => boolean): OpSpec {
  const few = (shape: readonly number[]): Input => i32(shape, -2, 3);
  return {
    ...binary(op, (x, y) => Number(f(x, y))),
    samples: [
      ...PAIRS.map(([a, b]) => ({
        inputs: [
          { ...few(a), dtype: "f32" as const },
          { ...few(b), dtype: "f32" as const },
        ],
      })),
      { inputs: [few([3, 4]), few([4])] },
      { inputs: [exactly([4], [NaN, NaN, Infinity, 0]), exactly([4], [NaN, 1, Infinity, -0])] },
    ],
    dtype: "bool",
    gradients: [],
  };
}

function logical(op: (x: Tensor, y: Tensor) => Tensor, f: (x: boolean, y: boolean) => boolean): OpSpec {
  return {
    samples: [
      { inputs: [bool([3, 4]), bool([4])] },
      { inputs: [bool([5]), bool([5])] },
      { inputs: [i32([4], 0, 2), bool([4])] },
    ],
    call: ([x, y]) => op(x as Tensor, y as Tensor),
    reference: ([x, y]) => zip(x as Nd, y as Nd, (a, b) => Number(f(a !== 0, b !== 0))),
    dtype: "bool",
    gradients: [],
  };
}

const maximum = (x: number, y: number): number => Math.max(x, y);
const minimum = (x: number, y: number): number => Math.min(x, y);

export const binarySpecs = {
  add: binary(ops.add, (x, y) => x + y),
  atan2: binary(ops.atan2, Math.atan2, { low: 0.3 }),
  div: binary(ops.div, (x, y) => x / y, { low: 0.4 }),
  floorDivide: binary(ops.floorDivide, (x, y) => Math.floor(x / y), { low: 0.3, gradients: [] }),
  fmod: binary(ops.fmod, (x, y) => x % y, { low: 0.3, secondOrder: false }),
  hypot: binary(ops.hypot, Math.hypot, { low: 0.3 }),
  maximum: binary(ops.maximum, maximum),
  minimum: binary(ops.minimum, minimum),
  mul: binary(ops.mul, (x, y) => x * y),
  pow: binary(ops.pow, Math.pow, { low: 0.3 }),
  remainder: binary(ops.remainder, (x, y) => x - y * Math.floor(x / y), { low: 0.3, secondOrder: false }),
  sub: binary(ops.sub, (x, y) => x - y),
  eq: compare(ops.eq, (x, y) => x === y),
  ge: compare(ops.ge, (x, y) => x >= y),
  gt: compare(ops.gt, (x, y) => x > y),
  le: compare(ops.le, (x, y) => x <= y),
  lt: compare(ops.lt, (x, y) => x < y),
  ne: compare(ops.ne, (x, y) => x !== y),
  logicalAnd: logical(ops.logicalAnd, (x, y) => x && y),
  logicalOr: logical(ops.logicalOr, (x, y) => x || y),
  logicalXor: logical(ops.logicalXor, (x, y) => x !== y),
  lerp: {
    samples: [
      { inputs: [f32([2, 3]), f32([3]), f32([2, 1], -1, 2)] },
      { inputs: [f32([4]), f32([4])], attrs: 0.25 },
      { inputs: [f32([4]), f32([4])], attrs: 0.75 },
    ],
    call: ([x, y, w], weight: number) => ops.lerp(x as Tensor, y as Tensor, w ?? weight),
    reference: ([x, y, w], weight: number) => {
      const reach = zip(y as Nd, x as Nd, (a, b) => a - b);
      return zip(
        x as Nd,
        zip(w ?? nd([], [weight]), reach, (a, b) => a * b),
        (a, b) => a + b,
      );
    },
    errors: [[() => ops.lerp(zeros([2]), zeros([3]), 0.5), "ShapeError", /do not broadcast/]],
  },
  where: {
    samples: [
      { inputs: [bool([2, 3]), f32([2, 3]), f32([3])] },
      { inputs: [bool([2, 1]), f32([1, 3]), f32([])] },
      { inputs: [bool([4]), f32([4]), f32([4])] },
    ],
    call: ([c, x, y]) => ops.where(c as Tensor, x as Tensor, y as Tensor),
    reference: ([c, x, y]) => {
      const xy = zip(x as Nd, y as Nd, (a) => a);
      const yx = zip(x as Nd, y as Nd, (_, b) => b);
      const chosen = zip(
        zip(c as Nd, xy, (on, v) => (on ? v : NaN)),
        nd([], [0]),
        (v) => v,
      );
      return zip(
        chosen,
        zip(c as Nd, yx, (on, v) => (on ? NaN : v)),
        (a, b) => (Number.isNaN(a) ? b : a),
      );
    },
    gradients: [1, 2],
  },
  to: {
    samples: [{ inputs: [exactly([6], [1.9, -1.9, NaN, 3e9, -3e9, 0.2])] }],
    call: ([x]) => ops.to(x as Tensor, "i32"),
    reference: ([x]) =>
      map(x as Nd, (v) => (Number.isNaN(v) ? 0 : Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Math.trunc(v))))),
    dtype: "i32",
    gradients: [],
    errors: [
      [
        () => ops.to(one(), "f64" as "f32"),
        "DTypeError",
        /unknown dtype "f64"; there are f32, f16, bf16, i32, u8, bool/,
      ],
    ],
  },
} satisfies Record<string, OpSpec>;
