import { ShapeError } from "../../errors.ts";
import { mul } from "../../ops/arithmetic.ts";
import { sum } from "../../ops/reduce.ts";
import { tensor } from "../../tensor/create.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Transform } from "../transform.ts";
import { below, between, drawsOf } from "./draws.ts";
import { onImages } from "./images.ts";
import * as ops from "./operation.ts";
import { finite, probability, range, type Range } from "./options.ts";

export interface ColorJitterOptions {
  /** Factor of all values: b for [max(0, 1 − b), 1 + b], or a range. Default none. */
  readonly brightness?: number | Range;
  /** Factor of the distance from the mean in grey. Default none. */
  readonly contrast?: number | Range;
  /** Factor of the distance from grey. Default none. */
  readonly saturation?: number | Range;
  /** Turn of the hue in circles, at most ½: a for [−a, a], or a range. Default none. */
  readonly hue?: number | Range;
}

/** Refuses images that have not one of the numbers of channels. */
export function checkChannels(name: string, x: Tensor, known: readonly number[]): void {
  if (!known.includes(x.shape[1] as number)) {
    throw new ShapeError(
      `${name}: images must have ${known.join(" or ")} channels (grey, or red, green, blue), got ${formatShape(x.shape)}`,
    );
  }
}

type Jitter = readonly [range: Range, neutral: number, make: (value: number) => ops.Operation];

function factors(what: string, value: number | Range): Range {
  if (typeof value !== "number") return range("colorJitter", what, value, 0);
  finite("colorJitter", what, value, 0);
  return [Math.max(0, 1 - value), 1 + value];
}

/**
 * Changes brightness, contrast, saturation and hue of images f32 [n, c, h, w] in [0, 1] by random amounts, in random order; results are
 * clamped to [0, 1] (torchvision's definitions).
 * @throws {ValueError} factors below 0, turns beyond ½; when called, {ShapeError} images without the channels that it takes.
 * @example
 * data.transforms.colorJitter({ brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 });
 */
export function colorJitter(options: ColorJitterOptions): Transform {
  const { brightness, contrast, saturation, hue } = options;
  const jitters: Jitter[] = [];
  if (brightness !== undefined) jitters.push([factors("brightness", brightness), 1, ops.brightness]);
  if (contrast !== undefined) jitters.push([factors("contrast", contrast), 1, ops.contrast]);
  if (saturation !== undefined) jitters.push([factors("saturation", saturation), 1, ops.saturation]);
  if (hue !== undefined) {
    const pair = typeof hue === "number" ? ([-hue, hue] as const) : hue;
    jitters.push([range("colorJitter", "hue", pair, -0.5, 0.5), 0, ops.hue]);
  }
  const channels = saturation === undefined && hue === undefined ? [1, 3] : [3];
  return onImages("colorJitter", (x, context) => {
    checkChannels("colorJitter", x, channels);
    const lists = Array.from({ length: context.indices.length }, (_, row) => {
      const draw = drawsOf(context, row);
      const list = jitters.map(([[low, high], neutral, make]) => {
        const value = between(draw, low, high);
        return value === neutral ? ops.COPY : make(value);
      });
      // Fisher and Yates.
      for (let i = list.length - 1; i > 0; i--) {
        const j = below(draw, i + 1);
        [list[i], list[j]] = [list[j] as ops.Operation, list[i] as ops.Operation];
      }
      return list;
    });
    return ops.operate(x, lists);
  });
}

/** Parts of red, green and blue in a grey. */
const LIGHT = [0.2989, 0.587, 0.114];

/**
 * Images f32 [n, 3, h, w] in grey: [n, 1, h, w], or with three equal channels.
 * @throws {ValueError} another number of channels than 1 and 3; when called, {ShapeError} images that have not three.
 * @example
 * data.transforms.grayscale(); // [n, 3, h, w] → [n, 1, h, w]
 */
export function grayscale({ numOutputChannels = 1 }: { numOutputChannels?: 1 | 3 } = {}): Transform {
  const three = grey("grayscale", 1);
  if (numOutputChannels === 3) return three;
  return onImages("grayscale", (x) => {
    checkChannels("grayscale", x, [3]);
    return sum(mul(x, tensor(LIGHT, { shape: [3, 1, 1] })), { dim: 1, keepdim: true });
  });
}

/**
 * Images f32 [n, 3, h, w] in [0, 1] in grey with probability p (default 0.1), still with three channels.
 * @throws {ValueError} p outside [0, 1]; when called, {ShapeError} images that have not three channels.
 * @example
 * data.transforms.randomGrayscale({ p: 0.2 });
 */
export function randomGrayscale({ p = 0.1 }: { p?: number } = {}): Transform {
  return grey("randomGrayscale", p);
}

function grey(name: string, p: number): Transform {
  probability(name, p);
  return onImages(name, (x, context) => {
    checkChannels(name, x, [3]);
    return ops.operateEach(x, context, (draw) => (draw() < p ? ops.saturation(0) : ops.COPY));
  });
}
