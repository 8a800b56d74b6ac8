import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bars, reached } from "./bars.mjs";
import { text } from "./text.mjs";
/** @import { Run } from "./run.mjs" */

/**
 * Writes the report and the JSON under the same name; the JSON says what was reached, too.
 * @param {string} folder
 * @param {Run} run
 * @returns {string} the path of the JSON
 */
export function save(folder, run) {
  mkdirSync(folder, { recursive: true });
  const stamp = run.when.slice(0, 16).replace(/[-:]/g, "").replace("T", "-");
  const path = join(folder, `${stamp}-node${run.machine.node.replace(/^v/, "")}`);
  const goals = bars(run).map((goal) => {
    const { what, value, bar, most = false } = goal;
    return { what, value, bar, most, reached: reached(goal) };
  });
  writeFileSync(`${path}.txt`, `${text(run)}\n`);
  writeFileSync(`${path}.json`, `${JSON.stringify({ ...run, bars: goals }, null, 2)}\n`);
  return `${path}.json`;
}
