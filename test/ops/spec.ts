import type * as ops from "../../src/ops/index.ts";
import { tensor, type DType, type Tensor } from "../../src/index.ts";
import { nd, sizeOf, type Nd } from "./nd.ts";

/** Every public op, by type: one without a spec does not compile. */
export type OpName = keyof typeof ops;

export interface Input {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly values: Float64Array;
}

export interface Sample {
  readonly inputs: readonly Input[];
  /** Attributes, as `call` and `reference` take them. */
  readonly attrs?: unknown;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- attributes differ from op to op; each spec fixes its own
type Attrs = any;

export interface OpSpec {
  readonly samples: readonly Sample[];
  readonly call: (inputs: readonly Tensor[], attrs: Attrs) => Tensor;
  readonly reference: (inputs: readonly Nd[], attrs: Attrs) => Nd;
  /** dtype of the result; default f32. */
  readonly dtype?: DType;
  /** Inputs with gradients; default all f32 inputs. Empty for ops without. */
  readonly gradients?: readonly number[];
  /** Whether gradients of gradients are checked; default true where there are gradients. */
  readonly secondOrder?: boolean;
  readonly tolerance?: { readonly absolute: number; readonly relative: number };
  /** For element-wise maps: NaN, infinities, zeros and denormals against the reference. */
  readonly special?: boolean;
  /** Calls that must fail: the error's class name and what its message says. */
  readonly errors?: readonly (readonly [run: () => unknown, name: string, says: RegExp])[];
}

let seed = 1;
/** Numbers that repeat from run to run. */
function next(): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 2 ** 32;
}

/** Random f32 values of a range, away from whole numbers so that no kink is hit by chance. */
export function f32(shape: readonly number[], low = -2, high = 2): Input {
  const values = Float64Array.from({ length: sizeOf(shape) }, () => Math.fround(low + (high - low) * next()));
  return { shape, dtype: "f32", values };
}

export function i32(shape: readonly number[], low: number, high: number): Input {
  return {
    shape,
    dtype: "i32",
    values: Float64Array.from({ length: sizeOf(shape) }, () => low + Math.floor((high - low) * next())),
  };
}

export function bool(shape: readonly number[]): Input {
  return {
    shape,
    dtype: "bool",
    values: Float64Array.from({ length: sizeOf(shape) }, () => Number(next() < 0.5)),
  };
}

export function exactly(shape: readonly number[], values: readonly number[], dtype: DType = "f32"): Input {
  return { shape, dtype, values: Float64Array.from(values, dtype === "f32" ? Math.fround : (v) => v) };
}

export function toTensor({ shape, dtype, values }: Input): Tensor {
  return tensor(dtype === "f32" ? Float32Array.from(values) : Int32Array.from(values), { shape, dtype });
}

export const toNd = ({ shape, values }: Input): Nd => nd(shape, values);

/** How tests name the i-th sample of an op. */
export function titleOf(i: number, { inputs, attrs }: Sample): string {
  const shapes = inputs.map((t) => `${t.dtype}[${t.shape.join()}]`).join(" ");
  return `${i}: ${shapes} ${JSON.stringify(attrs ?? {})}`;
}
