import { ShapeError, ValueError } from "../../errors.ts";
import { conv2d } from "../../ops/conv.ts";
import { reshape } from "../../ops/movement.ts";
import { pad } from "../../ops/pad.ts";
import { tensor } from "../../tensor/create.ts";
import { power } from "../../tensor/scalar.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Transform } from "../transform.ts";
import { between, drawsOf } from "./draws.ts";
import { onImages } from "./images.ts";
import { range, whole, type Range } from "./options.ts";

/** exp(−½ (i/sigma)²) at whole places about 0, adding up to 1. */
function bell(size: number, sigma: number): number[] {
  const weights = Array.from({ length: size }, (_, i) => {
    const away = (i - (size - 1) / 2) / sigma;
    return power(Math.E, -0.5 * away * away);
  });
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / sum);
}

/**
 * Blurs images f32 [n, c, h, w] by a Gaussian of `kernelSize` (odd) pixels and a random standard deviation, mirrored at the edges.
 * @param sigma a number or a range. Default [0.1, 2].
 * @throws {ValueError} an even size, a sigma of 0 or less; when called, {ShapeError} images that are no larger than half the size.
 * @example
 * data.transforms.gaussianBlur(5, [0.1, 1]);
 */
export function gaussianBlur(kernelSize: number, sigma: number | Range = [0.1, 2]): Transform {
  const name = "gaussianBlur";
  whole(name, "kernelSize", kernelSize, 1);
  if (kernelSize % 2 === 0) throw new ValueError(`${name}: kernelSize must be odd, got ${kernelSize}`);
  const pair = typeof sigma === "number" ? ([sigma, sigma] as const) : sigma;
  const [low, high] = range(name, "sigma", pair, Number.MIN_VALUE);
  const half = (kernelSize - 1) / 2;
  return onImages(name, (x, context) => {
    const [n, c, h, w] = x.shape as [number, number, number, number];
    if (half >= h || half >= w) {
      throw new ShapeError(
        `${name}: a kernel of ${kernelSize} mirrors more than images ${formatShape(x.shape)} have`,
      );
    }
    if (n === 0) return x;
    // A group a plane, since each sample has a bell of its own.
    const rows = context.indices.length;
    const bells = Array.from({ length: rows }, (_, row) =>
      bell(kernelSize, between(drawsOf(context, row), low, high)),
    ).flatMap((weights) => new Array<number[]>(c).fill(weights).flat());
    const planes = reshape(pad(x, [half, half, half, half], { mode: "reflect" }), [
      1,
      n * c,
      h + 2 * half,
      w + 2 * half,
    ]);
    const groups = n * c;
    const across = conv2d(planes, tensor(bells, { shape: [groups, 1, 1, kernelSize] }), null, { groups });
    const both = conv2d(across, tensor(bells, { shape: [groups, 1, kernelSize, 1] }), null, { groups });
    return reshape(both, [n, c, h, w]);
  });
}
