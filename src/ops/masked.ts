import { apply } from "../autograd/apply.ts";
import type { OpRecord } from "../autograd/node.ts";
import { DTypeError, ShapeError } from "../errors.ts";
import { nonzero_i32, sum_bool, unravel_i32 } from "../program/kernels.gen.ts";
import { full } from "../tensor/create.ts";
import { composite } from "../tensor/lifetime.ts";
import { broadcastShapes, formatShape } from "../tensor/shape.ts";
import { contiguous, empty, type Tensor } from "../tensor/tensor.ts";
import { castTo } from "./cast.ts";
import { indexSelect } from "./indexing.ts";
import { expand, reshape, select } from "./movement.ts";
import { fitting } from "./scatter.ts";
import { where } from "./select.ts";

/** Filling and picking by a mask; where things are not 0. */

export function checkMask(op: string, mask: Tensor): void {
  if (mask.dtype !== "bool")
    throw new DTypeError(
      `${op}: the mask must be bool, got ${mask.dtype}; compare, or convert with to("bool")`,
    );
}

/** A value as a scalar of the dtype of what it fills. */
export function fillValue(op: string, x: Tensor, value: Tensor | number): Tensor {
  if (typeof value === "number") return full([], value, { dtype: x.dtype });
  fitting(op, x, value);
  if (value.ndim !== 0)
    throw new ShapeError(`${op}: the value must be a number or a scalar, got ${formatShape(value.shape)}`);
  return value;
}

/**
 * x with `value` where the mask is true; both broadcast.
 * Rule: https://pytorch.org/docs/stable/generated/torch.Tensor.masked_fill_.html
 *
 * @param mask bool.
 * @param value a number or a scalar tensor that fits x's dtype; gradients flow to it.
 * @throws {DTypeError} a mask that is not bool, a value that x's dtype cannot hold. {ValueError} a value that is neither number nor tensor.
 * @example
 * maskedFill(tensor([1, 2]), tensor([false, true]), -Infinity); // [1, -Infinity]
 */
export function maskedFill(x: Tensor, mask: Tensor, value: Tensor | number): Tensor {
  checkMask("maskedFill", mask);
  return composite("maskedFill", () => {
    const scalar = fillValue("maskedFill", x, value);
    return where(mask, scalar.dtype === x.dtype ? scalar : castTo(scalar, x.dtype), x);
  });
}

/** Positions of what is not 0 among the elements, row-major: i32 [count]. Reads how many there are. */
const positionsRecord: OpRecord<null> = {
  name: "nonzero",
  forward([x]) {
    const mask = contiguous(castTo(x as Tensor, "bool"));
    const count = empty([], "i32");
    sum_bool(count.ptr, mask.ptr, 1, mask.size, 1);
    const out = empty([count.item()], "i32");
    if (out.size > 0) nonzero_i32(out.ptr, mask.ptr, mask.size);
    return out;
  },
};

const unravelRecord: OpRecord<readonly number[]> = {
  name: "nonzero",
  forward([positions], shape) {
    const flat = positions as Tensor;
    const out = empty([flat.size, shape.length], "i32");
    if (out.size > 0) unravel_i32(out.ptr, flat.ptr, flat.size, [shape.length, ...shape]);
    return out;
  },
};

/** What of x is not 0, as positions among its elements. */
export const positionsOf = (x: Tensor): Tensor => apply(positionsRecord, [x], null);

/**
 * The indices of all elements that are not 0, in row-major order; NaN is not 0. Their number is known only when it is read, so that the
 * shape of the result depends on data.
 * Rule: https://pytorch.org/docs/stable/generated/torch.nonzero.html
 *
 * @returns i32 [count, rank of x]; with `asTuple` one i32 [count] a dimension, as `index` takes them (a scalar counts as [1] then).
 * @example
 * nonzero(tensor([[0, 5], [7, 0]])); // [[0, 1], [1, 0]]
 */
export function nonzero(x: Tensor, options: { asTuple: true }): Tensor[];
export function nonzero(x: Tensor, options?: { asTuple?: false }): Tensor;
export function nonzero(x: Tensor, options: { asTuple?: boolean } = {}): Tensor | Tensor[] {
  return composite("nonzero", (): Tensor | Tensor[] => {
    const positions = positionsOf(x);
    if (options.asTuple !== true) return apply(unravelRecord, [positions], x.shape);
    if (x.ndim <= 1) return [positions];
    const table = apply(unravelRecord, [positions], x.shape);
    return x.shape.map((_, d) => select(table, 1, d));
  });
}

/**
 * The elements of x where the mask is true, in row-major order; both broadcast. Their number is known only when it is read.
 * Rule: https://pytorch.org/docs/stable/generated/torch.masked_select.html
 *
 * @param mask bool.
 * @returns one dimension, x's dtype.
 * @example
 * const x = tensor([1, -2, 3]);
 * maskedSelect(x, x.gt(0)); // [1, 3]
 */
export function maskedSelect(x: Tensor, mask: Tensor): Tensor {
  checkMask("maskedSelect", mask);
  return composite("maskedSelect", () => {
    const shape = broadcastShapes("maskedSelect", x.shape, mask.shape);
    const all = expand(x, shape);
    return indexSelect(reshape(all, [all.size]), positionsOf(expand(mask, shape)), { dim: 0 });
  });
}
