import { apply } from "../autograd/apply.ts";
import { isGradEnabled } from "../autograd/mode.ts";
import type { OpRecord, Saved } from "../autograd/node.ts";
import { DTypeError, IndexOutOfRangeError, ShapeError, ValueError } from "../errors.ts";
import * as k from "../program/kernels.gen.ts";
import { full, ones } from "../tensor/create.ts";
import { isFloat } from "../tensor/dtype.ts";
import { composite } from "../tensor/lifetime.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import { contiguous, empty, type Tensor } from "../tensor/tensor.ts";
import type { Ptr } from "../wasm/heap.ts";
import { i32 } from "../wasm/views.ts";
import { add, div, mul, sub } from "./arithmetic.ts";
import { castTo } from "./cast.ts";
import { reshape, unsqueeze } from "./movement.ts";
import { sum } from "./reduce.ts";
import { around, logSoftmax, softmax } from "./softmax.ts";
import { neg } from "./unary.ts";
import { checkReduction, reduced, type Reduction } from "./reduction.ts";

const NULL = 0 as Ptr;

interface ClassRule {
  readonly reduction: Reduction;
  readonly ignoreIndex: number;
  readonly labelSmoothing: number;
}

function refuseTarget(op: string, target: Tensor, code: number, classes: number): never {
  const value = i32[(target.ptr >>> 2) + code - 1] as number;
  throw new IndexOutOfRangeError(
    `${op}: target ${value} at position ${code - 1} is outside [0, ${classes - 1}]; pass ignoreIndex for labels to be skipped`,
  );
}

/** The losses reduced; extras get the divisor of the mean. */
function reduceClasses(losses: Tensor, weights: Tensor, rule: ClassRule, extras: Tensor[]): Tensor {
  const count = losses.size;
  if (rule.reduction === "none") {
    extras.push(weights);
    return losses;
  }
  const out = empty([], "f32");
  const total = empty([], "f32");
  if (rule.reduction === "mean") k.crossEntropyReduce_f32(out.ptr, total.ptr, losses.ptr, weights.ptr, count);
  else k.sum_f32(out.ptr, losses.ptr, 1, count, 1);
  extras.push(total);
  return out;
}

const crossEntropyRecord: OpRecord<ClassRule> = {
  name: "crossEntropy",
  forward([input, labels, classWeights], rule, extras) {
    const x = contiguous(castTo(input as Tensor, "f32"));
    const target = contiguous(castTo(labels as Tensor, "i32"));
    const weight = classWeights === undefined ? NULL : contiguous(castTo(classWeights, "f32")).ptr;
    const losses = empty(target.shape, "f32");
    const lse = empty(target.shape, "f32");
    const weights = empty(target.shape, "f32");
    const [n, classes, inner] = around(x.shape, 1);
    // prettier-ignore
    const code = k.crossEntropy_f32(
      losses.ptr, lse.ptr, weights.ptr, x.ptr, target.ptr, weight, n, classes, inner, rule.ignoreIndex, rule.labelSmoothing,
    );
    if (code !== 0) refuseTarget("crossEntropy", target, code, classes);
    extras.push(lse);
    return reduceClasses(losses, weights, rule, extras);
  },
  saves: { inputs: [0, 1, 2] },
  vjp: ([g], s, rule) => {
    const rest = s.shapes.slice(2).map(() => null);
    if (isGradEnabled()) return [composedGrad(g as Tensor, s, rule), null, ...rest];
    const inputs = [g as Tensor, s.input(0), s.input(1), s.extra(0), s.extra(1)];
    if (s.shapes.length > 2) inputs.push(s.input(2));
    return [apply(crossEntropyGradRecord, inputs, rule), null, ...rest];
  },
};

/** Fused gradient of the logits; under createGraph the composed rule takes its place. */
const crossEntropyGradRecord: OpRecord<ClassRule> = {
  name: "crossEntropyGrad",
  forward([gradient, input, labels, lse, total, classWeights], rule) {
    const g = contiguous(gradient as Tensor);
    const x = contiguous(castTo(input as Tensor, "f32"));
    const target = contiguous(castTo(labels as Tensor, "i32"));
    const weight = classWeights === undefined ? NULL : contiguous(castTo(classWeights, "f32")).ptr;
    const out = empty(x.shape, "f32");
    const divisor = rule.reduction === "mean" ? (total as Tensor).ptr : NULL;
    // prettier-ignore
    k.crossEntropyGrad_f32(
      out.ptr, g.ptr, rule.reduction === "none" ? 1 : 0, x.ptr, (lse as Tensor).ptr, target.ptr, weight, divisor,
      ...around(x.shape, 1), rule.ignoreIndex, rule.labelSmoothing,
    );
    return out;
  },
};

