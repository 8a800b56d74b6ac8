import { applyInPlace } from "../autograd/inplace.ts";
import type { OpRecord } from "../autograd/node.ts";
import { DTypeError, ShapeError, ValueError } from "../errors.ts";
import * as k from "../program/kernels.gen.ts";
import { fillWith, full, zeros } from "../tensor/create.ts";
import type { DType } from "../tensor/dtype.ts";
import { composite } from "../tensor/lifetime.ts";
import { broadcastShapes, broadcastStrides, collapse, formatShape, sameShape } from "../tensor/shape.ts";
import { copyInto, empty, type Tensor } from "../tensor/tensor.ts";
import type { Ptr } from "../wasm/heap.ts";
import { relu, sigmoid, tanh } from "./activation.ts";
import { add, div, mul, pow, sub } from "./arithmetic.ts";
import { castTo } from "./cast.ts";
import { withOperands } from "./define.ts";
import { clamp, type Bounds } from "./piecewise.ts";
import { sumTo } from "./reduce.ts";
import {
  abs,
  ceil,
  cos,
  exp,
  floor,
  log,
  neg,
  reciprocal,
  round,
  rsqrt,
  sin,
  sqrt,
  square,
} from "./unary.ts";

/**
 * Writing in place. Every write is counted, so that backward refuses a saved value that was changed. With recording on, the tensor takes
 * the place of the result in the graph, and views of it follow (autograd/views.ts), by the rules of PyTorch: a leaf that requires gradients
 * can be written to under noGrad() only. Each returns the tensor itself.
 */

/** A record whose result goes into its first input, and so must have that dtype. */
function storing<A>(name: string, record: OpRecord<A>): OpRecord<A> {
  return {
    ...record,
    name,
    forward: (inputs, attrs, extras) =>
      fit(name, record.forward(inputs, attrs, extras) as Tensor, (inputs[0] as Tensor).dtype),
  };
}

/** PyTorch's rule: a result may narrow within a kind, but fractions do not go into whole numbers, nor those into bools. */
function fit(name: string, result: Tensor, dtype: DType): Tensor {
  const refused = dtype !== "f32" && (result.dtype === "f32" || dtype === "bool") && result.dtype !== dtype;
  if (refused) {
    throw new DTypeError(
      `${name}: the result is ${result.dtype} and cannot go into this ${dtype} tensor; convert one of them with to()`,
    );
  }
  return castTo(result, dtype);
}

const isDense = (t: Tensor): boolean => t.dtype === "f32" && t.isContiguous;

/** `t` = op(t), by the kernel alone where `t` is dense. */
function unary_(
  name: string,
  { record }: { readonly record: OpRecord<null> },
  kernel: (out: Ptr, x: Ptr, n: number) => number,
): (t: Tensor) => Tensor {
  const own = storing(name, record);
  return (t) =>
    applyInPlace(
      own,
      [t],
      null,
      isDense(t)
        ? () => {
            if (t.size > 0) kernel(t.ptr, t.ptr, t.size);
          }
        : null,
    );
}

type BinaryKernel = (out: Ptr, a: Ptr, b: Ptr, dims: readonly number[]) => number;

interface BinaryRule {
  readonly record: OpRecord<null>;
  readonly kernels: Readonly<Partial<Record<DType, BinaryKernel>>>;
  /** Which inputs backward reads; default none. */
  readonly saves?: (t: Tensor, from: Tensor) => number[];
}

function rule(
  name: string,
  { record }: { readonly record: OpRecord<null> },
  kernels: BinaryRule["kernels"],
  saves?: BinaryRule["saves"],
): BinaryRule {
  return { record: storing(name, record), kernels, ...(saves ? { saves } : {}) };
}

