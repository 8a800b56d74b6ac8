import { isGradEnabled } from "../autograd/mode.ts";
import { AutogradError, ShapeError } from "../errors.ts";
import { composite, touch } from "../tensor/lifetime.ts";
import { broadcastShapes, formatShape, sameShape } from "../tensor/shape.ts";
import { copyInto, type Tensor } from "../tensor/tensor.ts";
import { indexPutInto, type IndexPutOptions } from "./advanced.ts";
import { mul } from "./arithmetic.ts";
import type { IndexItem } from "./indexplan.ts";
import { fillValue, maskedFill } from "./masked.ts";
import { along, checkEntries } from "./placing.ts";
import { copied, scatterInto, scatterOperands, summing } from "./scatter.ts";
import type { Mode } from "./offsets.ts";

/** Placing in place: what the ops of the same names without the underscore do to a copy. Works through views. */

/** Runs a write that the tensor and its source allow, and counts it so that backward can refuse a changed value. */
function writing(op: string, t: Tensor, source: Tensor | number, write: () => void): Tensor {
  touch(t, op);
  for (const [what, tensor] of [["to", t] as const, ["of", source] as const]) {
    if (typeof tensor === "number" || !isGradEnabled() || !tensor.requiresGrad) continue;
    throw new AutogradError(
      `${op}: writing in place ${what} a tensor that requires gradients is not recorded; wrap it in noGrad(() => …), or use the op that makes a new tensor`,
    );
  }
  return composite(op, () => {
    write();
    t.storage.version++;
    return t;
  });
}

/**
 * t[items] = values, or += with `accumulate`; items as `index` takes them, values broadcast and converted to t's dtype.
 * @throws {AutogradError} t or values require gradients and recording is on; it is not recorded, as none of the ops that place in place are.
 * Otherwise as `indexPut`.
 * @example
 * zeros([2, 3]).indexPut_([0, { start: 1 }], 5); // [[0, 5, 5], [0, 0, 0]]
 */
export const indexPut_ = (
  t: Tensor,
  items: readonly IndexItem[],
  values: Tensor | number,
  options: IndexPutOptions = {},
): Tensor =>
  writing("indexPut_", t, values, () => {
    indexPutInto("indexPut_", t, items, values, options.accumulate ?? false);
  });

/**
 * Sets t to `value` where the mask, broadcast to t, is true. Errors as for `indexPut_`.
 * @throws {ShapeError} a mask that does not broadcast to t.
 * @example
 * const x = tensor([1, -2, 3]);
 * x.maskedFill_(x.lt(0), 0); // [1, 0, 3]
 */
export const maskedFill_ = (t: Tensor, mask: Tensor, value: Tensor | number): Tensor =>
  writing("maskedFill_", t, value, () => {
    if (!sameShape(broadcastShapes("maskedFill_", t.shape, mask.shape), t.shape)) {
      throw new ShapeError(
        `maskedFill_: the mask ${formatShape(mask.shape)} does not broadcast to the tensor's ${formatShape(t.shape)}`,
      );
    }
    copyInto(t, maskedFill(t, mask, value));
  });

function scatterInPlace(
  op: string,
  t: Tensor,
  index: Tensor,
  src: Tensor | number,
  dim: number,
  mode: Mode,
): Tensor {
  return writing(op, t, src, () => {
    const [d, source] = scatterOperands(op, t, index, src, dim);
    scatterInto(op, t, index, source.storage === t.storage ? copied(source) : source, { dim: d, mode });
  });
}

/**
 * Places values of src, or one number, along `dim` as `scatter` does. Errors as for `indexPut_` and `scatter`.
 * @example
 * zeros([2, 3]).scatter_(tensor([[2], [0]], { dtype: "i32" }), 1, { dim: 1 }); // [[0, 0, 1], [1, 0, 0]]
 */
export const scatter_ = (t: Tensor, index: Tensor, src: Tensor | number, options: { dim: number }): Tensor =>
  scatterInPlace("scatter_", t, index, src, options.dim, "set");

/**
 * Adds values of src, or one number, along `dim` as `scatterAdd` does. Errors as for `indexPut_` and `scatterAdd`.
 * @example
 * zeros([3]).scatterAdd_(tensor([0, 2, 0], { dtype: "i32" }), tensor([1, 2, 3]), { dim: 0 }); // [4, 0, 2]
 */
export const scatterAdd_ = (
  t: Tensor,
  index: Tensor,
  src: Tensor | number,
  options: { dim: number },
): Tensor => {
  summing("scatterAdd_", t);
  return scatterInPlace("scatterAdd_", t, index, src, options.dim, "add");
};

/**
 * Adds entries of `source` along `dim` as `indexAdd` does. `alpha` is 1 by default. Errors as for `indexPut_` and `indexAdd`.
 * @example
 * zeros([3]).indexAdd_(tensor([2, 2], { dtype: "i32" }), tensor([5, 7]), { dim: 0 }); // [0, 0, 12]
 */
export const indexAdd_ = (
  t: Tensor,
  index: Tensor,
  source: Tensor,
  options: { dim: number; alpha?: number },
): Tensor =>
  writing("indexAdd_", t, source, () => {
    const { dim, alpha = 1 } = options;
    const items = along("indexAdd_", t, dim, index);
    checkEntries("indexAdd_", t, dim, index, source);
    indexPutInto("indexAdd_", t, items, alpha === 1 ? source : mul(source, alpha), true);
  });

/**
 * Replaces entries along `dim` as `indexCopy` does. Errors as for `indexPut_` and `indexCopy`.
 * @example
 * zeros([3]).indexCopy_(tensor([2, 0], { dtype: "i32" }), tensor([5, 7]), { dim: 0 }); // [7, 0, 5]
 */
export const indexCopy_ = (t: Tensor, index: Tensor, source: Tensor, options: { dim: number }): Tensor =>
  writing("indexCopy_", t, source, () => {
    const items = along("indexCopy_", t, options.dim, index);
    checkEntries("indexCopy_", t, options.dim, index, source);
    indexPutInto("indexCopy_", t, items, source, false);
  });

/**
 * Sets entries along `dim` to one value. Errors as for `indexPut_` and `indexFill`.
 * @example
 * zeros([3]).indexFill_(tensor([2, 0], { dtype: "i32" }), 1, { dim: 0 }); // [1, 0, 1]
 */
export const indexFill_ = (
  t: Tensor,
  index: Tensor,
  value: Tensor | number,
  options: { dim: number },
): Tensor =>
  writing("indexFill_", t, value, () => {
    const items = along("indexFill_", t, options.dim, index);
    indexPutInto("indexFill_", t, items, fillValue("indexFill_", t, value), false);
  });
