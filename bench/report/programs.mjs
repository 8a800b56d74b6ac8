import { lineOf, referenceOf } from "./summary.mjs";
import { COMPILED } from "../contenders/list.mjs";
/** @import { ProgramStats } from "../types.d.ts" */
/** @import { Section } from "./summary.mjs" */

/**
 * What the compiled training steps are made of.
 * @param {Section[]} sections
 * @returns {(ProgramStats & { workload: string })[]}
 */
export function programs(sections) {
  return sections.flatMap((section) => {
    const stats = referenceOf(section)?.stats;
    return stats && stats.boundBytes > 0 ? [{ workload: section.workload, ...stats }] : [];
  });
}

/**
 * Seconds a command that does next to nothing takes when a program is replayed.
 * @param {Section[]} sections
 */
export function replayed(sections) {
  const line = lineOf(sections, "replay", COMPILED);
  return line?.best && line.stats ? line.best / line.stats.commands : null;
}