/** `t` = op(t, from), `from` broadcast to it. */
function binary_(how: BinaryRule, t: Tensor, from: Tensor | number): Tensor {
  return withOperands(t, from, (_, source) => {
    const record = how.saves
      ? { ...how.record, saves: { ...how.record.saves, inputs: how.saves(t, source) } }
      : how.record;
    return applyInPlace(record, [t, source], null, directly(how, t, source));
  });
}

/** The kernel run from `t` to `t`, where both are of its dtype and the source is not another window of the same storage. */
function directly({ kernels }: BinaryRule, t: Tensor, source: Tensor): (() => void) | null {
  const kernel = kernels[t.dtype];
  const same = sameShape(t.shape, source.shape);
  if (kernel === undefined || source.dtype !== t.dtype || !t.isContiguous) return null;
  if (!same && (source.size !== 1 || source.ndim > t.ndim)) return null;
  if (source.storage === t.storage && !(same && source.ptr === t.ptr && source.isContiguous)) return null;
  return () => {
    if (t.size === 0) return;
    kernel(
      t.ptr,
      t.ptr,
      source.ptr,
      collapse(t.shape, [t.strides, broadcastStrides(source.shape, source.strides, t.shape)]),
    );
  };
}

const addRule = /* @__PURE__ */ rule("add_", add, { f32: k.add_f32, i32: k.add_i32 });
const subRule = /* @__PURE__ */ rule("sub_", sub, { f32: k.sub_f32, i32: k.sub_i32 });
const mulRule = /* @__PURE__ */ rule("mul_", mul, { f32: k.mul_f32, i32: k.mul_i32 }, (t, from) => [
  ...(from.requiresGrad ? [0] : []),
  ...(t.requiresGrad ? [1] : []),
]);
const divRule = /* @__PURE__ */ rule("div_", div, { f32: k.div_f32 }, (_, from) =>
  from.requiresGrad ? [0, 1] : [1],
);
const powRule = /* @__PURE__ */ rule("pow_", pow, { f32: k.pow_f32 }, () => [0, 1]);

/**
 * t += alpha · from (alpha 1 by default), `from` broadcast to t.
 * @throws {AutogradError} t is a leaf that requires gradients and recording is on.
 * @example
 * tensor([1, 2]).add_(tensor([10, 20]), { alpha: 0.5 }); // [6, 12]
 */
export function add_(t: Tensor, from: Tensor | number, options: { alpha?: number } = {}): Tensor {
  const alpha = options.alpha ?? 1;
  if (alpha === 1) return binary_(addRule, t, from);
  if (typeof from === "number") return binary_(addRule, t, from * alpha);
  if (
    !t.requiresGrad &&
    !from.requiresGrad &&
    sameShape(t.shape, from.shape) &&
    isDense(t) &&
    isDense(from)
  ) {
    return applyInPlace(addRule.record, [t, from], null, () => {
      if (t.size > 0) k.axpy_f32(t.ptr, from.ptr, alpha, t.size);
    });
  }
  return composite("add_", () => binary_(addRule, t, mul(from, alpha)));
}

/**
 * t −= alpha · from (alpha 1 by default), `from` broadcast to t. Errors as for `add_`.
 * @example
 * tensor([1, 2]).sub_(tensor([10, 20]), { alpha: 0.05 }); // [0.5, 1]
 */
export function sub_(t: Tensor, from: Tensor | number, options: { alpha?: number } = {}): Tensor {
  const alpha = options.alpha ?? 1;
  return alpha === 1 ? binary_(subRule, t, from) : add_(t, from, { alpha: -alpha });
}

/**
 * t *= from, `from` broadcast to t. Errors as for `add_`.
 * @example
 * tensor([1, 2]).mul_(0.5).add_(1); // [1.5, 2]
 */
export const mul_ = (t: Tensor, from: Tensor | number): Tensor => binary_(mulRule, t, from);

/**
 * t /= from, `from` broadcast to t; f32 only. Errors as for `add_`.
 * @example
 * tensor([51, 255]).div_(255); // [0.2, 1]
 */
