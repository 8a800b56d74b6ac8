import { apply, applyMulti } from "../autograd/apply.ts";
import { isGradEnabled } from "../autograd/mode.ts";
import type { OpRecord, Saved } from "../autograd/node.ts";
import { ShapeError, ValueError } from "../errors.ts";
import * as k from "../program/kernels.gen.ts";
import { fillWith } from "../tensor/create.ts";
import { formatShape } from "../tensor/shape.ts";
import { contiguous, copyInto, empty, type Tensor } from "../tensor/tensor.ts";
import type { Ptr } from "../wasm/heap.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { castTo } from "./cast.ts";
import { reshape } from "./movement.ts";
import { mean, sum } from "./reduce.ts";
import { around } from "./softmax.ts";
import { checkChannels, checkRunning, dense, updateRunning, type Running } from "./statistics.ts";
import { rsqrt, square } from "./unary.ts";

export interface BatchNormOptions {
  /** Running estimates [c]; used in eval mode, and updated in place in training mode. */
  runningMean?: Tensor | null;
  runningVar?: Tensor | null;
  /** Scale and shift [c]. */
  weight?: Tensor | null;
  bias?: Tensor | null;
  /** Normalise by the batch's own statistics. Default false. */
  training?: boolean;
  /** Share of the new statistics in the running ones. Default 0.1. */
  momentum?: number;
  /** Added to the variance. Default 1e-5. */
  eps?: number;
}

interface Rule {
  readonly training: boolean;
  readonly momentum: number;
  readonly eps: number;
  readonly running: Running | null;
  /** Inputs behind x: weight and bias, as far as they are given. */
  readonly weight: boolean;
  readonly bias: boolean;
}

const NULL = 0 as Ptr;

const record: OpRecord<Rule> = {
  name: "batchNorm",
  forward(inputs, rule, extras) {
    const x = contiguous(castTo(inputs[0] as Tensor, "f32"));
    const [n, c, s] = around(x.shape, 1);
    const out = empty(x.shape, "f32");
    const invstd = empty([c], "f32");
    const centre = empty([c], "f32");
    extras.push(centre, invstd);
    const { running } = rule;
    if (rule.training) {
      const variance = empty([c], "f32");
      // PyTorch: nothing is learnt of an empty batch.
      if (out.size === 0) return out;
      k.batchNormStats_f32(centre.ptr, variance.ptr, invstd.ptr, x.ptr, n, c, s, rule.eps);
      if (running) updateRunning(running, centre, variance, rule.momentum, n * s);
    } else if (running) {
      copyInto(centre, running.runningMean);
      k.invstd_f32(invstd.ptr, contiguous(running.runningVar).ptr, c, rule.eps);
    }
    const weight = dense(rule.weight ? inputs[1] : null);
    const bias = dense(rule.bias ? inputs.at(-1) : null);
    if (out.size > 0) k.batchNorm_f32(out.ptr, x.ptr, centre.ptr, invstd.ptr, weight, bias, n, c, s);
    return out;
  },
  saves: { inputs: [0, 1] },
  vjp: ([g], s, rule) => {
    if (isGradEnabled()) return composedGrad(g as Tensor, s, rule);
    const inputs = [g as Tensor, s.input(0), s.extra(0), s.extra(1)];
    if (rule.weight) inputs.push(s.input(1));
    const [dweight, dbias, dx] = applyMulti(gradRecord, inputs, { ...rule, input: s.needs(0) }) as Gradients;
    return [dx ?? null, ...(rule.weight ? [dweight] : []), ...(rule.bias ? [dbias] : [])];
  },
};

type Gradients = [dweight: Tensor, dbias: Tensor, dx?: Tensor];

