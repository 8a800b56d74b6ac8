/**
 * npm run bench: simdgrad beside its peers and the machine's own limit, in one interleaved run. README.md says how.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureDependencies } from "../scripts/ensure.mjs";
import { contenders, LIMITS, OURS } from "./contenders/list.mjs";
import { BUSY, describeMachine } from "./measure/machine.mjs";
import { findNode } from "./measure/node.mjs";
import { findTorch } from "./measure/python.mjs";
import { measure } from "./measure/rounds.mjs";
import { measureSizes } from "./measure/sizes.mjs";
import { snapshot } from "./measure/snapshot.mjs";
import { measureStartup } from "./measure/startup.mjs";
import { readOptions, USAGE, UsageError } from "./options.mjs";
import { bars, barsText, reached } from "./report/bars.mjs";
import { checkEvidence } from "./report/check.mjs";
import { save } from "./report/save.mjs";
import { summary } from "./report/summary.mjs";
import { gemmText, machineText, opsText, sizesText, startupText, stepText } from "./report/text.mjs";
import { writeWorkloads } from "./workloads/index.mjs";
/** @import { Options } from "./options.mjs" */

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
    ({ name }) => [...LIMITS, OURS].includes(name) || words.some((word) => name.includes(word)),
  );
}

/** @param {Options} options */
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
  const dist = snapshot(join(here, "../dist/node.js"), join(folder, "dist"));
  const entries = entriesFor(options, node, python, dist, folder);
  const { results, about } = await measure({ families, entries, folder, pace: options.pace, say });
  const workloads = families.flatMap((family) => family.workloads);
  for (const { name, expected } of workloads) checkEvidence(results.get(name) ?? new Map(), expected);

  const sections = summary(results, workloads);
  const startup = options.startup ? measureStartup(node, dist, options.quick ? 5 : 21) : null;
  const sizes = options.sizes ? measureSizes(dist) : null;
  const list = bars({ sections, startup, sizes, node: machine.node });
  /** @param {string} prefix */
  const only = (prefix) => sections.filter(({ workload }) => workload.startsWith(prefix));
  const steps = sections.filter(({ workload }) => !/^(gemm|op)-/.test(workload));
  const text = [
    machineText(machine, about),
    options.cpu ? "Processor time, not wall time: no figures to quote." : "",
    missing ?? "",
    gemmText(only("gemm-")),
    opsText(only("op-")),
    ...steps.map(stepText),
    startup ? startupText(startup) : "",
    sizes ? sizesText(sizes) : "",
    barsText(list),
  ]
    .filter(Boolean)
    .join("\n\n");
  const json = {
    when,
    machine,
    about: Object.fromEntries(about),
    pace: options.pace,
    quick: options.quick,
    clock: options.cpu ? "cpu" : "wall",
    sections,
    startup,
    sizes,
    bars: list.map(({ show: _, ...bar }) => ({ ...bar, reached: reached({ ...bar, show: _ }) })),
  };
  process.stdout.write(`${text}\n`);
  say(`written to ${relative(process.cwd(), save(options.out, { when, node: machine.node, text, json }))}`);
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(`${USAGE}\n`);
  else await bench(options);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`bench: ${error.message}\n\n${USAGE}\n`);
  process.exitCode = 2;
}
