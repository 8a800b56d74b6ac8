import { expect } from "vitest";
import { backward, grad, memory, mul, scope, sum, tensor, type Tensor } from "../../src/index.ts";
import { gapped, transposed } from "./disguise.ts";
import { nd, type Nd } from "./nd.ts";
import { f32, toNd, toTensor, type Input, type OpSpec, type Sample } from "./spec.ts";

const STANDARD = { absolute: 1e-5, relative: 1e-4 };
const GRADIENT = { absolute: 2e-4, relative: 1e-3 };
const SECOND = { absolute: 2e-3, relative: 5e-3 };

/** Runs every check that a spec allows on one sample but the second order's, and that nothing stays behind. */
export function checkSample(spec: OpSpec, sample: Sample): void {
  leavingNothing(() => {
    scope(() => {
      checkForward(spec, sample);
    });
    scope(() => {
      checkViews(spec, sample);
    });
    const gradients = differentiable(spec, sample);
    if (gradients.length === 0) return;
    scope(() => {
      checkGradient(spec, sample, gradients);
    });
  });
}

/** Whether gradients of gradients are to be checked: differences of differences cost the square of the size. */
export function hasSecondOrder(spec: OpSpec, sample: Sample): boolean {
  const size = differentiable(spec, sample).reduce(
    (n, i) => n + (sample.inputs[i] as Input).values.length,
    0,
  );
  return size > 0 && size <= 40 && (spec.secondOrder ?? true);
}

/** Gradients of gradients against the reference. */
export function checkSampleTwice(spec: OpSpec, sample: Sample): void {
  leavingNothing(() => {
    scope(() => {
      checkSecondOrder(spec, sample, differentiable(spec, sample));
    });
  });
}

function leavingNothing(run: () => void): void {
  const before = memory().live;
  run();
  expect(memory().live, "live bytes after the sample").toBe(before);
}

const differentiable = (spec: OpSpec, sample: Sample): readonly number[] =>
  spec.gradients ?? sample.inputs.flatMap((input, i) => (input.dtype === "f32" ? [i] : []));

export function close(
  what: string,
  got: ArrayLike<number>,
  want: ArrayLike<number>,
  tolerance = STANDARD,
): void {
  expect(got.length, what).toBe(want.length);
  for (let i = 0; i < want.length; i++) {
    const [a, e] = [got[i] as number, want[i] as number];
    if (Number.isNaN(e) ? Number.isNaN(a) : a === e) continue;
    const bound = tolerance.absolute + tolerance.relative * Math.abs(e);
    if (!(Math.abs(a - e) <= bound)) throw new Error(`${what}: element ${i} is ${a}, the reference ${e}`);
  }
}

function checkForward(spec: OpSpec, sample: Sample): void {
  const out = spec.call(sample.inputs.map(toTensor), sample.attrs);
  const want = spec.reference(sample.inputs.map(toNd), sample.attrs);
  expect(out.shape, "shape").toEqual(want.shape);
  expect(out.dtype, "dtype").toBe(spec.dtype ?? "f32");
  close("forward", out.data, want.data, spec.tolerance);
}

/** The same numbers behind other strides: transposed, with gaps, and reversed storage order must give the same bits. */
function checkViews(spec: OpSpec, sample: Sample): void {
  const plain = spec.call(sample.inputs.map(toTensor), sample.attrs).data;
  for (const disguise of [transposed, gapped]) {
    const out = spec.call(sample.inputs.map(disguise), sample.attrs);
    expect(Array.from(out.data), disguise.name).toEqual(Array.from(plain));
  }
}

/** Random weights that make a scalar of the output, so that every element counts differently. */
function weightsFor(n: number): Float64Array {
  return f32([n], 0.5, 1.5).values;
}

function scalarOf(
  spec: OpSpec,
  sample: Sample,
  values: readonly Float64Array[],
  weights: Float64Array,
): number {
  const inputs = sample.inputs.map((input, i): Nd => nd(input.shape, values[i] as Float64Array));
  const out = spec.reference(inputs, sample.attrs).data;
  let total = 0;
  for (let i = 0; i < out.length; i++) total += (out[i] as number) * (weights[i] as number);
  return total;
}

