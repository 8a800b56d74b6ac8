/**
 * npm run bench: simdgrad beside its peers and the machine's own limit, in one interleaved run. README.md says how.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureDependencies } from "../scripts/ensure.mjs";
import { packAndInstall } from "../scripts/package.mjs";
import { contenders, LIMITS, OURS } from "./contenders/list.mjs";
import { BUSY, describeMachine } from "./measure/machine.mjs";
import { findNode } from "./measure/node.mjs";
import { findTorch } from "./measure/python.mjs";
import { measure } from "./measure/rounds.mjs";
import { measureSizes } from "./measure/sizes.mjs";
import { snapshot } from "./measure/snapshot.mjs";
import { measureStartup } from "./measure/startup.mjs";
import { readOptions, USAGE, UsageError } from "./options.mjs";
import { checkEvidence } from "./report/check.mjs";
import { writePage } from "./report/page.mjs";
import { save } from "./report/save.mjs";
import { summary } from "./report/summary.mjs";
import { text } from "./report/text.mjs";
import { writeWorkloads } from "./workloads/index.mjs";
/** @import { Options } from "./options.mjs" */
/** @import { Run } from "./report/run.mjs" */

const here = fileURLToPath(new URL(".", import.meta.url));

/** @param {string} text */
const say = (text) => process.stderr.write(`bench: ${text}\n`);

/**
 * @param {Options} options
 * @param {string} node
 * @param {string | null} python
 * @param {string} dist our bundle
 * @param {string} folder for copies of the builds
 */
function entriesFor(options, node, python, dist, folder) {
  const against = options.against.map((path, i) => ({
    path,
    dist: snapshot(path, join(folder, `against-${i}`)),
  }));
  const all = contenders({ node, dist, against, python, cpu: options.cpu });
  const { contenders: words } = options;
  if (words === null) return all;
  return all.filter(
    ({ name }) => LIMITS.includes(name) || name.startsWith(OURS) || words.some((word) => name.includes(word)),
  );
}

/**
 * @param {Options} options
 * @returns {Promise<Run>}
 */
async function bench(options) {
  const node = await findNode(options.node);
  const machine = describeMachine(node);
  if (machine.load > BUSY) say(`the machine is busy (load ${machine.load}): no figures to quote`);
  await ensureDependencies(here);
  const named = options.contenders?.some((word) => "PyTorch, as installed, tuned".includes(word)) ?? true;
  const torch = named && options.families.length > 0 ? findTorch() : null;
  const missing = torch && "missing" in torch ? `PyTorch is left out: ${torch.missing}` : null;
  if (missing) say(missing);
  const python = torch && "command" in torch ? torch.command : null;

  const when = new Date();
  const folder = mkdtempSync(join(tmpdir(), "simdgrad-bench-"));
  // Ctrl-C too ends by "exit"; the contenders end when their standard input does.
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  process.once("SIGINT", () => process.exit(130));
  const families = writeWorkloads(folder, options.families);
  const dist = snapshot(join(here, "../dist/node/index.js"), join(folder, "dist"));
  const entries = entriesFor(options, node, python, dist, folder);
  const { results, about } = await measure({ families, entries, folder, pace: options.pace, say });
  const workloads = families.flatMap((family) => family.workloads);
  for (const { name, expected } of workloads) checkEvidence(results.get(name) ?? new Map(), expected);

  /** @type {Run} */
  const run = {
    when: when.toISOString(),
    machine,
    about: Object.fromEntries(about),
    pace: options.pace,
    quick: options.quick,
    clock: options.cpu ? "cpu" : "wall",
    missing,
    sections: summary(results, families),
    startup: options.startup
      ? await measureStartup({
          node,
          entry: createRequire(join((await packAndInstall()).project, "program.js")).resolve("simdgrad"),
          times: options.quick ? 5 : 21,
          clock: options.cpu ? "cpu" : "wall",
          folder,
        })
      : null,
    sizes: options.sizes ? await measureSizes(dist, folder) : null,
  };
  say(`written to ${relative(process.cwd(), save(options.out, run))}`);
  return run;
}

/** @param {string} path @returns {Run} */
function readRun(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new UsageError(`--from ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** @param {Options} options */
async function main(options) {
  const runs = options.from.length > 0 ? options.from.map(readRun) : [await bench(options)];
  for (const run of runs) process.stdout.write(`${text(run)}\n`);
  if (options.write === null) return;
  await writePage(options.write, runs);
  say(`written to ${relative(process.cwd(), options.write)}`);
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(`${USAGE}\n`);
  else await main(options);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`bench: ${error.message}\n\n${USAGE}\n`);
  process.exitCode = 2;
}