export const div_ = (t: Tensor, from: Tensor | number): Tensor => binary_(divRule, t, from);

/**
 * t to the power `from`, broadcast to t; f32 only. Errors as for `add_`.
 * @example
 * tensor([1, 2, 3]).pow_(2); // [1, 4, 9]
 */
export const pow_ = (t: Tensor, from: Tensor | number): Tensor => binary_(powRule, t, from);

const copyRecord: OpRecord<null> = {
  name: "copy_",
  forward: ([t]) => t as Tensor,
  vjp: ([g], s) => [
    s.needs(0) ? zeros(s.shape(0)) : null,
    s.needs(1) ? sumTo(g as Tensor, s.shape(1)) : null,
  ],
};

/**
 * Copies `from`, broadcast and converted as `to` does, into t. Gradients flow on to `from`.
 * @throws {ShapeError} `from` does not broadcast to t. Otherwise as for `add_`.
 * @example
 * const buffer = zeros([3]);
 * buffer.slice({ start: 1 }).copy_(tensor([5, 7])); // [5, 7]
 * buffer; // [0, 5, 7]
 */
export function copy_(t: Tensor, from: Tensor): Tensor {
  if (!sameShape(broadcastShapes("copy_", t.shape, from.shape), t.shape)) {
    throw new ShapeError(
      `copy_: ${formatShape(from.shape)} does not broadcast to the tensor's ${formatShape(t.shape)}`,
    );
  }
  return applyInPlace(copyRecord, [t, from], null, () => {
    let source = castTo(from, t.dtype);
    if (source.storage === t.storage) {
      // Windows of one storage may overlap.
      source = empty(from.shape, t.dtype);
      copyInto(source, from);
    }
    copyInto(t, source);
  });
}

const fillRecord: OpRecord<number> = {
  name: "fill_",
  forward: ([t]) => t as Tensor,
  vjp: (_, s) => [s.needs(0) ? zeros(s.shape(0)) : null],
};

/**
 * Sets every element of t to `value`. No gradient flows through it. Errors as for `add_`.
 * @example
 * zeros([3]).fill_(1); // [1, 1, 1]
 */
export const fill_ = (t: Tensor, value: number): Tensor =>
  applyInPlace(fillRecord, [t], value, () => {
    if (t.isContiguous && t.dtype === "f32") fillWith(t, value);
    else copyInto(t, full([], value, { dtype: t.dtype }));
  });

/**
 * Sets every element of t to 0. No gradient flows through it. Errors as for `add_`.
 * @example
 * ones([3]).zero_(); // [0, 0, 0]
 */
export const zero_ = (t: Tensor): Tensor => fill_(t, 0);

const clampRecord = /* @__PURE__ */ storing<Bounds>("clamp_", clamp.record);

/**
 * Holds t within [min, max]; a bound left out does not bind. f32 only. Errors as for `add_`.
 * @throws {ValueError} neither bound is given.
 * @example
 * tensor([-3, 0.5, 3]).clamp_({ min: -1, max: 1 }); // [-1, 0.5, 1]
 */
export function clamp_(t: Tensor, options: { min?: number; max?: number }): Tensor {
  if (options.min === undefined && options.max === undefined)
    throw new ValueError("clamp_: give min, max or both");
  const bounds = { min: options.min ?? -Infinity, max: options.max ?? Infinity };
  const direct = (): void => {
    if (t.size > 0) k.clamp_f32(t.ptr, t.ptr, bounds.min, bounds.max, t.size);
  };
  return applyInPlace(clampRecord, [t], bounds, isDense(t) ? direct : null);
}

/**
 * t = −t. Errors as for `add_`.
 * @example
 * tensor([1, -2]).neg_(); // [-1, 2]
 */
export const neg_ = /* @__PURE__ */ unary_("neg_", neg, k.neg_f32);

/**
 * t = |t|. Errors as for `add_`.
 * @example
 * tensor([1, -2]).abs_(); // [1, 2]
 */
