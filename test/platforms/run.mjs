/** The runtime matrix: npm run test:platforms -- --help */
import { fileURLToPath } from "node:url";
import { ensureDependencies, ensureDist, EnsureError } from "../../scripts/ensure.mjs";
import { readOptions, UsageError } from "./options.mjs";

/** @import { Found, Outcome, Runtime, Visit } from "./types.d.ts" */

/** @param {string} text */
const say = (text) => process.stderr.write(`simdgrad: ${text}\n`);

/**
 * @param {Runtime} runtime
 * @param {string} folder
 * @returns {Promise<Outcome>}
 */
async function tryOut(runtime, folder) {
  const start = performance.now();
  /** @type {Found | null} */
  let found = null;
  /** @type {Visit[]} */
  let visits = [];
  let missing = null;
  let failure = null;
  try {
    found = await runtime.find();
  } catch (error) {
    missing = String(error instanceof Error ? error.message : error);
  }
  try {
    if (found !== null) visits = await runtime.run(found, folder);
  } catch (error) {
    failure = String(error instanceof Error ? error.message : error);
  }
  return { runtime, found, visits, missing, failure, seconds: (performance.now() - start) / 1000 };
}

async function main() {
  // Playwright and the like are there only once the dependencies are.
  await ensureDependencies();
  const { RUNTIMES } = await import("./runtimes/index.mjs");
  const { commonWeights, judge } = await import("./judge.mjs");
  const { markdown, matrix } = await import("./table.mjs");
  const { forgetReport, savePage, saveReport } = await import("./save.mjs");

  const options = readOptions(
    process.argv.slice(2),
    RUNTIMES.map(({ name }) => name),
  );
  if (options.help !== null) {
    console.log(options.help);
    return;
  }
  forgetReport();
  if (options.tarball === null) await ensureDist();
  await ensureDependencies(fileURLToPath(new URL("npm", import.meta.url)));
  const { installPackage } = await import("./package.mjs");

  const start = performance.now();
  const installed = await installPackage(options.tarball);
  /** @type {Outcome[]} */
  const outcomes = [];
  try {
    // One after the other: each may have the machine to itself.
    for (const runtime of RUNTIMES.filter(({ name }) => options.chosen.includes(name))) {
      const outcome = await tryOut(runtime, installed.folder);
      outcomes.push(outcome);
      const { found, missing, failure, seconds } = outcome;
      say(
        missing !== null
          ? `${runtime.title} is missing`
          : `${runtime.title} ${found?.version}: ${failure === null ? "ran" : "failed"} in ${seconds.toFixed(1)} s`,
      );
    }
  } finally {
    installed.remove();
  }
  const common = commonWeights(outcomes);
  const judged = outcomes.map((outcome) => ({
    outcome,
    tests: judge(outcome, common, options.mayBeMissing.has(outcome.runtime.name)),
  }));
  saveReport(judged);
  console.log(markdown(matrix(judged)));

  const all = judged.flatMap(({ outcome, tests }) =>
    tests.map((test) => ({ ...test, title: outcome.runtime.title })),
  );
  const failed = all.filter(({ status }) => status === "failed");
  const skipped = all.filter(({ status }) => status === "skipped");
  for (const { title, name, status, message } of [...failed, ...skipped])
    console.log(`\n${status}: ${title}: ${name}\n  ${message.replaceAll("\n", "\n  ")}`);
  for (const [network, hash] of Object.entries(common)) console.log(`\n${network} after 50 steps: ${hash}`);
  console.log(`\n${((performance.now() - start) / 1000).toFixed(0)} s`);
  console.log(
    `${all.length - failed.length - skipped.length} passed, ${failed.length} failed, ${skipped.length} skipped`,
  );
  if (options.write && failed.length === 0) savePage(judged);
  else if (options.write) say("docs/platforms.md is left as it was: it holds runs in which nothing failed");
  if (failed.length > 0) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  if (!(error instanceof UsageError) && !(error instanceof EnsureError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