/** softmax(x)·Σq − q for the target distribution q, times the incoming gradient: in public ops, differentiable again. */
function composedGrad(g: Tensor, s: Saved, rule: ClassRule): Tensor {
  const x = s.input(0);
  const target = s.input(1);
  // With an infinite normaliser the fused kernel leaves just −q.
  const inputs = [ones(target.shape), x, target, full(target.shape, Infinity), s.extra(1)];
  if (s.shapes.length > 2) inputs.push(s.input(2));
  const q = neg(apply(crossEntropyGradRecord, inputs, { ...rule, reduction: "none" }));
  const slope = sub(mul(softmax(x, { dim: 1 }), sum(q, { dim: 1, keepdim: true })), q);
  if (rule.reduction === "none") return mul(slope, unsqueeze(g, 1));
  return mul(slope, rule.reduction === "mean" ? div(g, s.extra(1)) : g);
}

export interface CrossEntropyOptions {
  /** Weight of each class [classes]; the mean is weighted too. */
  weight?: Tensor;
  /** Label whose samples count for nothing. Default −100. */
  ignoreIndex?: number;
  /** Share of the target spread evenly over the classes, in [0, 1]. Default 0. */
  labelSmoothing?: number;
  /** Default "mean". */
  reduction?: Reduction;
}

/** A sample without its batch dimension: [classes] and a scalar. */
const isSample = (input: Tensor, target: Tensor): boolean => input.ndim === 1 && target.ndim === 0;

/** The loss of a sample from that of a batch of it alone. */
function ofSample(
  op: string,
  input: Tensor,
  target: Tensor,
  ofBatch: (input: Tensor, target: Tensor) => Tensor,
): Tensor {
  return composite(op, () => {
    const loss = ofBatch(unsqueeze(input, 0), reshape(target, [1]));
    return loss.ndim === 0 ? loss : reshape(loss, []);
  });
}

/** Checks logits against targets of class indices. */
function checkClasses(op: string, input: Tensor, target: Tensor, weight: Tensor | undefined): void {
  if (input.ndim < 2) {
    throw new ShapeError(
      `${op}: the input must be [n, classes, ...], or [classes] with a scalar target, got ${formatShape(input.shape)} and ${formatShape(target.shape)}`,
    );
  }
  const expected = [input.shape[0] as number, ...input.shape.slice(2)];
  if (!sameShape(target.shape, expected)) {
    throw new ShapeError(
      `${op}: an input of ${formatShape(input.shape)} needs targets of ${formatShape(expected)} (class indices), got ${formatShape(target.shape)}`,
    );
  }
  if (isFloat(target.dtype) || target.dtype === "bool") {
    throw new DTypeError(
      `${op}: class indices must be i32, got ${target.dtype}; make them with { dtype: "i32" }`,
    );
  }
  if (weight && (weight.ndim !== 1 || weight.shape[0] !== input.shape[1])) {
    throw new ShapeError(
      `${op}: weight must be [${input.shape[1]}], one per class, got ${formatShape(weight.shape)}`,
    );
  }
}

/**
 * Cross-entropy of logits [n, classes, ...] with targets: class indices (i32 [n, ...]) or probabilities (f32, the input's shape), by the
 * rules of PyTorch's cross_entropy. A single sample may come without its batch dimension.
 * @throws {IndexOutOfRangeError} a label outside [0, classes) that is not ignoreIndex.
 * @returns a scalar, or with reduction "none" the loss of each target.
 * @throws {ShapeError} targets of another shape. {ValueError} labelSmoothing outside [0, 1].
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.cross_entropy.html
 * @example
 * crossEntropy(tensor([[2, 0, 0], [0, 0, 1]]), tensor([0, 2], { dtype: "i32" })); // 0.3955
 */
export const crossEntropy = /* @__PURE__ */ Object.assign(
  (input: Tensor, target: Tensor, options: CrossEntropyOptions = {}): Tensor => {
    const reduction = checkReduction("crossEntropy", options.reduction);
    const labelSmoothing = options.labelSmoothing ?? 0;
    if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
      throw new ValueError(`crossEntropy: labelSmoothing must lie in [0, 1], got ${labelSmoothing}`);
    }
    if (isFloat(target.dtype) && sameShape(target.shape, input.shape)) {
      return composite("crossEntropy", () =>
        probabilities(input, target, labelSmoothing, reduction, options.weight),
      );
    }
    if (isSample(input, target)) {
      return ofSample("crossEntropy", input, target, (x, label) => crossEntropy(x, label, options));
    }
    checkClasses("crossEntropy", input, target, options.weight);
    const inputs = options.weight ? [input, target, options.weight] : [input, target];
    return apply(crossEntropyRecord, inputs, {
      reduction,
      labelSmoothing,
      ignoreIndex: options.ignoreIndex ?? -100,
    });
  },
  { record: crossEntropyRecord },
);

