/**
 * The loader's own random order: Philox4x32-10 (J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
 * 2011) in plain integer arithmetic, so that a shuffle needs no wasm and is the same on every host.
 */
import { ValueError } from "../errors.ts";

/** Four unsigned 32-bit words. */
export type Words4 = readonly [number, number, number, number];

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const ROUNDS = 10;

/** Sets the shuffle's counters apart from those of other uses of the same seed. */
const STREAM = 0x73687566;

/** The upper 32 bits of a · b; every step is exact in a double. */
function multiplyHigh(a: number, b: number): number {
  const low = (a & 0xffff) * b;
  return Math.floor(((a >>> 16) * b + Math.floor(low / 65536)) / 65536);
}

/** One block of Philox4x32-10. */
export function philox4x32(counter: Words4, key: readonly [number, number]): Words4 {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low0 = Math.imul(MULTIPLIER_0, c0);
    const low1 = Math.imul(MULTIPLIER_1, c2);
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1 >>> 0;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0 >>> 0;
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/**
 * A permutation of 0 … n − 1 that depends on n, seed and epoch alone; every permutation is equally likely
 * (Fisher–Yates with D. Lemire's rejection, "Fast random integer generation in an interval", 2019).
 */
export function permutationArray(n: number, seed: number, epoch: number): Int32Array<ArrayBuffer> {
  if (!Number.isInteger(n) || n < 0 || n > 0x7fffffff) {
    throw new ValueError(`permutation: n must be an integer from 0 to 2³¹ − 1, got ${n}`);
  }
  if (!Number.isSafeInteger(seed)) {
    throw new ValueError(`permutation: seed must be a safe integer, got ${seed}`);
  }
  const key = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0] as const;
  let block = 0;
  let words: Words4 = [0, 0, 0, 0];
  let used = 4;
  const draw = (): number => {
    if (used === 4) {
      words = philox4x32([block++, epoch >>> 0, STREAM, 0], key);
      used = 0;
    }
    return words[used++] as number;
  };
  /** Uniform over 0 … bound − 1. */
  const below = (bound: number): number => {
    let word = draw();
    let low = Math.imul(word, bound) >>> 0;
    if (low < bound) {
      const biased = (2 ** 32 - bound) % bound;
      while (low < biased) {
        word = draw();
        low = Math.imul(word, bound) >>> 0;
      }
    }
    return multiplyHigh(word, bound);
  };

  const order = new Int32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  for (let i = n - 1; i > 0; i--) {
    const j = below(i + 1);
    const swap = order[i] as number;
    order[i] = order[j] as number;
    order[j] = swap;
  }
  return order;
}
