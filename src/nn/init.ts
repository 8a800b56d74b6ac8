import { withGrad } from "../autograd/mode.ts";
import { ShapeError, ValueError } from "../errors.ts";
import { add, mul, sub } from "../ops/arithmetic.ts";
import { to } from "../ops/cast.ts";
import { eq, lt } from "../ops/compare.ts";
import { copy_, div_, fill_, mul_, sub_ } from "../ops/inplace.ts";
import { maskedFill_ } from "../ops/inplaceindex.ts";
import { matmul } from "../ops/matmul.ts";
import { narrow, reshape, select, transpose, unsqueeze } from "../ops/movement.ts";
import { where } from "../ops/select.ts";
import { argsort } from "../ops/sorting.ts";
import { erf } from "../ops/unary.ts";
import { norm } from "../ops/vectornorm.ts";
import { arange, full, tensor } from "../tensor/create.ts";
import { composite } from "../tensor/lifetime.ts";
import { fillNormal, fillUniform, rand, randn } from "../tensor/random.ts";
import { formatShape, isContiguous } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** PyTorch's initialisers: they fill a parameter in place, the random ones from the stream of manualSeed, and return it. */

function dense(op: string, t: Tensor): void {
  if (t.dtype !== "f32" || !isContiguous(t.shape, t.strides))
    throw new ValueError(`${op}: takes a dense f32 tensor`);
}

/** Fills `t` by ops that are not recorded. */
function filling(op: string, t: Tensor, fill: () => void): Tensor {
  dense(op, t);
  composite(op, () => withGrad(false, fill));
  return t;
}

function checkMatrix(op: string, t: Tensor): [rows: number, columns: number] {
  if (t.ndim !== 2)
    throw new ShapeError(`${op}: takes a tensor of 2 dimensions, got ${formatShape(t.shape)}`);
  return t.shape as [number, number];
}

/** Uniform numbers of [low, high). */
export function uniform_(t: Tensor, low = 0, high = 1): Tensor {
  dense("uniform_", t);
  fillUniform(t, low, high);
  return t;
}

/** Normal numbers. */
export function normal_(t: Tensor, mean = 0, std = 1): Tensor {
  dense("normal_", t);
  fillNormal(t, mean, std);
  return t;
}

/**
 * Numbers of the normal distribution cut off outside of [low, high], by default [−2, 2] (absolute bounds, not counted in std).
 * @throws {ValueError} bounds that hold less than a ten-thousandth of the distribution.
 * @example
 * nn.init.truncNormal_(weight, 0, 0.02);
 */
export function truncNormal_(t: Tensor, mean = 0, std = 1, low = -2, high = 2): Tensor {
  const cumulated = (x: Tensor): Tensor => mul(add(erf(mul(sub(x, mean), Math.SQRT1_2 / std)), 1), 0.5);
  return filling("truncNormal_", t, () => {
    const [from, till] = cumulated(tensor([low, high])).data as unknown as [number, number];
    if (!(till - from >= 1e-4)) {
      throw new ValueError(
        `truncNormal_: [${low}, ${high}] holds next to nothing of the normal distribution of mean ${mean} and std ${std}`,
      );
    }
    // The inverse of the cumulated distribution at uniform numbers, by halving the interval down to an f32's digits.
    const target = add(mul(rand(t.shape), till - from), from);
    let least = full(t.shape, low);
    let most = full(t.shape, high);
    for (let i = 0; i < 24; i++) {
      const middle = mul(add(least, most), 0.5);
      const below = lt(cumulated(middle), target);
      least = where(below, middle, least);
      most = where(below, most, middle);
    }
    copy_(t, mul(add(least, most), 0.5));
  });
}

/** One value everywhere. */
export function constant_(t: Tensor, value: number): Tensor {
  return filling("constant_", t, () => fill_(t, value));
}

/** 1 everywhere. */
export const ones_ = (t: Tensor): Tensor => constant_(t, 1);

/** 0 everywhere. */
export const zeros_ = (t: Tensor): Tensor => constant_(t, 0);

