import { apply, applyMulti } from "../autograd/apply.ts";
import { isGradEnabled } from "../autograd/mode.ts";
import type { OpRecord, Saved } from "../autograd/node.ts";
import { ShapeError, ValueError } from "../errors.ts";
import * as k from "../program/kernels.gen.ts";
import { composite } from "../tensor/lifetime.ts";
import { formatShape } from "../tensor/shape.ts";
import { contiguous, empty, type Tensor } from "../tensor/tensor.ts";
import type { Ptr } from "../wasm/heap.ts";
import { add, div, mul, pow, sub } from "./arithmetic.ts";
import { avgPool2d } from "./avgpool.ts";
import { castTo } from "./cast.ts";
import { layerNorm } from "./layernorm.ts";
import { narrow, reshape } from "./movement.ts";
import { batchNorm } from "./norm.ts";
import { mean, sum } from "./reduce.ts";
import { around } from "./softmax.ts";
import { checkChannels, checkRunning, dense, updateRunning, type Running } from "./statistics.ts";
import { rsqrt, square } from "./unary.ts";

interface Rule {
  readonly groups: number;
  readonly eps: number;
  /** Inputs behind x: weight and bias, as far as they are given. */
  readonly weight: boolean;
  readonly bias: boolean;
}

/** Rows that share statistics, groups, channels a group and values a channel. */
function blocks(shape: readonly number[], groups: number): [number, number, number, number] {
  const [n, c, s] = around(shape, 1);
  return [n * groups, groups, groups === 0 ? 0 : c / groups, s];
}

const record: OpRecord<Rule> = {
  name: "groupNorm",
  forward(inputs, rule, extras) {
    const x = contiguous(castTo(inputs[0] as Tensor, "f32"));
    const sizes = blocks(x.shape, rule.groups);
    const out = empty(x.shape, "f32");
    const centre = empty([sizes[0]], "f32");
    const invstd = empty([sizes[0]], "f32");
    extras.push(centre, invstd);
    const weight = dense(rule.weight ? inputs[1] : null);
    const bias = dense(rule.bias ? inputs.at(-1) : null);
    if (out.size > 0)
      k.groupNorm_f32(out.ptr, centre.ptr, invstd.ptr, x.ptr, weight, bias, ...sizes, rule.eps);
    return out;
  },
  saves: { inputs: [0, 1] },
  vjp: ([incoming], s, rule) => {
    const g = incoming as Tensor;
    if (isGradEnabled()) return composedGrad(g, s, rule);
    const inputs = [g, s.input(0), s.extra(0), s.extra(1)];
    if (rule.weight) inputs.push(s.input(1));
    const [dots, sums, dx] = applyMulti(gradRecord, inputs, { ...rule, input: s.needs(0) }) as Gradients;
    const out: (Tensor | null)[] = [dx ?? null];
    if (rule.weight) out.push(sum(dots, { dim: 0 }));
    if (rule.bias) out.push(sum(sums, { dim: 0 }));
    return out;
  },
};

type Gradients = [dots: Tensor, sums: Tensor, dx?: Tensor];

/**
 * Σ g·h and Σ g of each channel of each sample [n, c], and dx where the input needs it. Has no gradient: under createGraph the composed
 * rule takes its place.
 */
const gradRecord: OpRecord<Rule & { readonly input: boolean }> = {
  name: "groupNormGrad",
  forward([gradient, input, centre, invstd, weight], rule) {
    const [g, x] = [contiguous(gradient as Tensor), contiguous(castTo(input as Tensor, "f32"))];
    const dx = rule.input ? empty(x.shape, "f32") : null;
    const dots = empty(x.shape.slice(0, 2), "f32");
    const sums = empty(x.shape.slice(0, 2), "f32");
    const saved: [Ptr, Ptr] = [(centre as Tensor).ptr, (invstd as Tensor).ptr];
    if (dots.size > 0) {
      const sizes = blocks(x.shape, rule.groups);
      const to = dx?.ptr ?? (0 as Ptr);
      k.groupNormGrad_f32(to, dots.ptr, sums.ptr, g.ptr, x.ptr, ...saved, dense(weight), ...sizes);
    }
    return dx ? [dots, sums, dx] : [dots, sums];
  },
};

/** A parameter [c] beside x [n, c, …]. */
const perChannel = (t: Tensor, ndim: number): Tensor =>
  reshape(t, [-1, ...new Array<number>(ndim - 2).fill(1)]);

