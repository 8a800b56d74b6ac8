/** @param {number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? NaN)) / 2;
}

/** @typedef {{ median: number, min: number, max: number }} Spread */

/**
 * @param {number[]} values
 * @returns {Spread | null}
 */
export function spread(values) {
  if (values.length === 0) return null;
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/**
 * How many times longer a peer takes than ours, one number a round: both ran in the same minute on the same machine.
 * @param {number[][]} peer
 * @param {number[][]} ours
 * @returns {Spread | null}
 */
export function ratios(peer, ours) {
  const pairs = peer.flatMap((slices, round) => {
    const own = ours[round];
    return own && own.length > 0 && slices.length > 0 ? [median(slices) / median(own)] : [];
  });
  return spread(pairs);
}
