import { IndexOutOfRangeError, ShapeError } from "../../errors.ts";
import { castTo } from "../../ops/cast.ts";
import { gt, ne } from "../../ops/compare.ts";
import { maskedSelect } from "../../ops/masked.ts";
import { reshape } from "../../ops/movement.ts";
import { amax, amin, argmax } from "../../ops/reduce.ts";
import { formatShape, sameShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";

export interface ClassOptions {
  /** A target that is not counted, such as the padding of sequences. Default: all are. */
  readonly ignoreIndex?: number;
  /** Of two classes with one output each: above which output it is class 1. Default 0, which suits logits; 0.5 suits probabilities. */
  readonly threshold?: number;
}

/** What a model took samples for, and what they are: i32 [n] each. */
export interface Classes {
  readonly predicted: Tensor;
  readonly target: Tensor;
  readonly classes: number;
}

/**
 * Reads classes off a model's output: [n, classes, …] scores with a target [n, …], or, of two classes, one score for each target.
 * Call it inside noGrad.
 * @throws {ShapeError} the shapes do not fit; {IndexOutOfRangeError} the target has a class that the output has not.
 */
export function readClasses(name: string, output: Tensor, target: Tensor, options: ClassOptions): Classes {
  const { ignoreIndex, threshold = 0 } = options;
  const binary = sameShape(output.shape, target.shape);
  const classes = binary ? 2 : checkScores(name, output, target);
  let predicted = reshape(castTo(binary ? gt(output, threshold) : argmax(output, { dim: 1 }), "i32"), [-1]);
  let flat = reshape(castTo(target, "i32"), [-1]);
  if (ignoreIndex !== undefined) {
    const counted = ne(flat, ignoreIndex);
    predicted = maskedSelect(predicted, counted);
    flat = maskedSelect(flat, counted);
  }
  checkRange(name, flat, classes);
  return { predicted, target: flat, classes };
}

/** The number of classes of [n, classes, …] scores for a target [n, …]. */
export function checkScores(name: string, output: Tensor, target: Tensor): number {
  const [n, classes = 0, ...rest] = output.shape;
  if (output.ndim < 2 || !sameShape([n as number, ...rest], target.shape))
    throw new ShapeError(
      `${name}: the output ${formatShape(output.shape)} must be [n, classes, …] and the target ${formatShape(target.shape)} [n, …], or both of one shape for two classes`,
    );
  if (classes < 2)
    throw new ShapeError(
      `${name}: the output ${formatShape(output.shape)} has one class (give the target its shape, if that is a score for class 1)`,
    );
  return classes;
}

/** Refuses classes that there are not; the kernels look for them, and only a failure reads the data. */
export function checkRange(name: string, target: Tensor, classes: number): void {
  if (target.size === 0 || (amin(target).item() >= 0 && amax(target).item() < classes)) return;
  const values = target.data;
  const at = values.findIndex((value) => value < 0 || value >= classes);
  throw new IndexOutOfRangeError(
    `${name}: target ${values[at]} at position ${at} is outside [0, ${classes - 1}] (pass ignoreIndex for what is not to be counted)`,
  );
}
