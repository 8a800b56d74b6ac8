import { apply } from "../autograd/apply.ts";
import type { OpRecord } from "../autograd/node.ts";
import { ShapeError, ValueError } from "../errors.ts";
import { arange, fillWith } from "../tensor/create.ts";
import { formatShape, type Shape } from "../tensor/shape.ts";
import { empty, view, type Tensor } from "../tensor/tensor.ts";
import { eq } from "./compare.ts";
import { unsqueeze } from "./movement.ts";
import { offsetsOf, readAt, writeAt, type Places } from "./offsets.ts";
import { where } from "./select.ts";

function rowsAt(op: string, weight: Tensor, index: Tensor): Places {
  const offsets = offsetsOf(op, index, weight.shape[0] as number, weight.strides[0] as number);
  return {
    shape: [...index.shape, weight.shape[1] as number],
    strides: [...index.shape.map(() => 0), weight.strides[1] as number],
    offsets,
    offsetStrides: [...offsets.strides, 0],
  };
}

const embeddingRecord: OpRecord<number | null> = {
  name: "embedding",
  forward: ([index, weight]) =>
    readAt(weight as Tensor, rowsAt("embedding", weight as Tensor, index as Tensor)),
  saves: { inputs: [0] },
  vjp: ([g], s, padding) => [
    null,
    apply(embeddingGradRecord, [g as Tensor, s.input(0)], { padding, shape: s.shape(1) }),
  ],
};

/** Adds each row's gradient where the row came from; the padding row gets none. */
const embeddingGradRecord: OpRecord<{ readonly padding: number | null; readonly shape: Shape }> = {
  name: "embeddingGrad",
  forward([g, index], { padding, shape }) {
    const out = empty(shape, "f32");
    fillWith(out, 0);
    writeAt(out, rowsAt("embeddingGrad", out, index as Tensor), g as Tensor, "add");
    const width = shape[1] as number;
    if (padding !== null) fillWith(view(out, [width], [1], padding * width), 0);
    return out;
  },
  saves: { inputs: [1] },
  vjp: ([v], s, { padding, shape }) => {
    // The padding row takes no part, so its picks are 0.
    const rows =
      padding === null
        ? (v as Tensor)
        : where(unsqueeze(eq(arange(shape[0] as number), padding), 1), 0, v as Tensor);
    return [apply(embeddingRecord, [s.input(1), rows], null), null];
  },
};

export interface EmbeddingOptions {
  /** The row of a padding token: it is read like any other, but gets no gradient. Negative counts from the end. */
  paddingIdx?: number | null;
}

/**
 * Rows of a table: out[…, :] = weight[index[…], :].
 * Rule: https://pytorch.org/docs/stable/generated/torch.nn.functional.embedding.html
 *
 * @param index i32 or u8 of any shape; negative counts from the end.
 * @param weight [num, dim].
 * @returns [...index shape, dim].
 * @throws {IndexOutOfRangeError} an index outside of the table. {ValueError} paddingIdx outside of it.
 * @example
 * embedding(tensor([[0, 2]], { dtype: "i32" }), tensor([[1, 2], [3, 4], [5, 6]])); // [[[1, 2], [5, 6]]]
 */
export const embedding = /* @__PURE__ */ Object.assign(
  (index: Tensor, weight: Tensor, options: EmbeddingOptions = {}): Tensor => {
    if (weight.ndim !== 2)
      throw new ShapeError(`embedding: the weight must be [num, dim], got ${formatShape(weight.shape)}`);
    const num = weight.shape[0] as number;
    const given = options.paddingIdx ?? null;
    if (given !== null && !(Number.isInteger(given) && given >= -num && given < num)) {
      throw new ValueError(
        `embedding: paddingIdx ${given} is outside [${-num}, ${num - 1}] of the ${num} rows`,
      );
    }
    return apply(embeddingRecord, [index, weight], given === null || given >= 0 ? given : given + num);
  },
  { record: embeddingRecord },
);
