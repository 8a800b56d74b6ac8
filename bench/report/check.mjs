import { median } from "../measure/statistics.mjs";
/** @import { Readings } from "../types.d.ts" */

const TOLERANCE = 2e-3;

/**
 * Contenders begin with the same weights and data, so the first losses must agree: who differs computes something else,
 * and its time says nothing. Products are checked against one computed in double precision.
 * @param {Map<string, Readings>} row
 * @param {number} [expected]
 */
export function checkEvidence(row, expected) {
  const all = [...row.values()].map(({ evidence }) => evidence);
  for (const readings of row.values()) {
    for (const [i, value] of readings.evidence.entries()) {
      const right = expected ?? median(all.flatMap((evidence) => evidence[i] ?? []));
      if (Math.abs(value - right) <= TOLERANCE * Math.max(1, Math.abs(right))) continue;
      readings.error ??= `computes something else: ${value} where ${right} is expected`;
    }
  }
}