const identity = (rows: number, columns: number): Tensor =>
  to(eq(unsqueeze(arange(rows), 1), arange(columns)), "f32");

/**
 * 1 on the diagonal of a matrix, 0 elsewhere: a linear layer that keeps its inputs.
 * @throws {ShapeError} another number of dimensions.
 */
export function eye_(t: Tensor): Tensor {
  const [rows, columns] = checkMatrix("eye_", t);
  return filling("eye_", t, () => copy_(t, identity(rows, columns)));
}

/**
 * The weight of a convolution [out, in, …kernel] that keeps as many channels as there are in both, in each of the groups: 1 in the middle of
 * the kernel, 0 elsewhere.
 * @throws {ShapeError} fewer than 3 or more than 5 dimensions, or groups that do not divide the outputs.
 */
export function dirac_(t: Tensor, groups = 1): Tensor {
  const [out = 0, inputs = 0, ...kernel] = t.shape;
  if (t.ndim < 3 || t.ndim > 5 || !(groups >= 1) || out % groups !== 0) {
    throw new ShapeError(
      `dirac_: takes the weight of a convolution, [out, in, ...kernel] of 3 to 5 dimensions, with out a multiple of groups ${groups}, got ${formatShape(t.shape)}`,
    );
  }
  return filling("dirac_", t, () => {
    fill_(t, 0);
    const middle = kernel.reduceRight((part, n) => select(part, -1, n >> 1), t);
    const length = out / groups;
    for (let g = 0; g < groups; g++)
      copy_(narrow(middle, { dim: 0, start: g * length, length }), identity(length, inputs));
  });
}

/** Inputs (fan in) and outputs (fan out) of one unit of a weight [out, in, ...kernel]. */
export function fans(t: Tensor): { fanIn: number; fanOut: number } {
  if (t.ndim < 2)
    throw new ValueError(`fans: a weight has at least 2 dimensions, got [${t.shape.join(", ")}]`);
  const [out, inputs, ...kernel] = t.shape as [number, number, ...number[]];
  const field = kernel.reduce((a, b) => a * b, 1);
  return { fanIn: inputs * field, fanOut: out * field };
}

/** What comes behind a layer, for the gain that keeps the variance. */
export type Nonlinearity = "linear" | "sigmoid" | "tanh" | "relu" | "leakyRelu" | "selu";

/**
 * By how much larger weights have to be in front of a nonlinearity: 1 for linear and sigmoid, 5/3 for tanh, √2 for relu,
 * √(2 / (1 + slope²)) for leakyRelu of a slope (default 0.01), 3/4 for selu.
 * @see https://pytorch.org/docs/stable/nn.init.html#torch.nn.init.calculate_gain
 * @example
 * nn.init.xavierUniform_(weight, nn.init.calculateGain("tanh"));
 */
export function calculateGain(nonlinearity: Nonlinearity, slope = 0.01): number {
  switch (nonlinearity) {
    case "linear":
    case "sigmoid":
      return 1;
    case "tanh":
      return 5 / 3;
    case "relu":
      return Math.SQRT2;
    case "leakyRelu":
      return Math.sqrt(2 / (1 + slope * slope));
    case "selu":
      return 3 / 4;
    default:
      throw new ValueError(
        `calculateGain: knows "linear", "sigmoid", "tanh", "relu", "leakyRelu" and "selu", got ${JSON.stringify(nonlinearity)}`,
      );
  }
}

export interface KaimingOptions {
  /** Slope of the leaky ReLU behind the layer. Default 0, a plain ReLU. */
  a?: number;
  /** Keep the variance forward ("fanIn", the default) or backward ("fanOut"). */
  mode?: "fanIn" | "fanOut";
  /** Default "leakyRelu". */
  nonlinearity?: Nonlinearity;
}

function kaimingStd(
  t: Tensor,
  { a = 0, mode = "fanIn", nonlinearity = "leakyRelu" }: KaimingOptions,
): number {
  return calculateGain(nonlinearity, a) / Math.sqrt(fans(t)[mode]);
}

