import { BUSY } from "../measure/machine.mjs";
import { chapters } from "./chapters.mjs";
import { table } from "./format.mjs";
/** @import { Run } from "./run.mjs" */

/** What is to be known of the machine and the run. @param {Run} run */
export function circumstances({ machine, missing, clock, quick }) {
  const { cpu, cores, memory, system, load, node, v8 } = machine;
  return [
    `${cpu}, ${cores} cores, ${memory} GiB, ${system}; Node ${node.replace(/^v/, "")} (V8 ${v8}); load before the start: ${load}`,
    ...(load > BUSY ? [`WARNING: the machine was busy (load ${load} > ${BUSY}): no figures to quote.`] : []),
    ...(clock === "cpu" ? ["Processor time, not wall time: no figures to quote."] : []),
    ...(quick ? ["A quick round: no figures to quote."] : []),
    ...(missing === null ? [] : [missing]),
  ];
}

/** The report for a terminal. @param {Run} run */
export function text(run) {
  const about = Object.entries(run.about).map(([name, words]) => `${name}: ${words}`);
  const parts = chapters(run).map(({ title, note, tables, remarks = [], quotes = [] }) => {
    const lines = [...remarks, ...quotes.map(([who, words]) => `${who}: ${words}`)];
    return [
      title,
      ...(note ? [note] : []),
      ...tables.map(({ head, rows }) => table(head, rows)),
      ...lines,
    ].join("\n");
  });
  return [[...circumstances(run), ...about].join("\n"), ...parts].join("\n\n");
}