function probabilities(
  input: Tensor,
  target: Tensor,
  smoothing: number,
  reduction: Reduction,
  weight: Tensor | undefined,
): Tensor {
  const dim = input.ndim === 1 ? 0 : 1;
  const classes = input.shape[dim] as number;
  const q = smoothing > 0 ? add(mul(target, 1 - smoothing), smoothing / classes) : target;
  const perClass = (t: Tensor): Tensor =>
    reshape(
      t,
      input.shape.map((_, d) => (d === dim ? classes : 1)),
    );
  const weighted = weight ? mul(q, perClass(weight)) : q;
  const losses = neg(sum(mul(weighted, logSoftmax(input, { dim })), { dim }));
  return reduced(losses, reduction);
}

const nllRecord: OpRecord<ClassRule> = {
  name: "nllLoss",
  forward([input, labels, classWeights], rule, extras) {
    const x = contiguous(castTo(input as Tensor, "f32"));
    const target = contiguous(castTo(labels as Tensor, "i32"));
    const weight = classWeights === undefined ? NULL : contiguous(castTo(classWeights, "f32")).ptr;
    const losses = empty(target.shape, "f32");
    const weights = empty(target.shape, "f32");
    const [n, classes, inner] = around(x.shape, 1);
    const code = k.nll_f32(
      losses.ptr,
      weights.ptr,
      x.ptr,
      target.ptr,
      weight,
      n,
      classes,
      inner,
      rule.ignoreIndex,
    );
    if (code !== 0) refuseTarget("nllLoss", target, code, classes);
    return reduceClasses(losses, weights, rule, extras);
  },
  saves: { inputs: [1, 2] },
  vjp: ([g], s, rule) => {
    const inputs = [g as Tensor, s.input(1), s.extra(0)];
    if (s.shapes.length > 2) inputs.push(s.input(2));
    return [
      apply(nllGradRecord, inputs, { ...rule, shape: s.shape(0) }),
      null,
      ...s.shapes.slice(2).map(() => null),
    ];
  },
};

const nllGradRecord: OpRecord<ClassRule & { readonly shape: readonly number[] }> = {
  name: "nllLossGrad",
  forward([gradient, labels, total, classWeights], rule) {
    const g = contiguous(gradient as Tensor);
    const target = contiguous(castTo(labels as Tensor, "i32"));
    const weight = classWeights === undefined ? NULL : contiguous(castTo(classWeights, "f32")).ptr;
    const out = empty(rule.shape, "f32");
    const divisor = rule.reduction === "mean" ? (total as Tensor).ptr : NULL;
    const perSample = rule.reduction === "none" ? 1 : 0;
    k.nllGrad_f32(
      out.ptr,
      g.ptr,
      perSample,
      target.ptr,
      weight,
      divisor,
      ...around(out.shape, 1),
      rule.ignoreIndex,
    );
    return out;
  },
  saves: { inputs: [1, 3] },
  // Linear in g, and its transpose is the loss itself.
  vjp: ([v], s, rule) => {
    const inputs = [v as Tensor, s.input(1)];
    if (s.shapes.length > 3) inputs.push(s.input(3));
    return [apply(nllRecord, inputs, rule), ...s.shapes.slice(1).map(() => null)];
  },
};

/**
 * Negative log-likelihood of log-probabilities [n, classes, ...] at class indices [n, ...]. PyTorch's `nll_loss`; options as of
 * `crossEntropy`. A single sample may come without its batch dimension: [classes] and a scalar.
 * @throws {IndexOutOfRangeError} a label outside [0, classes) that is not ignoreIndex. {ShapeError} targets of another shape.
 * @example
 * nllLoss(log(tensor([[0.7, 0.3], [0.1, 0.9]])), tensor([0, 1], { dtype: "i32" })); // 0.231
 */
export const nllLoss = /* @__PURE__ */ Object.assign(
  (input: Tensor, target: Tensor, options: Omit<CrossEntropyOptions, "labelSmoothing"> = {}): Tensor => {
    const reduction = checkReduction("nllLoss", options.reduction);
    if (isSample(input, target))
      return ofSample("nllLoss", input, target, (x, label) => nllLoss(x, label, options));
    checkClasses("nllLoss", input, target, options.weight);
    const inputs = options.weight ? [input, target, options.weight] : [input, target];
    return apply(nllRecord, inputs, {
      reduction,
      labelSmoothing: 0,
      ignoreIndex: options.ignoreIndex ?? -100,
    });
  },
  { record: nllRecord },
);
