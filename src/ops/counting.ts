import { apply } from "../autograd/apply.ts";
import type { OpRecord } from "../autograd/node.ts";
import { IndexOutOfRangeError, ShapeError, ValueError } from "../errors.ts";
import { oneHot_f32 } from "../program/kernels.gen.ts";
import { zeros } from "../tensor/create.ts";
import { composite } from "../tensor/lifetime.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import { empty, type Tensor } from "../tensor/tensor.ts";
import { castTo } from "./cast.ts";
import { asIndex, badIndex } from "./offsets.ts";
import { amax, amin } from "./reduce.ts";
import { scatterAdd } from "./scatter.ts";

/** Classes as numbers: spread to one-hot rows, and counted. */

const oneHotRecord: OpRecord<number> = {
  name: "oneHot",
  forward([x], numClasses) {
    const index = asIndex("oneHot", x as Tensor);
    const out = empty([...index.shape, numClasses], "f32");
    if (out.size === 0) return out;
    const code = oneHot_f32(out.ptr, index.ptr, index.size, numClasses);
    if (code !== 0) throw badIndex("oneHot", index, code, [0, numClasses - 1], "class");
    return out;
  },
};

/** One more than the largest class; reads the classes. */
function classesOf(op: string, x: Tensor): number {
  if (x.size === 0) return 0;
  const index = asIndex(op, x);
  const least = amin(index).item();
  if (least < 0) throw new IndexOutOfRangeError(`${op}: classes must not be negative, got ${least}`);
  return amax(index).item() + 1;
}

/**
 * 1 at the class, 0 elsewhere.
 * Rule: https://pytorch.org/docs/stable/generated/torch.nn.functional.one_hot.html, but in f32, ready to compute with.
 *
 * @param x i32 or u8 classes, any shape.
 * @param options.numClasses default (or −1) one more than the largest class, which is read.
 * @returns f32 [..., numClasses].
 * @throws {IndexOutOfRangeError} a class outside of [0, numClasses).
 * @example
 * oneHot(tensor([0, 2], { dtype: "i32" }), { numClasses: 3 }); // [[1, 0, 0], [0, 0, 1]]
 */
export const oneHot = /* @__PURE__ */ Object.assign(
  (x: Tensor, options: { numClasses?: number } = {}): Tensor => {
    const { numClasses = -1 } = options;
    if (!Number.isInteger(numClasses) || numClasses < -1 || numClasses === 0) {
      throw new ValueError(`oneHot: numClasses must be a whole number ≥ 1, got ${numClasses}`);
    }
    if (numClasses === -1 && x.size === 0)
      throw new ValueError(
        "oneHot: an empty tensor does not tell how many classes there are; pass numClasses",
      );
    return composite("oneHot", () =>
      apply(oneHotRecord, [x], numClasses === -1 ? classesOf("oneHot", x) : numClasses),
    );
  },
  { record: oneHotRecord },
);

/**
 * How often each number occurs, or the sum of its weights.
 * Rule: https://pytorch.org/docs/stable/generated/torch.bincount.html
 *
 * @param x i32 or u8 [n], none negative. Its largest value is read: the shape of the result depends on data.
 * @param options.weights [n]; gradients flow to f32 weights.
 * @param options.minlength least length of the result. Default 0.
 * @returns [max(largest + 1, minlength)], i32, or the weights' dtype (f32 or i32).
 * @throws {IndexOutOfRangeError} a negative number.
 * @example
 * bincount(tensor([1, 3, 1], { dtype: "i32" })); // [0, 2, 0, 1]
 */
export function bincount(x: Tensor, options: { weights?: Tensor; minlength?: number } = {}): Tensor {
  const { weights, minlength = 0 } = options;
  if (x.ndim !== 1) throw new ShapeError(`bincount: takes one dimension, got ${formatShape(x.shape)}`);
  if (!Number.isInteger(minlength) || minlength < 0)
    throw new ValueError(`bincount: minlength must be a whole number ≥ 0, got ${minlength}`);
  if (weights !== undefined && !sameShape(weights.shape, x.shape)) {
    throw new ShapeError(
      `bincount: the weights ${formatShape(weights.shape)} must have the shape of the input ${formatShape(x.shape)}`,
    );
  }
  return composite("bincount", () => {
    const dtype = weights?.dtype === "f32" ? "f32" : "i32";
    const out = zeros([Math.max(classesOf("bincount", x), minlength)], { dtype });
    if (x.size === 0) return out;
    const source = weights === undefined || weights.dtype === dtype ? weights : castTo(weights, dtype);
    return scatterAdd(out, x, source ?? 1, { dim: 0 });
  });
}