/** The same gradients in public ops: differentiable again. */
function composedGrad(g: Tensor, s: Saved, rule: Rule): (Tensor | null)[] {
  const shape = s.shape(0);
  const [rows, , channels, values] = blocks(shape, rule.groups);
  const asRows = (t: Tensor): Tensor => reshape(t, [rows, channels * values]);
  const along = { dim: 1, keepdim: true };
  const x = asRows(s.input(0));
  const centred = sub(x, mean(x, along));
  const invstd = rsqrt(add(mean(square(centred), along), rule.eps));
  const normal = mul(centred, invstd);
  const scaled = asRows(rule.weight ? mul(g, perChannel(s.input(1), shape.length)) : g);
  const shared = mul(normal, mean(mul(scaled, normal), along));
  const out = [reshape(mul(invstd, sub(sub(scaled, mean(scaled, along)), shared)), shape)];
  const dims = shape.map((_, d) => d).filter((d) => d !== 1);
  if (rule.weight) out.push(sum(mul(g, reshape(normal, shape)), { dim: dims }));
  if (rule.bias) out.push(sum(g, { dim: dims }));
  return out;
}

/** Group normalisation of checked arguments. */
function normaliseGroups(
  x: Tensor,
  groups: number,
  weight: Tensor | null,
  bias: Tensor | null,
  eps: number,
): Tensor {
  const [n, c] = x.shape as [number, number];
  if (x.ndim > 2 || c === 0) {
    const rule = { groups, eps, weight: weight !== null, bias: bias !== null };
    return apply(
      record,
      [x, weight, bias].filter((t) => t !== null),
      rule,
    );
  }
  // One value a channel: rows of a layer norm, whose kernels are at home with that.
  return composite("groupNorm", () => {
    const rows = layerNorm(reshape(x, [n * groups, c / groups]), null, null, {
      normalizedShape: c / groups,
      eps,
    });
    const scaled = weight ? mul(reshape(rows, [n, c]), weight) : reshape(rows, [n, c]);
    return bias ? add(scaled, bias) : scaled;
  });
}

export interface GroupNormOptions {
  /** Groups of channels; must divide them. */
  numGroups: number;
  /** Added to the variance. Default 1e-5. */
  eps?: number;
}

/**
 * Group normalisation of x [n, c, …]: each sample's channels in `numGroups` groups, each group by its own mean and biased variance, then
 * · weight + bias by channel, [c] each or left out (Wu, He 2018; PyTorch's group_norm).
 * @throws {ShapeError} groups that do not divide the channels, parameters that are not [c], or one value only to normalise.
 * @example
 * groupNorm(tensor([[1, 3, 10, 30]]), null, null, { numGroups: 2 }); // [[-1, 1, -1, 1]]
 */
export const groupNorm = /* @__PURE__ */ Object.assign(
  (
    x: Tensor,
    weight: Tensor | null | undefined,
    bias: Tensor | null | undefined,
    options: GroupNormOptions,
  ): Tensor => {
    const { numGroups, eps = 1e-5 } = options;
    if (x.ndim < 2) throw new ShapeError(`groupNorm: takes [n, c, ...], got ${formatShape(x.shape)}`);
    const c = x.shape[1] as number;
    if (!Number.isInteger(numGroups) || numGroups < 1 || c % numGroups !== 0) {
      throw new ShapeError(
        `groupNorm: numGroups must be a whole number ≥ 1 that divides the ${c} channels, got ${numGroups}`,
      );
    }
    if (!(eps >= 0)) throw new ValueError(`groupNorm: eps must be ≥ 0, got ${eps}`);
    checkChannels("groupNorm", x, { weight: weight ?? null, bias: bias ?? null });
    if (x.size === numGroups) {
      throw new ShapeError(
        `groupNorm: needs more than one value a group, got ${formatShape(x.shape)} in ${numGroups} groups`,
      );
    }
    return normaliseGroups(x, numGroups, weight ?? null, bias ?? null, eps);
  },
  { record },
);

export interface InstanceNormOptions {
  /** Running estimates [c]; updated in place from the input's statistics, or used instead of them. */
  runningMean?: Tensor | null;
  runningVar?: Tensor | null;
  /** Scale and shift [c]. */
  weight?: Tensor | null;
  bias?: Tensor | null;
  /** Normalise by the input's own statistics. Default true. */
  useInputStats?: boolean;
  /** Share of the new statistics in the running ones. Default 0.1. */
  momentum?: number;
  /** Added to the variance. Default 1e-5. */
  eps?: number;
}

