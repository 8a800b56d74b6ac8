import { ShapeError, ValueError } from "../errors.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { Dataset } from "./dataset.ts";
import { permutationArray } from "./shuffle.ts";
import { Subset } from "./subset.ts";

export interface SplitOptions {
  /** Seed of the division, a whole number from 0 to 2⁵³ − 1. Default 0, so that no run tests on what another one learnt from. */
  readonly seed?: number;
  /** Draw the samples of each part at random. Default true; false divides the dataset as it stands, as time series need it. */
  readonly shuffle?: boolean;
  /** The class of each sample: each part gets its share of each class, to a sample. */
  readonly stratify?: ArrayLike<number> | Tensor;
}

/** Sets these draws apart from the loader's, whose epochs are 32-bit numbers from 0. */
const EPOCH = 0xffffffff;

/**
 * Divides a dataset into disjoint parts, which keep the order of the dataset.
 * @param shares numbers of samples, or fractions that sum up to 1; what rounding leaves goes to the first ones.
 * @throws ValueError for shares that are neither, and for a part that would be empty.
 * @example
 * const [train, validation, test] = data.split(dataset, [0.8, 0.1, 0.1], { stratify: labels });
 */
export function split<S>(
  dataset: Dataset<S>,
  shares: readonly number[],
  options: SplitOptions = {},
): Subset<S>[] {
  return divide("split", dataset, countsOf(dataset.length, shares), options).map(
    (indices) => new Subset(dataset, indices),
  );
}

/** One of the k ways to hold a part back. */
export interface Fold<S> {
  readonly train: Subset<S>;
  readonly validation: Subset<S>;
}

/**
 * Divides a dataset into k parts of equal size, to a sample; each is the validation set of one fold, and the others its training set.
 * @throws ValueError for k below 2 or above the number of samples.
 * @example
 * for (const { train, validation } of data.kFold(dataset, 5)) scores.push(await trainAndTest(train, validation));
 */
export function kFold<S>(dataset: Dataset<S>, k: number, options: SplitOptions = {}): Fold<S>[] {
  const { length } = dataset;
  if (!Number.isInteger(k) || k < 2 || k > length) {
    throw new ValueError(
      `kFold: k must be a whole number from 2 to the number of samples, got ${k} for ${length}`,
    );
  }
  const counts = Array.from({ length: k }, (_, i) => Math.floor(length / k) + (i < length % k ? 1 : 0));
  const parts = divide("kFold", dataset, counts, options);
  return parts.map((part) => {
    const held = new Set(part);
    const rest = Int32Array.from({ length }, (_, i) => i).filter((i) => !held.has(i));
    return { train: new Subset(dataset, rest), validation: new Subset(dataset, part) };
  });
}

function countsOf(length: number, shares: readonly number[]): number[] {
  const sum = shares.reduce((a, b) => a + b, 0);
  const said = `got ${shares.join(", ")} for ${length} samples`;
  if (!shares.every((share) => share > 0)) throw new ValueError(`split: shares must be above 0, ${said}`);
  let counts: number[];
  if (sum === length && shares.every(Number.isInteger)) counts = [...shares];
  else if (Math.abs(sum - 1) < 1e-6) {
    counts = shares.map((share) => Math.floor(share * length + 1e-6));
    const rest = length - counts.reduce((a, b) => a + b, 0);
    for (let i = 0; i < rest; i++) counts[i % counts.length] = (counts[i % counts.length] as number) + 1;
  } else {
    throw new ValueError(
      `split: shares must sum up to 1, or be whole numbers that sum up to the length, ${said}`,
    );
  }
  if (counts.includes(0)) throw new ValueError(`split: part ${counts.indexOf(0)} would be empty, ${said}`);
  return counts;
}

function divide<S>(
  op: string,
  dataset: Dataset<S>,
  counts: readonly number[],
  { seed = 0, shuffle = true, stratify }: SplitOptions,
): Int32Array[] {
  const { length } = dataset;
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new ValueError(`${op}: seed must be a whole number from 0 to 2^53 - 1, got ${seed}`);
  }
  const order = shuffle ? permutationArray(length, seed, EPOCH) : Int32Array.from({ length }, (_, i) => i);
  const parts = stratify === undefined ? cut(order, counts) : deal(byClass(op, order, stratify), counts);
  return parts.map((part) => part.sort());
}

/** One part after the other. */
function cut(order: Int32Array, counts: readonly number[]): Int32Array[] {
  let from = 0;
  return counts.map((count) => order.slice(from, (from += count)));
}

/** One sample after the other goes to the part that is furthest behind its share, so that each run of samples is divided fairly. */
function deal(order: Int32Array, counts: readonly number[]): Int32Array[] {
  const parts = counts.map((count) => ({ count, indices: new Int32Array(count), filled: 0 }));
  order.forEach((index, i) => {
    const behind = ({ count, filled }: { count: number; filled: number }): number =>
      filled === count ? -Infinity : (count * (i + 1)) / order.length - filled;
    const next = parts.reduce((most, part) => (behind(part) > behind(most) ? part : most));
    next.indices[next.filled++] = index;
  });
  return parts.map(({ indices }) => indices);
}

/** The samples of each class together, in the order that they had. */
function byClass(op: string, order: Int32Array, stratify: ArrayLike<number> | Tensor): Int32Array {
  if (stratify instanceof Tensor && stratify.ndim !== 1) {
    throw new ShapeError(
      `${op}: stratify must have shape [n], one class a sample, got [${stratify.shape.join(", ")}]`,
    );
  }
  const classes: ArrayLike<number> = stratify instanceof Tensor ? stratify.data : stratify;
  if (classes.length !== order.length) {
    throw new ValueError(
      `${op}: stratify has ${classes.length} classes for ${order.length} samples (one a sample)`,
    );
  }
  const groups = new Map<number, number[]>();
  for (const index of order) {
    const key = classes[index] as number;
    const group = groups.get(key);
    if (group) group.push(index);
    else groups.set(key, [index]);
  }
  const keys = [...groups.keys()].sort((a, b) => a - b);
  return Int32Array.from(keys.flatMap((key) => groups.get(key) ?? []));
}
