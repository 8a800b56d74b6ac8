import { apply } from "../autograd/apply.ts";
import { isGradEnabled } from "../autograd/mode.ts";
import type { OpRecord } from "../autograd/node.ts";
import { ShapeError, ValueError } from "../errors.ts";
import * as k from "../program/kernels.gen.ts";
import { ones } from "../tensor/create.ts";
import { composite } from "../tensor/lifetime.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import { contiguous, empty, type Tensor } from "../tensor/tensor.ts";
import { sigmoid } from "./activation.ts";
import { add, div, mul, sub } from "./arithmetic.ts";
import { castTo } from "./cast.ts";
import { lt } from "./compare.ts";
import { mapPair } from "./define.ts";
import { clamp } from "./piecewise.ts";
import { where } from "./select.ts";
import { abs, log, neg, square } from "./unary.ts";
import { checkReduction, reduced, type Reduction } from "./reduction.ts";

export interface LossOptions {
  /** Default "mean". */
  reduction?: Reduction;
}

export function checkPair(op: string, input: Tensor, target: Tensor): void {
  if (!sameShape(input.shape, target.shape)) {
    throw new ShapeError(
      `${op}: input ${formatShape(input.shape)} and target ${formatShape(target.shape)} must have one shape (broadcasting here is nearly always a mistake; reshape one of them)`,
    );
  }
}

/** A loss of each element and its target, reduced. */
export function elementwise(op: string, losses: (input: Tensor, target: Tensor) => Tensor) {
  return (input: Tensor, target: Tensor, options: LossOptions = {}): Tensor => {
    const reduction = checkReduction(op, options.reduction);
    checkPair(op, input, target);
    return composite(op, () => reduced(losses(input, target), reduction));
  };
}

/**
 * (input − target)². Their mean by default. PyTorch's `mse_loss`.
 * @throws {ShapeError} input and target differ in shape.
 * @example
 * mseLoss(tensor([1, 2]), tensor([1, 4])); // 2
 */
export const mseLoss = /* @__PURE__ */ elementwise("mseLoss", (x, t) => square(sub(x, t)));

/**
 * |input − target|. Their mean by default. PyTorch's `l1_loss`.
 * @throws {ShapeError} input and target differ in shape.
 * @example
 * l1Loss(tensor([1, 2]), tensor([1, 4])); // 1
 * l1Loss(tensor([1, 2]), tensor([1, 4]), { reduction: "sum" }); // 2
 */
export const l1Loss = /* @__PURE__ */ elementwise("l1Loss", (x, t) => abs(sub(x, t)));

/**
 * ½d²/β where |d| < β, else |d| − ½β; β (default 1) = 0 is l1Loss. d is input − target. PyTorch's `smooth_l1_loss`.
 * @throws {ShapeError} input and target differ in shape. {ValueError} β below 0.
 * @example
 * smoothL1Loss(tensor([1, 2]), tensor([1.5, 4])); // 0.8125
 */
export function smoothL1Loss(
  input: Tensor,
  target: Tensor,
  options: LossOptions & { beta?: number } = {},
): Tensor {
  const beta = options.beta ?? 1;
  if (!(beta >= 0)) throw new ValueError(`smoothL1Loss: beta must be ≥ 0, got ${beta}`);
  if (beta === 0) return l1Loss(input, target, options);
  return elementwise("smoothL1Loss", (x, t) => {
    const d = abs(sub(x, t));
    return where(lt(d, beta), mul(square(d), 0.5 / beta), sub(d, 0.5 * beta));
  })(input, target, options);
}

/**
 * ½d² where |d| ≤ δ, else δ(|d| − ½δ); δ defaults to 1. d is input − target. PyTorch's `huber_loss`.
 * @throws {ShapeError} input and target differ in shape. {ValueError} δ not above 0.
 * @example
 * huberLoss(tensor([1, 2]), tensor([1.5, 4]), { delta: 0.5 }); // 0.5
 */
export function huberLoss(
  input: Tensor,
  target: Tensor,
  options: LossOptions & { delta?: number } = {},
): Tensor {
  const delta = options.delta ?? 1;
  if (!(delta > 0)) throw new ValueError(`huberLoss: delta must be > 0, got ${delta}`);
  return elementwise("huberLoss", (x, t) => {
    const d = abs(sub(x, t));
    return where(lt(d, delta), mul(square(d), 0.5), mul(sub(d, 0.5 * delta), delta));
  })(input, target, options);
}