export const abs_ = /* @__PURE__ */ unary_("abs_", abs, k.abs_f32);

/**
 * t = eᵗ; f32 only. Errors as for `add_`.
 * @example
 * tensor([0, 1]).exp_(); // [1, 2.718]
 */
export const exp_ = /* @__PURE__ */ unary_("exp_", exp, k.exp_f32);

/**
 * t = log t; f32 only. Errors as for `add_`.
 * @example
 * tensor([1, 10]).log_(); // [0, 2.303]
 */
export const log_ = /* @__PURE__ */ unary_("log_", log, k.log_f32);

/**
 * t = √t; f32 only. Errors as for `add_`.
 * @example
 * tensor([4, 2]).sqrt_(); // [2, 1.414]
 */
export const sqrt_ = /* @__PURE__ */ unary_("sqrt_", sqrt, k.sqrt_f32);

/**
 * t = 1/√t; f32 only. Errors as for `add_`.
 * @example
 * tensor([4, 2]).rsqrt_(); // [0.5, 0.7071]
 */
export const rsqrt_ = /* @__PURE__ */ unary_("rsqrt_", rsqrt, k.rsqrt_f32);

/**
 * t = 1/t; f32 only. Errors as for `add_`.
 * @example
 * tensor([4, -0.5]).reciprocal_(); // [0.25, -2]
 */
export const reciprocal_ = /* @__PURE__ */ unary_("reciprocal_", reciprocal, k.reciprocal_f32);

/**
 * t = t²; f32 only. Errors as for `add_`.
 * @example
 * tensor([3, -4]).square_(); // [9, 16]
 */
export const square_ = /* @__PURE__ */ unary_("square_", square, k.square_f32);

/**
 * t = sin t; f32 only. Errors as for `add_`.
 * @example
 * tensor([0, 1]).sin_(); // [0, 0.8415]
 */
export const sin_ = /* @__PURE__ */ unary_("sin_", sin, k.sin_f32);

/**
 * t = cos t; f32 only. Errors as for `add_`.
 * @example
 * tensor([0, 1]).cos_(); // [1, 0.5403]
 */
export const cos_ = /* @__PURE__ */ unary_("cos_", cos, k.cos_f32);

/**
 * t = ⌊t⌋; f32 only. Errors as for `add_`.
 * @example
 * tensor([1.5, -1.5]).floor_(); // [1, -2]
 */
export const floor_ = /* @__PURE__ */ unary_("floor_", floor, k.floor_f32);

/**
 * t = ⌈t⌉; f32 only. Errors as for `add_`.
 * @example
 * tensor([1.5, -1.5]).ceil_(); // [2, -1]
 */
export const ceil_ = /* @__PURE__ */ unary_("ceil_", ceil, k.ceil_f32);

/**
 * t rounded, halves to even; f32 only. Errors as for `add_`.
 * @example
 * tensor([0.5, 1.5, 2.5]).round_(); // [0, 2, 2]
 */
export const round_ = /* @__PURE__ */ unary_("round_", round, k.round_f32);

/**
 * t = max(t, 0); f32 only. Errors as for `add_`.
 * @example
 * tensor([-1, 2]).relu_(); // [0, 2]
 */
export const relu_ = /* @__PURE__ */ unary_("relu_", relu, k.relu_f32);

/**
 * t = 1 / (1 + e⁻ᵗ); f32 only. Errors as for `add_`.
 * @example
 * tensor([-1, 0]).sigmoid_(); // [0.2689, 0.5]
 */
export const sigmoid_ = /* @__PURE__ */ unary_("sigmoid_", sigmoid, k.sigmoid_f32);

/**
 * t = tanh t; f32 only. Errors as for `add_`.
 * @example
 * tensor([-1, 0]).tanh_(); // [-0.7616, 0]
 */
export const tanh_ = /* @__PURE__ */ unary_("tanh_", tanh, k.tanh_f32);
