import { ShapeError, ValueError } from "../errors.ts";
import { div, mul, sub } from "../ops/arithmetic.ts";
import { to } from "../ops/cast.ts";
import { interpolate, type InterpolateMode } from "../ops/interpolate.ts";
import { tensor } from "../tensor/create.ts";
import { composite } from "../tensor/lifetime.ts";
import { formatShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { isPlain, type Json } from "./values.ts";

/** A step by name, with its parameters as plain data. {@link preprocess} lists those that it can run; others are yours. */
export interface PreprocessingStep {
  readonly step: string;
  readonly [parameter: string]: Json | undefined;
}

/** Refuses what is no list of steps; which ones there are matters only where they are run. */
export function checkSteps(where: string, steps: unknown): asserts steps is readonly PreprocessingStep[] {
  if (!Array.isArray(steps)) throw new ValueError(`${where}: takes a list of steps`);
  for (const [i, step] of (steps as unknown[]).entries()) {
    if (!isPlain(step) || typeof step["step"] !== "string")
      throw new ValueError(`${where}: step ${i} has no name, { step: "normalize", … } has`);
  }
}

type Run = (x: Tensor, parameter: (name: string, otherwise?: Json) => Json, where: string) => Tensor;

/** One number a channel, as [1, c, 1, …]; one for all as it is. */
function byChannel(x: Tensor, value: Json, where: string): Tensor | number {
  if (typeof value === "number") return value;
  const channels = x.shape[1];
  if (!isNumbers(value)) throw new ValueError(`${where} must be a number, or one a channel`);
  if (value.length !== channels)
    throw new ShapeError(`${where} has ${value.length} values, the input ${formatShape(x.shape)}`);
  return tensor([...value], { shape: [1, channels, ...x.shape.slice(2).map(() => 1)] });
}

const isNumbers = (value: Json): value is readonly number[] =>
  Array.isArray(value) && (value as readonly Json[]).every((entry) => typeof entry === "number");

const STEPS: Readonly<Record<string, Run>> = {
  toFloat(x, parameter, where) {
    const scale = parameter("scale", 1 / 255);
    if (typeof scale !== "number") throw new ValueError(`${where}: scale must be a number`);
    return mul(to(x, "f32"), scale);
  },
  normalize: (x, parameter, where) =>
    div(
      sub(x, byChannel(x, parameter("mean"), `${where}: mean`)),
      byChannel(x, parameter("std"), `${where}: std`),
    ),
  resize(x, parameter, where) {
    const size = parameter("size");
    if (typeof size !== "number" && !isNumbers(size))
      throw new ValueError(`${where}: size must be a whole number, or one a dimension`);
    return interpolate(x, { size, mode: parameter("mode", "bilinear") as InterpolateMode });
  },
};

/**
 * Makes raw input what a model takes, by the steps of its file:
 *
 * - `{ step: "toFloat", scale? }`: f32, times scale (default 1/255: bytes become 0 … 1)
 * - `{ step: "normalize", mean, std }`: (x − mean) / std; numbers, or one for each channel (dimension 1)
 * - `{ step: "resize", size, mode? }`: images [n, c, h, w] to [n, c, ...size], as `interpolate` does it (default "bilinear")
 *
 * @throws {ValueError} a step that is not among them, or a parameter that makes no sense; {ShapeError} the channels do not fit.
 * @example
 * const x = tensor(Uint8Array.of(0, 255), { shape: [1, 1, 1, 2] });
 * io.preprocess(x, [{ step: "toFloat" }, { step: "normalize", mean: [0.5], std: [0.5] }]); // [[[[-1, 1]]]]
 */
export function preprocess(x: Tensor, steps: readonly PreprocessingStep[]): Tensor {
  checkSteps("preprocess", steps);
  return composite("preprocess", () => {
    let out = x;
    for (const { step: name, ...parameters } of steps) {
      const run = Object.hasOwn(STEPS, name) ? STEPS[name] : undefined;
      if (run === undefined) {
        throw new ValueError(
          `preprocess: no step is called "${name}", there are ${Object.keys(STEPS).join(", ")} (run it yourself)`,
        );
      }
      const where = `preprocess: ${name}`;
      out = run(
        out,
        (parameter, otherwise) => {
          const value = parameters[parameter] ?? otherwise;
          if (value === undefined) throw new ValueError(`${where}: takes a ${parameter}`);
          return value;
        },
        where,
      );
    }
    return out;
  });
}
