import { noGrad } from "../../autograd/mode.ts";
import { DTypeError, ShapeError, ValueError } from "../../errors.ts";
import { touch } from "../../tensor/lifetime.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { BatchContext, BatchTransform, Transform } from "../transform.ts";

/** What a transform does to the one tensor it is about. */
export type Use = (x: Tensor, context: BatchContext) => Tensor;

/** Refuses a tensor without a sample for each index. */
export function checkBatch(name: string, x: unknown, { indices }: BatchContext): asserts x is Tensor {
  if (!(x instanceof Tensor)) {
    throw new ValueError(
      `${name}: takes a tensor, or a tuple that begins with one (say where it is in an object: on("image", ${name}(…)))`,
    );
  }
  touch(x, name);
  if (x.ndim === 0 || x.shape[0] !== indices.length) {
    throw new ShapeError(
      `${name}: ${indices.length} samples by the context's indices, got ${formatShape(x.shape)} (the first dimension counts samples)`,
    );
  }
}

/** Applies `use` to the batch itself, or to the first element of a tuple. */
export function onFirst(name: string, use: Use): Transform {
  return <S>(batch: S, context: BatchContext): S => {
    const x: unknown = Array.isArray(batch) ? batch[0] : batch;
    checkBatch(name, x, context);
    const y = noGrad(() => use(x, context));
    return (Array.isArray(batch) ? [y, ...(batch as unknown[]).slice(1)] : y) as S;
  };
}

/** Refuses what are no images f32 [n, c, h, w]. */
export function checkImages(name: string, x: Tensor): void {
  if (x.ndim !== 4 || x.shape.slice(1).includes(0)) {
    throw new ShapeError(
      `${name}: images must be [n, channels, height, width], got ${formatShape(x.shape)} (reshape them to [n, 1, height, width] if they have no channels)`,
    );
  }
  if (x.dtype !== "f32")
    throw new DTypeError(`${name}: images must be f32, got ${x.dtype} (put toFloat() before it)`);
}

/** `onFirst` for images. */
export const onImages = (name: string, use: Use): Transform =>
  onFirst(name, (x, context) => {
    checkImages(name, x);
    return use(x, context);
  });

/**
 * Applies a transform to one part of the batch: to element `key` of a tuple, or to that field of an object. Without it transforms of
 * images and sequences act on the batch where it is a tensor, and on the first element where it is a tuple such as [images, labels].
 * @throws {ValueError} a batch that has no such part.
 * @example
 * const left = data.transforms.on("left", data.transforms.randomHorizontalFlip()); // { left, right } → { left: flipped, right }
 */
export function on(key: string | number, transform: BatchTransform<Tensor>): Transform {
  return <S>(batch: S, context: BatchContext): S => {
    if (
      typeof batch !== "object" ||
      batch === null ||
      batch instanceof Tensor ||
      !Object.hasOwn(batch, key)
    ) {
      throw new ValueError(`on: the batch has no part ${JSON.stringify(key)}`);
    }
    const part = transform((batch as Record<string | number, unknown>)[key] as Tensor, context);
    if (Array.isArray(batch))
      return (batch as unknown[]).map((other, i) => (i === Number(key) ? part : other)) as S;
    return { ...batch, [key]: part };
  };
}