/**
 * Instance normalisation of x [n, c, …]: each channel of each sample by its own mean and biased variance, then · weight + bias (Ulyanov,
 * Vedaldi, Lempitsky 2016; PyTorch's instance_norm). The running estimates get the mean over the samples, of the variances the unbiased
 * ones; with `useInputStats: false` they are what is normalised by.
 * @throws {ShapeError} fewer than three dimensions, parameters that are not [c], or one value only a channel.
 * @throws {ValueError} no running estimates where they are needed.
 * @example
 * instanceNorm(tensor([[[1, 3], [10, 30]]])); // [[[-1, 1], [-1, 1]]]
 */
export function instanceNorm(x: Tensor, options: InstanceNormOptions = {}): Tensor {
  const { weight = null, bias = null } = options;
  const { useInputStats = true, momentum = 0.1, eps = 1e-5 } = options;
  if (x.ndim < 3) throw new ShapeError(`instanceNorm: takes [n, c, ...], got ${formatShape(x.shape)}`);
  if (!(eps >= 0)) throw new ValueError(`instanceNorm: eps must be ≥ 0, got ${eps}`);
  checkChannels("instanceNorm", x, { weight, bias });
  const running = checkRunning("instanceNorm", x, options);
  if (!useInputStats) {
    if (running === null)
      throw new ValueError("instanceNorm: useInputStats: false needs runningMean and runningVar");
    return batchNorm(x, { weight, bias, ...running, training: false, eps });
  }
  const [n, c, s] = around(x.shape, 1);
  if (s === 1) {
    throw new ShapeError(
      `instanceNorm: needs more than one value a channel, got ${formatShape(x.shape)}; use batchNorm`,
    );
  }
  if (running && x.size > 0) trackInstances(x, running, [n, c, s], momentum);
  return normaliseGroups(x, c, weight, bias, eps);
}

/** Moves the running estimates toward the mean over the samples of the instances' statistics. */
function trackInstances(
  x: Tensor,
  running: Running,
  [n, c, s]: [number, number, number],
  momentum: number,
): void {
  composite("instanceNorm", () => {
    const source = contiguous(castTo(x, "f32"));
    const centres = empty([n, c], "f32");
    const variances = empty([n, c], "f32");
    const unused = empty([n * c], "f32");
    k.batchNormStats_f32(centres.ptr, variances.ptr, unused.ptr, source.ptr, 1, n * c, s, 0);
    const across = { dim: 0 };
    updateRunning(running, mean(centres, across), mean(variances, across), momentum, s);
  });
}

export interface LocalResponseNormOptions {
  /** Neighbouring channels that count, the channel itself among them. */
  size: number;
  /** Default 1e-4. */
  alpha?: number;
  /** Default 0.75. */
  beta?: number;
  /** Default 1. */
  k?: number;
}

/**
 * x / (k + alpha · mean of x² over `size` neighbouring channels)^beta, of x [n, c, …] (Krizhevsky et al. 2012; PyTorch's
 * local_response_norm, where channels beyond the ends count as 0).
 * @throws {ShapeError} fewer than three dimensions; {ValueError} a size below 1.
 * @example
 * localResponseNorm(tensor([[[1], [2], [3]]]), { size: 3, alpha: 3, beta: 1 }); // [[[0.1667], [0.1333], [0.2143]]]
 */
export function localResponseNorm(x: Tensor, options: LocalResponseNormOptions): Tensor {
  const op = "localResponseNorm";
  const { size, alpha = 1e-4, beta = 0.75, k: offset = 1 } = options;
  if (x.ndim < 3) throw new ShapeError(`${op}: takes [n, c, l, ...], got ${formatShape(x.shape)}`);
  if (!Number.isInteger(size) || size < 1)
    throw new ValueError(`${op}: size must be a whole number ≥ 1, got ${size}`);
  const [n, c, s] = around(x.shape, 1);
  return composite(op, () => {
    if (x.size === 0) return mul(x, 1);
    const before = Math.floor(size / 2);
    const means = avgPool2d(reshape(square(x), [n, c, s]), {
      kernelSize: [size, 1],
      stride: 1,
      padding: [before, 0],
    });
    // An even size reaches one channel farther down than up: the last of its windows is too many.
    const near = reshape(narrow(means, { dim: 1, start: 0, length: c }), x.shape);
    return div(x, pow(add(mul(near, alpha), offset), beta));
  });
}