/** Uniform of variance gain² / fan, 2 / fan before a ReLU (K. He et al., "Delving deep into rectifiers", 2015). */
export function kaimingUniform_(t: Tensor, options: KaimingOptions = {}): Tensor {
  const bound = Math.sqrt(3) * kaimingStd(t, options);
  return uniform_(t, -bound, bound);
}

/** Normal of variance gain² / fan, 2 / fan before a ReLU (K. He et al., "Delving deep into rectifiers", 2015). */
export const kaimingNormal_ = (t: Tensor, options: KaimingOptions = {}): Tensor =>
  normal_(t, 0, kaimingStd(t, options));

function xavierStd(t: Tensor, gain: number): number {
  const { fanIn, fanOut } = fans(t);
  return gain * Math.sqrt(2 / (fanIn + fanOut));
}

/** Uniform of variance gain² · 2 / (fan in + fan out) (X. Glorot and Y. Bengio, 2010). */
export function xavierUniform_(t: Tensor, gain = 1): Tensor {
  const bound = Math.sqrt(3) * xavierStd(t, gain);
  return uniform_(t, -bound, bound);
}

/** Normal of variance gain² · 2 / (fan in + fan out) (X. Glorot and Y. Bengio, 2010). */
export const xavierNormal_ = (t: Tensor, gain = 1): Tensor => normal_(t, 0, xavierStd(t, gain));

/** Makes the rows of a wide matrix orthonormal, by Gram and Schmidt, twice each: that is enough (W. Kahan and B. Parlett). */
function orthonormalize(rows: Tensor): void {
  for (let i = 0; i < (rows.shape[0] as number); i++) {
    const row = select(rows, 0, i);
    const above = narrow(rows, { dim: 0, start: 0, length: i });
    // Its row products' temporaries end with each step.
    composite("orthogonal_", () => {
      for (let pass = 0; pass < 2 && i > 0; pass++) sub_(row, matmul(matmul(above, row), above));
      div_(row, norm(row));
    });
  }
}

/**
 * A random orthogonal matrix times `gain`: orthonormal rows, or columns where there are more rows. Dimensions behind the first count as
 * one (A. Saxe et al. 2013).
 * @throws {ShapeError} fewer than 2 dimensions.
 * @example
 * nn.init.orthogonal_(rnn.weight_hh_l0);
 */
export function orthogonal_(t: Tensor, gain = 1): Tensor {
  if (t.ndim < 2) {
    throw new ShapeError(`orthogonal_: takes a tensor of 2 dimensions or more, got ${formatShape(t.shape)}`);
  }
  return filling("orthogonal_", t, () => {
    if (t.size === 0) return;
    const rows = t.shape[0] as number;
    const columns = t.size / rows;
    const wide = randn([Math.min(rows, columns), Math.max(rows, columns)]);
    orthonormalize(wide);
    copy_(reshape(t, [rows, columns]), rows <= columns ? wide : transpose(wide, 0, 1));
    mul_(t, gain);
  });
}

/**
 * A matrix of normal numbers of which each column has the share `sparsity`, rounded up, of zeros at random places (J. Martens 2010).
 * @throws {ShapeError} another number of dimensions; {ValueError} sparsity outside [0, 1].
 */
export function sparse_(t: Tensor, sparsity: number, std = 0.01): Tensor {
  const [rows] = checkMatrix("sparse_", t);
  if (!(sparsity >= 0 && sparsity <= 1))
    throw new ValueError(`sparse_: sparsity must lie in [0, 1], got ${sparsity}`);
  return filling("sparse_", t, () => {
    fillNormal(t, 0, std);
    // The places in which random numbers would be sorted are a random order.
    maskedFill_(t, lt(argsort(rand(t.shape), { dim: 0 }), Math.ceil(sparsity * rows)), 0);
  });
}

/** PyTorch's default for Linear and Conv: weight and bias uniform in ±1/√fan in. */
export function resetLinear(weight: Tensor, bias: Tensor | null): void {
  const bound = 1 / Math.sqrt(fans(weight).fanIn);
  uniform_(weight, -bound, bound);
  if (bias !== null) uniform_(bias, -bound, bound);
}