const bceRecord: OpRecord<null> = {
  name: "binaryCrossEntropyWithLogits",
  forward([input, target]) {
    const x = contiguous(castTo(input as Tensor, "f32"));
    const t = contiguous(castTo(target as Tensor, "f32"));
    const out = empty(x.shape, "f32");
    if (out.size > 0) k.bceWithLogits_f32(out.ptr, x.ptr, t.ptr, x.size);
    return out;
  },
  saves: { inputs: [0, 1] },
  vjp: ([incoming], s) => {
    const g = incoming as Tensor;
    const [x, t] = [s.input(0), s.input(1)];
    const dt = s.needs(1) ? neg(mul(g, x)) : null;
    if (isGradEnabled()) return [mul(g, sub(sigmoid(x), t)), dt];
    return [s.needs(0) ? apply(bceGradRecord, [g, x, t], null) : null, dt];
  },
};

const bceGradRecord: OpRecord<null> = {
  name: "binaryCrossEntropyWithLogitsGrad",
  forward([gradient, input, target]) {
    const g = contiguous(gradient as Tensor);
    const x = contiguous(castTo(input as Tensor, "f32"));
    const t = contiguous(castTo(target as Tensor, "f32"));
    const out = empty(x.shape, "f32");
    if (out.size > 0) k.bceWithLogitsGrad_f32(out.ptr, g.ptr, x.ptr, t.ptr, x.size);
    return out;
  },
};

export interface BceOptions extends LossOptions {
  /** Weight of each element, broadcast. */
  weight?: Tensor;
  /** Weight of the positive class, broadcast. */
  posWeight?: Tensor;
}

/**
 * Binary cross-entropy of logits with targets in [0, 1], without overflow: max(x, 0) − x·t + log(1 + e^(−|x|)). PyTorch's
 * `binary_cross_entropy_with_logits`.
 * @throws {ShapeError} input and target differ in shape.
 * @example
 * binaryCrossEntropyWithLogits(tensor([2, -1]), tensor([1, 0])); // 0.2201
 */
export const binaryCrossEntropyWithLogits = /* @__PURE__ */ Object.assign(
  (input: Tensor, target: Tensor, options: BceOptions = {}): Tensor => {
    const op = "binaryCrossEntropyWithLogits";
    const reduction = checkReduction(op, options.reduction);
    checkPair(op, input, target);
    return composite(op, () => {
      let losses = apply(bceRecord, [input, target], null);
      if (options.posWeight) {
        // p·t·softplus(−x) + (1 − t)·softplus(x): the first part once more, times p − 1.
        const positive = apply(bceRecord, [input, ones(target.shape)], null);
        losses = add(losses, mul(mul(sub(options.posWeight, 1), target), positive));
      }
      if (options.weight) losses = mul(losses, options.weight);
      return reduced(losses, reduction);
    });
  },
  { record: bceRecord },
);

const probabilityRecord: OpRecord<null> = {
  name: "binaryCrossEntropy",
  forward: ([x, t]) => mapPair(castTo(x as Tensor, "f32"), castTo(t as Tensor, "f32"), k.bce_f32),
  saves: { inputs: [0, 1] },
  vjp: ([incoming], s) => {
    const g = incoming as Tensor;
    const x = s.input(0);
    const rest = sub(1, x);
    return [
      // PyTorch holds the denominator away from 0, so that x = 0 or 1 has a large gradient and not an infinite one.
      s.needs(0) ? mul(g, div(sub(x, s.input(1)), clamp(mul(x, rest), { min: 1e-12 }))) : null,
      s.needs(1) ? mul(g, sub(log(rest), log(x))) : null,
    ];
  },
};

/**
 * Binary cross-entropy of probabilities in [0, 1] with targets in [0, 1]: −t·log x − (1 − t)·log(1 − x), the logarithms held at
 * −100 and above. Where logits are at hand, `binaryCrossEntropyWithLogits` is more accurate. PyTorch's `binary_cross_entropy`.
 * @param options reduction; weight: of each element, broadcast.
 * @throws {ShapeError} input and target differ in shape.
 * @example
 * binaryCrossEntropy(tensor([0.9, 0.2]), tensor([1, 0])); // 0.1643
 */
export const binaryCrossEntropy = /* @__PURE__ */ Object.assign(
  (input: Tensor, target: Tensor, options: LossOptions & { weight?: Tensor } = {}): Tensor => {
    const reduction = checkReduction("binaryCrossEntropy", options.reduction);
    checkPair("binaryCrossEntropy", input, target);
    return composite("binaryCrossEntropy", () => {
      const losses = apply(probabilityRecord, [input, target], null);
      return reduced(options.weight ? mul(losses, options.weight) : losses, reduction);
    });
  },
  { record: probabilityRecord },
);
