import { ValueError } from "../errors.ts";
import { philox4x32 } from "./shuffle.ts";

/** Sets these draws apart from those of other uses of the same seed. */
const STREAM = 0x77656967;

/** The sums of the weights up to each sample. */
export function cumulate(weights: ArrayLike<number>, length: number): Float64Array {
  if (weights.length !== length) {
    throw new ValueError(`DataLoader: ${weights.length} weights for ${length} samples (one a sample)`);
  }
  const sums = new Float64Array(length);
  let sum = 0;
  for (let i = 0; i < length; i++) {
    const weight = weights[i] as number;
    if (!(weight >= 0 && weight < Infinity)) {
      throw new ValueError(`DataLoader: weights must be finite numbers ≥ 0, got ${weight} for sample ${i}`);
    }
    sums[i] = sum += weight;
  }
  if (!(sum > 0 && sum < Infinity)) {
    throw new ValueError(`DataLoader: the weights sum up to ${sum} (at least one must be above 0)`);
  }
  return sums;
}

/** As many draws as there are samples, with replacement, each sample by its weight. They depend on the sums, seed and epoch alone. */
export function weightedArray(sums: Float64Array, seed: number, epoch: number): Int32Array<ArrayBuffer> {
  const n = sums.length;
  const key = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0] as const;
  const total = sums[n - 1] as number;
  return Int32Array.from({ length: n }, (_, i) => {
    const [high, low] = philox4x32([i, epoch >>> 0, STREAM, 0], key);
    // 53 bits, in [0, 1); the product may round up to the total, which the search stops before.
    const at = (((high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53) * total;
    return firstAbove(sums, at);
  });
}

/** Position of the first sum that is greater, or of the last sample that has a weight. */
function firstAbove(sums: Float64Array, value: number): number {
  const total = sums[sums.length - 1] as number;
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const sum = sums[middle] as number;
    if (sum > value || sum === total) high = middle;
    else low = middle + 1;
  }
  return low;
}
