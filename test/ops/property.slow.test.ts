import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  backward,
  manualSeed,
  memory,
  onesLike,
  scope,
  SimdgradError,
  tensor,
  type DType,
  type Tensor,
} from "../../src/index.ts";
import { gapped, transposed } from "./disguise.ts";
import { specs } from "./specs/index.ts";
import { toTensor, type Input, type OpSpec, type Sample } from "./spec.ts";

/**
 * Every op under calls that nobody meant: the samples of its spec with other shapes, dtypes, values and attributes. It must give a
 * result that is whole and the same behind other strides, or a typed error; and leave everything else as it was. FUZZ_RUNS and FUZZ_SEED
 * ask for more.
 */

const RUNS = Number(process.env["FUZZ_RUNS"] ?? 25);
const SEED = Number(process.env["FUZZ_SEED"] ?? 1);

const DTYPES = ["f32", "i32", "u8", "bool"] as const;
const ODD = [NaN, Infinity, -Infinity, 0, -0, -1, 1, 2, 3, 0.5, -7, 1e9, 2 ** 31, 3.4e38, 1e-40];

const size = fc.oneof({ weight: 8, arbitrary: fc.nat(4) }, { weight: 1, arbitrary: fc.nat(17) });

/** A shape near the given one: sizes changed, dimensions added or taken off. */
function shapeNear(shape: readonly number[]): fc.Arbitrary<readonly number[]> {
  return fc.oneof(
    { weight: 4, arbitrary: fc.constant(shape) },
    { weight: 3, arbitrary: fc.tuple(...shape.map((n) => fc.oneof(fc.constant(n), size))) },
    { weight: 1, arbitrary: size.map((n) => [n, ...shape]) },
    { weight: 1, arbitrary: fc.constant(shape.slice(1)) },
    { weight: 1, arbitrary: fc.array(size, { maxLength: 5 }) },
  );
}

/** A value that the dtype holds. */
function fitting(value: number, dtype: DType): number {
  if (dtype === "f32") return Math.fround(value);
  const whole = Number.isNaN(value) ? 0 : Math.trunc(value);
  if (dtype === "i32") return Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, whole));
  return dtype === "u8" ? Math.min(255, Math.abs(whole)) : Number(whole !== 0);
}

function inputNear(input: Input): fc.Arbitrary<Input> {
  const value = fc.oneof(
    { weight: 6, arbitrary: fc.nat(Math.max(0, input.values.length - 1)).map((i) => input.values[i] ?? 1) },
    { weight: 1, arbitrary: fc.constantFrom(...ODD) },
  );
  const dtype = fc.oneof(
    { weight: 5, arbitrary: fc.constant(input.dtype) },
    { weight: 1, arbitrary: fc.constantFrom(...DTYPES) },
  );
  return fc.tuple(shapeNear(input.shape), dtype).chain(([shape, dtype]) => {
    const length = shape.reduce((a, b) => a * b, 1);
    return fc.array(value, { minLength: Math.min(8, length), maxLength: 8 }).map((some) => ({
      shape,
      dtype,
      values: Float64Array.from({ length }, (_, i) => fitting(some[i % some.length] ?? 1, dtype)),
    }));
  });
}

/** An attribute near the given one, at any depth. */
function attrNear(value: unknown): fc.Arbitrary<unknown> {
  const same = { weight: 6, arbitrary: fc.constant(value) };
  if (typeof value === "number") {
    const other = fc.oneof(fc.constantFrom(...ODD), fc.integer({ min: -5, max: 8 }));
    return fc.oneof(same, { weight: 3, arbitrary: other });
  }
  if (typeof value === "boolean") return fc.boolean();
  if (Array.isArray(value)) {
    return fc.oneof(
      same,
      { weight: 4, arbitrary: fc.tuple(...value.map(attrNear)) },
      // Other lists have a place for each thing.
      ...(value.every((v) => typeof v === "number")
        ? [
            { weight: 1, arbitrary: fc.constant(value.slice(1)) },
            { weight: 1, arbitrary: fc.constant([...(value as unknown[]), value[0] ?? 1]) },
          ]
        : []),
    );
  }
  if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    // A spec's own choice among several functions is none of the op's attributes.
    const near = ([key, v]: [string, unknown]): [string, fc.Arbitrary<unknown>] => [
      key,
      key === "variant" ? fc.constant(v) : attrNear(v),
    ];
    return fc.record(Object.fromEntries(Object.entries(value).map(near)));
  }
  return fc.constant(value);
}

const sampleNear = (sample: Sample): fc.Arbitrary<Sample> =>
  fc.record({
    inputs: fc.tuple(...sample.inputs.map(inputNear)),
    attrs: attrNear(sample.attrs),
  });

/** Blocks of several size classes that surround whatever the op allocates. */
const guards = (): Tensor[] =>
  [1, 3, 16, 17, 40, 64, 100, 300].map((n) => tensor(new Float32Array(n).fill(0.1 * n), { shape: [n] }));

/** The result, or null where the op refuses. Whatever is thrown must say of itself that it is the library's. */
function attempt<T>(run: () => T): T | null {
  try {
    return run();
  } catch (error) {
    if (error instanceof SimdgradError) return null;
    throw error;
  }
}

function checkWhole(out: Tensor | undefined): Float64Array | null {
  if (out === undefined) return null; // the spec asks for an output that an odd call does not have
  for (const n of out.shape) expect(Number.isInteger(n) && n >= 0, `shape [${out.shape.join()}]`).toBe(true);
  const data = Float64Array.from(out.data);
  // Adding 0 makes a −0, which a shape may be asked for, a 0.
  expect(data.length).toBe(out.shape.reduce((a, b) => a * b, 1) + 0);
  return data;
}

function check(spec: OpSpec, { inputs, attrs }: Sample): void {
  const before = memory().live;
  scope(() => {
    const around = guards();
    const given = inputs.map(toTensor);
    const unchanged = [...around, ...given].map((t) => [t, t.data] as const);
    const call = (tensors: readonly Tensor[]): Float64Array | null => {
      manualSeed(1);
      return attempt(() => checkWhole(spec.call(tensors, attrs)));
    };
    const result = call(given);
    for (const disguise of [gapped, transposed])
      expect(call(inputs.map(disguise)), disguise.name).toEqual(result);
    differentiate(spec, inputs, attrs);
    for (const [t, data] of unchanged)
      expect(t.data, "a tensor that the op only reads, or none of its own").toEqual(data);
  });
  expect(memory().live, "live bytes").toBe(before);
}

/** Backward gives gradients of the inputs' shapes, or says why not. */
function differentiate(spec: OpSpec, inputs: readonly Input[], attrs: unknown): void {
  const tracked = inputs.map(toTensor);
  for (const t of tracked) if (t.dtype === "f32") t.requiresGrad = true;
  attempt(() => {
    const out = spec.call(tracked, attrs);
    if ((out as Tensor | undefined)?.requiresGrad) backward(out, { gradient: onesLike(out) });
  });
  for (const t of tracked) if (t.grad !== null) expect(t.grad.shape).toEqual(t.shape);
}

describe("any call gives a whole result or a typed error", () => {
  for (const [name, spec] of Object.entries<OpSpec>(specs)) {
    it(name, () => {
      fc.assert(
        fc.property(fc.constantFrom(...spec.samples).chain(sampleNear), (sample) => {
          check(spec, sample);
        }),
        { numRuns: RUNS, seed: SEED, includeErrorInReport: true },
      );
    });
  }
});
