import { COMPILED, LIMITS, OURS, PEAK } from "../contenders/list.mjs";
import { median, ratios } from "../measure/statistics.mjs";
/** @import { ProgramStats, Readings, Results } from "../types.d.ts" */
/** @import { Family } from "../workloads/index.mjs" */
/** @import { Spread } from "../measure/statistics.mjs" */

/**
 * @typedef {object} Line one contender's figures for one workload
 * @property {string} contender
 * @property {number | null} best seconds a step, the fastest slice
 * @property {number | null} median seconds a step
 * @property {Spread | null} ratio its time over the reference's, by round
 * @property {number | null} gflops of the best slice
 * @property {number | null} gbps of the best slice
 * @property {ProgramStats | null} stats of a compiled step
 * @property {number[][]} rounds seconds a step, by round and slice
 * @property {string | null} error
 */

/**
 * @typedef {object} Section
 * @property {string} family
 * @property {string} workload
 * @property {string} title
 * @property {string} reference whom the others are compared to: ours, compiled where that is measured
 * @property {Line[]} lines
 */

/**
 * @param {string} contender
 * @param {Readings} readings
 * @param {Readings | undefined} reference
 * @param {{ flops: number | null, bytes?: number }} work
 * @returns {Line}
 */
function summarize(contender, { rounds, error, stats, ...own }, reference, work) {
  const slices = rounds.flat();
  const best = slices.length > 0 ? Math.min(...slices) : null;
  const operations = own.flops ?? work.flops;
  const bytes = own.bytes ?? work.bytes ?? null;
  return {
    contender,
    best,
    median: slices.length > 0 ? median(slices) : null,
    ratio: LIMITS.includes(contender) || !reference ? null : ratios(rounds, reference.rounds),
    gflops: best === null || operations === null ? null : operations / best / 1e9,
    gbps: best === null || bytes === null ? null : bytes / best / 1e9,
    stats,
    rounds,
    error,
  };
}

/**
 * @param {Results} results
 * @param {Family[]} families
 * @returns {Section[]}
 */
export function summary(results, families) {
  return families.flatMap((family) =>
    family.workloads.map(({ name, title, ...work }) => {
      /** @type {Map<string, Readings>} */
      const row = results.get(name) ?? new Map();
      const compiled = (row.get(COMPILED)?.rounds.flat().length ?? 0) > 0;
      const reference = compiled ? COMPILED : OURS;
      const lines = [...row].map(([contender, readings]) =>
        summarize(contender, readings, contender === reference ? undefined : row.get(reference), work),
      );
      return { family: family.name, workload: name, title, reference, lines };
    }),
  );
}

/**
 * The largest reading of all rounds, GFLOP/s.
 * @param {Section[]} sections
 */
export function peakOf(sections) {
  const readings = sections.flatMap(({ lines }) => lines.filter(({ contender }) => contender === PEAK));
  const known = readings.flatMap(({ gflops }) => gflops ?? []);
  return known.length > 0 ? Math.max(...known) : null;
}

/**
 * @param {Section[]} sections
 * @param {string} workload
 * @param {string} contender
 */
export function lineOf(sections, workload, contender) {
  return sections
    .find((section) => section.workload === workload)
    ?.lines.find((line) => line.contender === contender);
}

/**
 * How many times as long one contender takes as another, by round.
 * @param {Section | undefined} section
 * @param {string} one
 * @param {string} other
 */
export function quotient(section, one, other) {
  const [a, b] = [one, other].map((name) => section?.lines.find(({ contender }) => contender === name));
  return a && b ? ratios(a.rounds, b.rounds) : null;
}

/** @param {Section} section */
export const referenceOf = ({ lines, reference }) => lines.find(({ contender }) => contender === reference);
