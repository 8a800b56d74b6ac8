/**
 * What a cell must show.
 *
 * @typedef {{ host: string, losses: number[], shared: number[], threads: number, threadsReason: string, oneCopy: boolean, error?: string }} Result
 */
import { isDeepStrictEqual } from "node:util";

/**
 * @param {Result} result
 * @param {readonly number[]} expected
 * @returns {string | null} what is wrong
 */
export function wrongWith({ error, losses, shared, oneCopy }, expected) {
  if (error) return error;
  if (!isDeepStrictEqual(losses, expected)) return `the losses are ${losses.join(", ")}, not ${expected.join(", ")}`;
  if (!isDeepStrictEqual(shared, expected)) return `on two threads the losses are ${shared.join(", ")}`;
  if (!oneCopy) return 'nn.Linear of "simdgrad" is not Linear of "simdgrad/nn": there are two copies';
  return null;
}

/**
 * The program learns, so that five equal numbers are not what all agree on.
 * @param {readonly number[]} losses
 */
export function learns(losses) {
  const [first = NaN] = losses;
  return new Set(losses).size === 5 && losses.every(Number.isFinite) && /** @type {number} */ (losses.at(-1)) < first;
}