/** All gradients that are needed in one pass. Has none of its own: under createGraph the composed rule takes its place. */
const gradRecord: OpRecord<Rule & { readonly input: boolean }> = {
  name: "batchNormGrad",
  forward([gradient, input, centre, invstd, weight], rule) {
    const g = contiguous(gradient as Tensor);
    const x = contiguous(castTo(input as Tensor, "f32"));
    const [n, c, s] = around(x.shape, 1);
    const dx = rule.input ? empty(x.shape, "f32") : null;
    const dweight = empty([c], "f32");
    const dbias = empty([c], "f32");
    const outs = dx ? [dweight, dbias, dx] : [dweight, dbias];
    if (x.size === 0) {
      fillWith(dweight, 0);
      fillWith(dbias, 0);
      return outs;
    }
    k.batchNormGrad_f32(
      dx?.ptr ?? NULL,
      rule.weight ? dweight.ptr : NULL,
      rule.bias ? dbias.ptr : NULL,
      g.ptr,
      x.ptr,
      (centre as Tensor).ptr,
      (invstd as Tensor).ptr,
      dense(weight),
      n,
      c,
      s,
      Number(rule.training),
    );
    return outs;
  },
};

/** The same gradients in public ops: differentiable again. */
function composedGrad(g: Tensor, s: Saved, rule: Rule): (Tensor | null)[] {
  const x = s.input(0);
  const dims = x.shape.map((_, d) => d).filter((d) => d !== 1);
  const along = { dim: dims, keepdim: true };
  const perChannel = (t: Tensor): Tensor =>
    reshape(
      t,
      x.shape.map((_, d) => (d === 1 ? -1 : 1)),
    );
  const centred = sub(x, rule.training ? mean(x, along) : perChannel(s.extra(0)));
  const invstd = rule.training ? rsqrt(add(mean(square(centred), along), rule.eps)) : perChannel(s.extra(1));
  const normal = mul(centred, invstd);
  const scaled = rule.weight ? mul(g, perChannel(s.input(1))) : g;
  const dx = rule.training
    ? mul(invstd, sub(sub(scaled, mean(scaled, along)), mul(normal, mean(mul(scaled, normal), along))))
    : mul(invstd, scaled);
  const out = [dx];
  if (rule.weight) out.push(sum(mul(g, normal), { dim: dims }));
  if (rule.bias) out.push(sum(g, { dim: dims }));
  return out;
}

/**
 * Batch normalisation of x [n, c, …] over all but the channels: (x − mean) / √(variance + eps) · weight + bias (Ioffe, Szegedy 2015;
 * PyTorch's batch_norm). Training takes the batch's mean and biased variance, and moves the running estimates toward them, the variance
 * by its unbiased estimate; without `training` the running ones are taken.
 * @throws {ShapeError} fewer than two dimensions, parameters that are not [c], or in training one value only a channel.
 * @throws {ValueError} no running estimates where they are needed.
 * @example
 * batchNorm(tensor([[1, 10], [3, 30]]), { training: true }); // [[-1, -1], [1, 1]]
 */
export const batchNorm = /* @__PURE__ */ Object.assign(
  (x: Tensor, options: BatchNormOptions = {}): Tensor => {
    const { weight = null, bias = null, training = false, eps = 1e-5, momentum = 0.1 } = options;
    if (x.ndim < 2) throw new ShapeError(`batchNorm: takes [n, c, ...], got ${formatShape(x.shape)}`);
    if (!(eps >= 0)) throw new ValueError(`batchNorm: eps must be ≥ 0, got ${eps}`);
    checkChannels("batchNorm", x, { weight, bias });
    const running = checkRunning("batchNorm", x, options);
    if (!training && running === null)
      throw new ValueError("batchNorm: eval mode needs runningMean and runningVar");
    if (training && x.size > 0 && x.size === x.shape[1]) {
      throw new ShapeError(
        `batchNorm: training needs more than one value per channel, got ${formatShape(x.shape)}; use a larger batch or eval()`,
      );
    }
    const inputs = [x, weight, bias].filter((t) => t !== null);
    const rule = { training, momentum, eps, running, weight: weight !== null, bias: bias !== null };
    return apply(record, inputs, rule);
  },
  { record },
);
