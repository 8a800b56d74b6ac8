import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { format, resolveConfig } from "prettier";
import { chapters } from "./chapters.mjs";
import { markdownTable } from "./format.mjs";
import { circumstances } from "./text.mjs";
/** @import { Run } from "./run.mjs" */

/** From here on the page is written by hand, and stays. */
const BY_HAND = "## What bounds it";

const INTRODUCTION = `# Benchmarks

Written by \`npm run bench -- --write docs/benchmarks.md\`, but for the last part. [bench/README.md](../bench/README.md) tells what is
measured and how: contenders take turns in slices of 0.12 s, in fresh processes in every round. _Best_ is the fastest slice of all rounds,
_median_ that of all slices; a ratio is the quotient of two medians of one round, parentheses hold the least and the largest of the rounds.
One thread where nothing else is said.`;

/** A list of one line each. @param {string[]} lines */
const bullets = (lines) => (lines.length > 0 ? [lines.map((line) => `- ${line}`).join("\n")] : []);

/** What a contender says may look like markup. @param {[who: string, words: string]} quote */
const quoted = ([who, words]) => `${who}: \`${words.replaceAll("`", "'").replaceAll("\n", " ")}\``;

/** @param {Run} run */
function part(run) {
  const { machine, when, about, pace } = run;
  const rounds = `${pace.rounds} round${pace.rounds === 1 ? "" : "s"}`;
  const who = Object.entries(about).map(([name, words]) => `${name}: ${words}`);
  return [
    `## Node ${machine.node.replace(/^v/, "")}, ${when.slice(0, 10)}, ${rounds}`,
    ...bullets([...circumstances(run), ...who]),
    ...chapters(run).flatMap(({ title, note, tables, remarks = [], quotes = [] }) => [
      `### ${title}`,
      ...(note ? [note] : []),
      ...tables.map(({ head, rows }) => markdownTable(head, rows)),
      ...bullets([...remarks, ...quotes.map(quoted)]),
    ]),
  ];
}

/**
 * Writes the page of some runs; what stands in it by hand is kept.
 * @param {string} path
 * @param {Run[]} runs
 */
export async function writePage(path, runs) {
  const before = existsSync(path) ? readFileSync(path, "utf8") : "";
  const at = before.indexOf(BY_HAND);
  const byHand = at < 0 ? `${BY_HAND}\n` : before.slice(at);
  const page = [INTRODUCTION, ...runs.flatMap(part), byHand].join("\n\n");
  const style = await resolveConfig(path);
  writeFileSync(path, await format(page, { ...style, parser: "markdown" }));
}
