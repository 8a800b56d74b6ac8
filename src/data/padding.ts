import { DTypeError, ShapeError, ValueError } from "../errors.ts";
import { fillWith, tensor } from "../tensor/create.ts";
import { composite, touch } from "../tensor/lifetime.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import { copyInto, empty, view, type Tensor } from "../tensor/tensor.ts";

export interface PadSequencesOptions {
  /** What stands behind the ends. Default 0. */
  readonly value?: number;
  /** Steps of the result; longer sequences are cut. Default those of the longest. */
  readonly length?: number;
}

/**
 * Sequences [tᵢ, …] of different lengths as one batch [n, time, …] and their lengths i32 [n], which recurrent layers take.
 * Not differentiable: made for datasets.
 * @throws {ValueError} no sequence, a length that is not whole. {ShapeError} steps of different shapes. {DTypeError} different dtypes.
 * @example
 * const [batch, lengths] = data.padSequences([tensor([1, 2, 3]), tensor([4])]); // [[1, 2, 3], [4, 0, 0]] and [3, 1]
 */
export function padSequences(
  sequences: readonly Tensor[],
  { value = 0, length }: PadSequencesOptions = {},
): [Tensor, Tensor] {
  const [first] = sequences;
  if (first === undefined) throw new ValueError("padSequences: needs at least one sequence, got none");
  if (length !== undefined && (!Number.isSafeInteger(length) || length < 1))
    throw new ValueError(`padSequences: length must be a whole number ≥ 1, got ${length}`);
  sequences.forEach((t, i) => {
    touch(t, "padSequences");
    if (t.ndim === 0 || !sameShape(t.shape.slice(1), first.shape.slice(1))) {
      throw new ShapeError(
        `padSequences: sequence ${i} has shape ${formatShape(t.shape)}, sequence 0 ${formatShape(first.shape)} (all must be [time, …] and may differ in time alone)`,
      );
    }
    if (t.dtype !== first.dtype) {
      throw new DTypeError(`padSequences: sequence ${i} has dtype ${t.dtype}, sequence 0 ${first.dtype}`);
    }
  });
  const longest = Math.max(...sequences.map((t) => t.shape[0] as number));
  const time = length ?? longest;
  return composite("padSequences", () => {
    const out = empty([sequences.length, time, ...first.shape.slice(1)], first.dtype);
    fillWith(out, value);
    const lengths = sequences.map((t, i) => {
      const steps = Math.min(time, t.shape[0] as number);
      const shape = [steps, ...first.shape.slice(1)];
      const row = out.offset + i * (out.strides[0] as number);
      copyInto(view(out, shape, out.strides.slice(1), row), view(t, shape, t.strides, t.offset));
      return steps;
    });
    return [out, tensor(lengths, { dtype: "i32" })];
  });
}
