import { apply, applyMulti } from "../autograd/apply.ts";
import { isGradEnabled } from "../autograd/mode.ts";
import type { OpRecord, Saved } from "../autograd/node.ts";
import { isRecomputing } from "../autograd/region.ts";
import { ShapeError, ValueError } from "../errors.ts";
import * as k from "../program/kernels.gen.ts";
import { formatShape } from "../tensor/shape.ts";
import { contiguous, copyInto, empty, type Tensor } from "../tensor/tensor.ts";
import type { Ptr } from "../wasm/heap.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { castTo } from "./cast.ts";
import { reshape } from "./movement.ts";
import { mean, sum } from "./reduce.ts";
import { around } from "./softmax.ts";
import { rsqrt, square } from "./unary.ts";

export interface BatchNormOptions {
  /** Running estimates [c]; used in eval mode, and updated in place in training mode. */
  runningMean?: Tensor | null;
  runningVar?: Tensor | null;
  /** Scale and shift [c]; both or none. */
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
  readonly runningMean: Tensor | null;
  readonly runningVar: Tensor | null;
}

const NULL = 0 as Ptr;

const record: OpRecord<Rule> = {
  name: "batchNorm",
  forward([input, weight, bias], rule, extras) {
    const x = contiguous(castTo(input as Tensor, "f32"));
    const [n, c, s] = around(x.shape, 1);
    const out = empty(x.shape, "f32");
    const invstd = empty([c], "f32");
    const centre = empty([c], "f32");
    const { runningMean, runningVar } = rule;
    if (rule.training) {
      const variance = empty([c], "f32");
      k.batchNormStats_f32(centre.ptr, variance.ptr, invstd.ptr, x.ptr, n, c, s, rule.eps);
      if (runningMean && runningVar && !isRecomputing()) {
        k.runningStats_f32(
          runningMean.ptr,
          runningVar.ptr,
          centre.ptr,
          variance.ptr,
          c,
          rule.momentum,
          n * s,
        );
        runningMean.storage.version++;
        runningVar.storage.version++;
      }
    } else {
      copyInto(centre, runningMean as Tensor);
      k.invstd_f32(invstd.ptr, (runningVar as Tensor).ptr, c, rule.eps);
    }
    extras.push(centre, invstd);
    const w = weight === undefined ? NULL : contiguous(weight).ptr;
    const b = bias === undefined ? NULL : contiguous(bias).ptr;
    k.batchNorm_f32(out.ptr, x.ptr, centre.ptr, invstd.ptr, w, b, n, c, s);
    return out;
  },
  saves: { inputs: [0, 1] },
  vjp: ([g], s, rule) => {
    if (isGradEnabled()) return composedGrad(g as Tensor, s, rule);
    const affine = s.shapes.length > 1;
    const inputs = [g as Tensor, s.input(0), s.extra(0), s.extra(1)];
    if (affine) inputs.push(s.input(1));
    return applyMulti(gradRecord, inputs, rule.training);
  },
};

/** All three gradients in one pass. Has no gradient of its own: under createGraph the composed rule takes its place. */
const gradRecord: OpRecord<boolean> = {
  name: "batchNormGrad",
  forward([gradient, input, centre, invstd, weight], training) {
    const g = contiguous(gradient as Tensor);
    const x = contiguous(input as Tensor);
    const [n, c, s] = around(x.shape, 1);
    const dx = empty(x.shape, "f32");
    const outs = weight === undefined ? [dx] : [dx, empty([c], "f32"), empty([c], "f32")];
    k.batchNormGrad_f32(
      dx.ptr,
      outs[1]?.ptr ?? NULL,
      outs[2]?.ptr ?? NULL,
      g.ptr,
      x.ptr,
      (centre as Tensor).ptr,
      (invstd as Tensor).ptr,
      weight === undefined ? NULL : contiguous(weight).ptr,
      n,
      c,
      s,
      Number(training),
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
  const scaled = s.shapes.length > 1 ? mul(g, perChannel(s.input(1))) : g;
  const dx = rule.training
    ? mul(invstd, sub(sub(scaled, mean(scaled, along)), mul(normal, mean(mul(scaled, normal), along))))
    : mul(invstd, scaled);
  if (s.shapes.length === 1) return [dx];
  return [dx, sum(mul(g, normal), { dim: dims }), sum(g, { dim: dims })];
}

/**
 * Batch normalisation of x [n, c, ...] over all but the channels: (x − mean) / √(variance + eps) · weight + bias. The running variance
 * takes the unbiased estimate, as in PyTorch.
 */
export const batchNorm = /* @__PURE__ */ Object.assign(
  (x: Tensor, options: BatchNormOptions = {}): Tensor => {
    const { weight = null, bias = null, runningMean = null, runningVar = null } = options;
    const training = options.training ?? false;
    if (x.ndim < 2) throw new ShapeError(`batchNorm: takes [n, c, ...], got ${formatShape(x.shape)}`);
    const c = x.shape[1] as number;
    for (const [name, t] of Object.entries({ weight, bias, runningMean, runningVar })) {
      if (t !== null && (t.ndim !== 1 || t.shape[0] !== c)) {
        throw new ShapeError(
          `batchNorm: ${name} must be [${c}] for an input ${formatShape(x.shape)}, got ${formatShape(t.shape)}`,
        );
      }
    }
    if ((weight === null) !== (bias === null))
      throw new ValueError("batchNorm: give weight and bias, or neither");
    if (!training && (runningMean === null || runningVar === null)) {
      throw new ValueError("batchNorm: eval mode needs runningMean and runningVar");
    }
    if (training && x.size / Math.max(1, c) <= 1) {
      throw new ShapeError(
        `batchNorm: training needs more than one value per channel, got ${formatShape(x.shape)}; use a larger batch or eval()`,
      );
    }
    const eps = options.eps ?? 1e-5;
    const momentum = options.momentum ?? 0.1;
    const inputs = weight && bias ? [x, weight, bias] : [x];
    return apply(record, inputs, { training, momentum, eps, runningMean, runningVar });
  },
  { record },
);
