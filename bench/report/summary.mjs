import { LIMITS, OURS, PEAK } from "../contenders/list.mjs";
import { median, ratios } from "../measure/statistics.mjs";
/** @import { Readings, Results } from "../types.d.ts" */
/** @import { Spread } from "../measure/statistics.mjs" */

/**
 * @typedef {object} Line one contender's figures for one workload
 * @property {string} contender
 * @property {number | null} best seconds a step, the fastest slice
 * @property {number | null} median seconds a step
 * @property {Spread | null} ratio its time over ours, by round
 * @property {number | null} gflops of the best slice
 * @property {number | null} gbps of the best slice
 * @property {number[][]} rounds seconds a step, by round and slice
 * @property {string | null} error
 */

/** @typedef {{ workload: string, title: string, lines: Line[] }} Section */

/**
 * @param {string} contender
 * @param {Readings} readings
 * @param {Readings | undefined} ours
 * @param {{ flops: number | null, bytes?: number }} work
 * @returns {Line}
 */
function summarize(contender, { rounds, error, ...own }, ours, work) {
  const slices = rounds.flat();
  const best = slices.length > 0 ? Math.min(...slices) : null;
  const operations = own.flops ?? work.flops;
  const bytes = own.bytes ?? work.bytes ?? null;
  return {
    contender,
    best,
    median: slices.length > 0 ? median(slices) : null,
    ratio: LIMITS.includes(contender) || contender === OURS || !ours ? null : ratios(rounds, ours.rounds),
    gflops: best === null || operations === null ? null : operations / best / 1e9,
    gbps: best === null || bytes === null ? null : bytes / best / 1e9,
    rounds,
    error,
  };
}

/**
 * @param {Results} results
 * @param {{ name: string, title: string, flops: number | null, bytes?: number }[]} workloads
 * @returns {Section[]}
 */
export function summary(results, workloads) {
  return workloads.map(({ name, title, ...work }) => {
    const row = results.get(name) ?? new Map();
    const ours = row.get(OURS);
    const lines = [...row].map(([contender, readings]) => summarize(contender, readings, ours, work));
    return { workload: name, title, lines };
  });
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