/** Central differences of the reference in double precision. */
function numericGradient(
  f: (values: readonly Float64Array[]) => number,
  values: readonly Float64Array[],
  i: number,
  h: number,
): Float64Array {
  const moved = values.map((v) => v.slice());
  const at = moved[i] as Float64Array;
  return at.map((value, j) => {
    at[j] = value + h;
    const above = f(moved);
    at[j] = value - h;
    const below = f(moved);
    at[j] = value;
    return (above - below) / (2 * h);
  });
}

function tracked(sample: Sample, gradients: readonly number[]): Tensor[] {
  const inputs = sample.inputs.map(toTensor);
  for (const i of gradients) (inputs[i] as Tensor).requiresGrad = true;
  return inputs;
}

function checkGradient(spec: OpSpec, sample: Sample, gradients: readonly number[]): void {
  const inputs = tracked(sample, gradients);
  const out = spec.call(inputs, sample.attrs);
  const weights = weightsFor(out.size);
  backward(out, { gradient: tensor(Float32Array.from(weights), { shape: out.shape }) });
  const values = sample.inputs.map((input) => input.values);
  for (const i of gradients) {
    const want = numericGradient((v) => scalarOf(spec, sample, v, weights), values, i, 1e-6);
    const got = (inputs[i] as Tensor).grad;
    expect(got, `gradient of input ${i}`).not.toBeNull();
    close(`gradient of input ${i}`, (got as Tensor).data, want, GRADIENT);
  }
}

/** Gradients of a weighted sum of gradients, against differences of differences. */
function checkSecondOrder(spec: OpSpec, sample: Sample, gradients: readonly number[]): void {
  const inputs = tracked(sample, gradients);
  const targets = gradients.map((i) => inputs[i] as Tensor);
  const out = spec.call(inputs, sample.attrs);
  const weights = weightsFor(out.size);
  const first = grad(out, targets, {
    createGraph: true,
    gradOutputs: [tensor(Float32Array.from(weights), { shape: out.shape })],
  });
  const outer = targets.map((t) => weightsFor(t.size));
  const total = first
    .map((g, j) => sum(mul(g, tensor(Float32Array.from(outer[j] as Float64Array), { shape: g.shape }))))
    .reduce((a, b) => a.add(b));
  const second = total.requiresGrad ? grad(total, targets, { allowUnused: true }) : targets.map(() => null);
  const values = sample.inputs.map((input) => input.values);
  const gradientSum = (v: readonly Float64Array[]): number =>
    gradients.reduce((sum, i, j) => {
      const g = numericGradient((w) => scalarOf(spec, sample, w, weights), v, i, 1e-4);
      return sum + g.reduce((s, x, at) => s + x * ((outer[j] as Float64Array)[at] as number), 0);
    }, 0);
  for (const [j, i] of gradients.entries()) {
    const want = numericGradient(gradientSum, values, i, 1e-4);
    const got = second[j]?.data ?? new Float32Array(want.length);
    close(`second order of input ${i}`, got, want, SECOND);
  }
}

const SPECIAL = [
  NaN,
  Infinity,
  -Infinity,
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  2 ** -149,
  -(2 ** -149),
  2 ** -126,
  3.4028234663852886e38,
  -3.4028234663852886e38,
  1e-10,
  88.5,
  -88.5,
];

/** Element-wise maps at the edges of f32: the reference rounded to f32, a few ulp off at most; the sign of zero counts. */
export function checkSpecial(spec: OpSpec, attrs: unknown): void {
  scope(() => {
    const values = SPECIAL.map(Math.fround);
    const out = spec.call([tensor(Float32Array.from(values))], attrs).data;
    const want = spec.reference([nd([values.length], values)], attrs).data;
    for (const [i, x] of values.entries()) {
      const [a, e] = [out[i] as number, Math.fround(want[i] as number)];
      if (Object.is(a, e)) continue;
      const ulp = Math.max(2 ** -149, Math.abs(e) * 2 ** -23);
      if (!(e !== 0 && Math.abs(a - e) <= 4 * ulp))
        throw new Error(
          `f(${Object.is(x, -0) ? "-0" : x}) is ${Object.is(a, -0) ? "-0" : a}, the reference ${Object.is(e, -0) ? "-0" : e}`,
        );
    }
  });
}
