import { DTypeError, ShapeError, ValueError } from "../../errors.ts";
import { oneHot } from "../../ops/counting.ts";
import { reshape } from "../../ops/movement.ts";
import { isFloat } from "../../tensor/dtype.ts";
import { noGrad } from "../../autograd/mode.ts";
import { cosPi, power } from "../../tensor/scalar.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { BatchContext, Transform } from "../transform.ts";
import { below, drawsOf, type Draw } from "./draws.ts";
import { clippedBox } from "./erase.ts";
import { checkBatch, checkImages } from "./images.ts";
import { COPY, mix, operate, paste, type Operation } from "./operation.ts";
import { finite, whole } from "./options.ts";

export interface MixOptions {
  /** Number of classes: labels become probabilities [n, numClasses]. Not needed where they are that already. */
  readonly numClasses?: number;
  /** Shares are drawn from Beta(alpha, alpha): the smaller, the more samples stay almost as they are. Default 1, uniform. */
  readonly alpha?: number;
}

/**
 * A number of Beta(a, a): above ½ by Ulrich's formula, ½ + ½ √(1 − u^(2/(2a − 1))) cos 2πv (G. Ulrich, "Computer generation of
 * distributions on the m-sphere", 1984), below by Jöhnk's rejection (M. Jöhnk, 1964).
 */
export function beta(draw: Draw, a: number): number {
  if (a > 0.5) return 0.5 + 0.5 * Math.sqrt(1 - power(draw(), 2 / (2 * a - 1))) * cosPi(2 * draw());
  for (;;) {
    const [u, v] = [draw(), draw()];
    const [x, y] = [power(u, 1 / a), power(v, 1 / a)];
    if (x + y > 1) continue;
    // Both may be too small for a double: then the share is 0 or 1.
    return x + y > 0 ? x / (x + y) : Number(u > v);
  }
}

/** How a sample goes together with its partner, and the share of its own that is left. */
type Join = (draw: Draw, partner: number, share: number, h: number, w: number) => [Operation, number];

/**
 * The partner of each row. Samples stand in a circle in the order of their first draws, and each takes the next: who that is
 * depends on which samples are in the batch, but not on their order.
 */
function partnersOf(draws: readonly Draw[]): number[] {
  const order = draws.map((draw, row) => [draw(), row] as const).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const partners = new Array<number>(draws.length);
  order.forEach(([, row], i) => {
    partners[row] = (order[(i + 1) % order.length] as readonly [number, number])[1];
  });
  return partners;
}

function probabilities(name: string, labels: Tensor, numClasses: number | undefined): Tensor {
  if (isFloat(labels.dtype)) {
    if (labels.ndim === 2 && labels.dtype === "f32") return labels;
    throw new ShapeError(
      `${name}: labels must be classes i32 [n] or probabilities f32 [n, classes], got ${labels.dtype} ${formatShape(labels.shape)}`,
    );
  }
  if (labels.ndim !== 1 || labels.dtype === "bool") {
    throw new DTypeError(
      `${name}: labels must be classes i32 [n] or probabilities f32 [n, classes], got ${labels.dtype} ${formatShape(labels.shape)}`,
    );
  }
  if (numClasses === undefined)
    throw new ValueError(`${name}: labels are classes, so it needs the option numClasses`);
  return oneHot(labels, { numClasses });
}

function mixing(name: string, { numClasses, alpha = 1 }: MixOptions, join: Join): Transform {
  if (numClasses !== undefined) whole(name, "numClasses", numClasses, 1);
  finite(name, "alpha", alpha, Number.MIN_VALUE);
  return <S>(batch: S, context: BatchContext): S => {
    if (!Array.isArray(batch) || batch.length < 2) {
      throw new ValueError(`${name}: takes a batch [images, labels], since labels are mixed as images are`);
    }
    const [images, labels, ...others] = batch as [unknown, unknown, ...unknown[]];
    checkBatch(name, images, context);
    checkImages(name, images);
    checkBatch(name, labels, context);
    const { shape } = images;
    const [h, w] = [shape[2] as number, shape[3] as number];
    const draws = Array.from({ length: context.indices.length }, (_, row) => drawsOf(context, row));
    const partners = partnersOf(draws);
    const joined = draws.map((draw, row) => join(draw, partners[row] as number, beta(draw, alpha), h, w));
    return noGrad(() => {
      const soft = probabilities(name, labels, numClasses);
      const [n, classes] = soft.shape as [number, number];
      const mixed = operate(
        reshape(soft, [n, 1, 1, classes]),
        joined.map(([, share], row) => [share === 1 ? COPY : mix(share, partners[row] as number)]),
      );
      const y = operate(
        images,
        joined.map(([operation]) => [operation]),
      );
      return [y, reshape(mixed, [n, classes]), ...others] as S;
    });
  };
}

/**
 * Blends each image of a batch [images f32 [n, c, h, w], labels] with another one, and the labels alike (H. Zhang et al., "mixup: Beyond
 * empirical risk minimization", 2018). Labels become probabilities [n, numClasses], which `crossEntropy` takes as they are. Each
 * sample has a share and a partner of its own, another sample of the batch; a batch of one stays as it is.
 * @throws {ValueError} alpha of 0 or less; when called, a batch without labels, or labels of classes without `numClasses`.
 * @example
 * data.transforms.mixUp({ numClasses: 10, alpha: 0.2 });
 */
export const mixUp = (options: MixOptions = {}): Transform =>
  mixing("mixUp", options, (_draw, partner, share) => [mix(share, partner), share]);

/**
 * Puts a box of another image of the batch into each, and mixes the labels by the areas (S. Yun et al., "CutMix: Regularization strategy
 * to train strong classifiers with localizable features", 2019). Otherwise as `mixUp`.
 * @throws {ValueError} alpha of 0 or less; when called, a batch without labels, or labels of classes without `numClasses`.
 * @example
 * data.transforms.cutMix({ numClasses: 10 });
 */
export const cutMix = (options: MixOptions = {}): Transform =>
  mixing("cutMix", options, (draw, partner, share, h, w) => {
    const side = Math.sqrt(1 - share);
    // Twice the half sides, rounded down as torchvision does.
    const size = [2 * Math.floor((h * side) / 2), 2 * Math.floor((w * side) / 2)] as const;
    const box = clippedBox(below(draw, h), below(draw, w), size, h, w);
    const [, , height, width] = box;
    return [paste(box, partner), 1 - (height * width) / (h * w)];
  });
