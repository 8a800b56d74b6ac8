import { DTypeError, ShapeError } from "../../errors.ts";
import { mul } from "../../ops/arithmetic.ts";
import { reshape } from "../../ops/movement.ts";
import { tensor } from "../../tensor/create.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Transform } from "../transform.ts";
import { below, between, drawsOf, type Draw } from "./draws.ts";
import { onFirst, type Use } from "./images.ts";
import { COPY, crop, erase, operate, type Operation } from "./operation.ts";
import { finite, probability, range, whole, type Range } from "./options.ts";

export interface TimeMaskOptions {
  /** Steps of a mask, at most; each length from 0 is as likely. */
  readonly maxLength: number;
  /** Masks a sample. Default 1. */
  readonly count?: number;
  /** Probability of each. Default 1. */
  readonly p?: number;
  /** What masked steps hold. Default 0. */
  readonly value?: number;
}

export interface TimeShiftOptions {
  /** Steps, at most, in either direction. */
  readonly max: number;
  /** What comes in at the end that is left empty. Default 0. */
  readonly fill?: number;
}

const onSequences = (name: string, use: Use): Transform =>
  onFirst(name, (x, context) => {
    if (x.ndim < 2) {
      throw new ShapeError(`${name}: sequences must be [n, time, …], got ${formatShape(x.shape)}`);
    }
    if (x.dtype !== "f32") {
      throw new DTypeError(
        `${name}: sequences must be f32, got ${x.dtype} (mask tokens where they are embedded)`,
      );
    }
    return x.size === 0 ? x : use(x, context);
  });

/** Operations on sequences as images of one channel, a row a step. */
function onSteps(
  name: string,
  count: number,
  choose: (draw: Draw, time: number, features: number) => Operation,
): Transform {
  return onSequences(name, (x, context) => {
    const [n, time] = x.shape as [number, number];
    const features = x.size / (n * time);
    const lists = Array.from({ length: n }, (_, row) => {
      const draw = drawsOf(context, row);
      return Array.from({ length: count }, () => choose(draw, time, features));
    });
    const images: Tensor = reshape(x, [n, 1, time, features]);
    return reshape(operate(images, lists), x.shape);
  });
}

/**
 * Overwrites random stretches of time in sequences f32 [n, time, …] (D. Park et al., "SpecAugment", 2019).
 * @throws {ValueError} lengths that are not whole, p outside [0, 1].
 * @example
 * data.transforms.timeMask({ maxLength: 8, count: 2 });
 */
export function timeMask({ maxLength, count = 1, p = 1, value = 0 }: TimeMaskOptions): Transform {
  whole("timeMask", "maxLength", maxLength, 1);
  whole("timeMask", "count", count, 1);
  probability("timeMask", p);
  finite("timeMask", "value", value);
  return onSteps("timeMask", count, (draw, time, features) => {
    if (draw() >= p) return COPY;
    const length = below(draw, Math.min(maxLength, time) + 1);
    return erase([below(draw, time - length + 1), 0, length, features], value);
  });
}

/**
 * Moves sequences f32 [n, time, …] by a random number of steps; what leaves at one end is lost.
 * @throws {ValueError} a number of steps that is not whole.
 * @example
 * data.transforms.timeShift({ max: 5 });
 */
export function timeShift({ max, fill = 0 }: TimeShiftOptions): Transform {
  whole("timeShift", "max", max, 0);
  finite("timeShift", "fill", fill);
  return onSteps("timeShift", 1, (draw) => {
    const steps = below(draw, 2 * max + 1) - max;
    return steps === 0 ? COPY : crop(steps, 0, { fill });
  });
}

/**
 * Multiplies each sequence f32 [n, time, …] by a random factor of the range (default [0.8, 1.2]).
 * @throws {ValueError} a range whose ends are no numbers or change places.
 * @example
 * data.transforms.randomScale({ factor: [0.9, 1.1] });
 */
export function randomScale({ factor = [0.8, 1.2] }: { factor?: Range } = {}): Transform {
  const [low, high] = range("randomScale", "factor", factor);
  return onSequences("randomScale", (x, context) => {
    const n = x.shape[0] as number;
    const values = Array.from({ length: n }, (_, row) => between(drawsOf(context, row), low, high));
    return mul(x, tensor(values, { shape: [n, ...new Array<number>(x.ndim - 1).fill(1)] }));
  });
}
