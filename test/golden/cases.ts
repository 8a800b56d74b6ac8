import type { DType, Tensor } from "../../src/index.ts";

/**
 * Reference results of PyTorch in double precision; test/goldens/README.md gives their form. Nothing here needs a host, nor the library: the
 * cases are checked in other runtimes too (test/platforms/).
 */

export interface GoldenTensor {
  readonly dtype: DType;
  readonly shape: number[];
  readonly data: (number | string | boolean)[];
}

export interface OpCase {
  readonly name: string;
  readonly op: string;
  readonly attrs: Record<string, unknown>;
  readonly inputs: Record<string, GoldenTensor>;
  readonly outputs: GoldenTensor[];
  readonly cotangents?: (GoldenTensor | null)[];
  readonly grads?: Record<string, GoldenTensor | null>;
}

export interface OpFamily {
  readonly family: string;
  readonly cases: OpCase[];
}

export interface TrainingRun {
  readonly name: string;
  readonly layers: [string, Record<string, unknown>][];
  readonly optimizer: string;
  readonly optimizerArgs: Record<string, unknown>;
  readonly loss: string;
  readonly clipGradNorm: number | null;
  readonly init: Record<string, GoldenTensor>;
  readonly batches: { x: GoldenTensor; y: GoldenTensor }[];
  readonly losses: number[];
  readonly final: Record<string, GoldenTensor>;
}

export interface OptimCase {
  readonly optimizer: string;
  readonly args: Record<string, unknown>;
  readonly param: GoldenTensor;
  readonly grads: GoldenTensor[];
  readonly after: GoldenTensor[];
}

export interface ScheduleCase {
  readonly scheduler: string;
  readonly args: Record<string, unknown>;
  readonly baseLr: number;
  /** Before each step. */
  readonly lr?: number[];
  /** What each step is given, and the rate after it. */
  readonly metrics?: number[];
  readonly lrAfter?: number[];
}

const NAMED: Readonly<Record<string, number>> = {
  NaN: NaN,
  nan: NaN,
  Infinity: Infinity,
  inf: Infinity,
  "-Infinity": -Infinity,
  "-inf": -Infinity,
};

/** JSON has no NaN and no infinities: they stand as strings. */
export const toNumber = (value: number | string | boolean): number => {
  const n = typeof value === "string" ? NAMED[value] : Number(value);
  if (n === undefined) throw new Error(`goldens: cannot read the number ${JSON.stringify(value)}`);
  return n;
};

export const numbersOf = (t: GoldenTensor): number[] => t.data.map(toNumber);

export interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
}

/** What the goldens' README calls reasonable in f32. */
export const STANDARD: Tolerance = { absolute: 1e-5, relative: 1e-4 };
export const LONG_SUMS: Tolerance = { absolute: 1e-5, relative: 2e-4 };

/** Throws where a value differs by more than the tolerance; NaN equals NaN. */
export function compare(
  what: string,
  actual: Tensor,
  expected: GoldenTensor,
  tolerance: Tolerance = STANDARD,
): void {
  if (actual.shape.join() !== expected.shape.join()) {
    throw new Error(`${what}: shape [${actual.shape.join(", ")}], expected [${expected.shape.join(", ")}]`);
  }
  if (actual.dtype !== expected.dtype)
    throw new Error(`${what}: dtype ${actual.dtype}, expected ${expected.dtype}`);
  const got = actual.data;
  const want = numbersOf(expected);
  for (let i = 0; i < want.length; i++) {
    const a = got[i] as number;
    const e = want[i] as number;
    if (Number.isNaN(e) ? Number.isNaN(a) : a === e) continue;
    if (!(Math.abs(a - e) <= tolerance.absolute + tolerance.relative * Math.abs(e))) {
      throw new Error(`${what}: element ${i} is ${a}, expected ${e}`);
    }
  }
}
