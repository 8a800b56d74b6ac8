/**
 * Bundlers, from the packed tarball: each builds the same program, and a page or a process runs what came out.
 *
 *   npm run test:bundlers -- [--only vite,webpack] [--write]
 *
 * --only    some cells: those of cells.mjs, and next
 * --write   puts the table into docs/bundlers.md
 *
 * The last line counts the tests; .cache/bundlers.json has them in the form that scripts/test-summary.mjs reads.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ensureDependencies, ensureDist } from "../../scripts/ensure.mjs";
import { serveFiles } from "../browser/serve.ts";
import { build, deploy } from "./build.mjs";
import { cells } from "./cells.mjs";
import { execute, serve } from "./execute.mjs";
import { learns, wrongWith } from "./judge.mjs";
import { checkNext } from "./next.mjs";
import { bin, install, newerNode, root, versionOf, work } from "./project.mjs";
import { Report } from "./report.mjs";
import { holds, sizeOf } from "./size.mjs";
import { launch, visit } from "./visit.mjs";

/** What only layers have in them: a program without layers that holds it has taken them along. */
const MARK_OF_LAYERS = "Conv2d";
const ISOLATED = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

const { values: options } = parseArgs({
  options: {
    only: { type: "string" },
    write: { type: "boolean", default: false },
  },
});
/** Those of cells.mjs, and one that has a file of its own. */
const all = [...Object.keys(cells), "next"];
const names = options.only?.split(",") ?? all;
const unknown = names.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  console.error(`no cell ${unknown.join(", ")}; there are ${all.join(", ")}`);
  process.exit(2);
}

await ensureDist();
await ensureDependencies(join(root, "test/bundlers")).catch((error) => console.error(String(error)));
await install();
const report = new Report();
const browser = await launch();
/** @type {(() => void)[]} */
const leftovers = [];

/** @typedef {import("./judge.mjs").Result} Result */

/**
 * @param {string} url
 */
const look = async (url) => {
  const { result, workers } = await visit(browser, url);
  const how = workers.some((worker) => worker.startsWith("blob:")) ? "from text" : "file";
  return { result, how: result.threads === 2 ? how : null };
};

/**
 * Runs what a cell built.
 * @param {string} name
 * @param {import("./cells.mjs").Cell} cell
 * @param {{ folder: string, out: string }} built
 * @returns {Promise<{ result: Result, how: string | null }>} and how its threads were started
 */
async function run(name, cell, { folder, out }) {
  if (cell.runs === "page") {
    if (cell.server) {
      const [tool = "", ...args] = cell.server;
      const served = await serve(bin(tool), args, { cwd: folder });
      try {
        return await look(served.url);
      } finally {
        await served.close();
      }
    }
    const served = await serveFiles(cell.out ? out : work, ISOLATED);
    try {
      return await look(`${served.url}${cell.out ? "" : `/${name}`}/index.html`);
    } finally {
      await served.close();
    }
  }
  if (cell.runs === "worker") {
    const args = [join(root, "test/bundlers/workerd.mjs"), out];
    return { result: JSON.parse(await execute(newerNode, args, { cwd: root })), how: null };
  }
  let place = folder;
  if (cell.out) {
    const deployed = deploy(name, cell, out);
    place = deployed.place;
    leftovers.push(deployed.clear);
  }
  const result = JSON.parse(await execute(process.execPath, [join(place, cell.main ?? "")], { cwd: place }));
  return { result, how: result.threads === 2 ? "from text" : null };
}

/**
 * @param {string} name
 * @param {import("./cells.mjs").Cell} cell
 * @param {readonly number[]} expected
 */
async function check(name, cell, expected) {
  const version = cell.tool === null ? "" : versionOf(cell.tool);
  const row = report.row(name, cell.title, version);
  if (version === null) {
    row.fails("builds", `missing: ${cell.tool} is not installed`);
    return;
  }
  const program = cell.runs;
  try {
    const built = await build(name, cell, program);
    row.passes("builds");
    if (cell.out) row.size = sizeOf(built.out);
    try {
      const { result, how } = await run(name, cell, built);
      if (cell.refuses) {
        if (cell.refuses.test(result.error ?? "")) row.passes("says what it lacks");
        else row.fails("says what it lacks", JSON.stringify(result));
        return;
      }
      const wrong = wrongWith(result, expected);
      if (wrong === null) row.passes("runs");
      else row.fails("runs", wrong);
      row.threads = how;
      if (cell.runs === "worker" || cell.title.includes("inline")) row.threadsReason = result.threadsReason;
      else if (how === null) row.fails("starts threads", result.threadsReason);
      else row.passes("starts threads");
    } catch (error) {
      row.fails("runs", String(error));
    }
    if (cell.runs !== "page" || !cell.out) return;
    const few = await build(name, cell, "few");
    row.few = sizeOf(few.out);
    // The program with layers shows that the mark would be seen.
    if (!holds(built.out, MARK_OF_LAYERS))
      row.fails("leaves layers out", `no ${MARK_OF_LAYERS} in the full build`);
    else if (holds(few.out, MARK_OF_LAYERS))
      row.fails("leaves layers out", "they are in a program without any");
    else row.passes("leaves layers out");
  } catch (error) {
    row.fails("builds", String(error));
  }
}

try {
  // The yardstick: no bundler, in Node, from the tarball.
  const { folder } = await build("yardstick", /** @type {any} */ (cells).node, "node");
  const yardstick = JSON.parse(await execute(process.execPath, [join(folder, "main.js")], { cwd: folder }));
  if (yardstick.error || !learns(yardstick.losses))
    throw new Error(`Node alone: ${JSON.stringify(yardstick)}`);
  console.log(`expected losses: ${yardstick.losses.join(", ")}`);
  for (const name of names) {
    const begun = performance.now();
    if (name === "next") await checkNext(report, yardstick.losses, look);
    else await check(name, /** @type {import("./cells.mjs").Cell} */ (cells[name]), yardstick.losses);
    console.log(`${name}: ${report.said(name)} (${((performance.now() - begun) / 1000).toFixed(1)} s)`);
  }
} finally {
  await browser.close();
  for (const clear of leftovers) clear();
}

console.log(`\n${report.table()}`);
mkdirSync(join(root, ".cache"), { recursive: true });
report.save(join(root, ".cache/bundlers.json"));
if (options.write) await report.write(join(root, "docs/bundlers.md"));
if (!report.summary()) process.exitCode = 1;
