/** Where results go: a report that scripts/test-summary.mjs counts, and the page for people. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { markdown, matrix, reasons } from "./table.mjs";

/** @import { Outcome } from "./types.d.ts" */
/** @import { Test } from "./judge.mjs" */
/** @typedef {{ outcome: Outcome, tests: Test[] }} Judged */

const root = fileURLToPath(new URL("../..", import.meta.url));
const REPORT = join(root, ".cache/platforms.json");
const PAGE = join(root, "docs/platforms.md");

/** In the form of vitest's JSON report. @param {readonly Judged[]} judged */
export function saveReport(judged) {
  const testResults = judged.map(({ outcome: { runtime }, tests }) => ({
    name: `test/platforms/${runtime.name}`,
    status: tests.some(({ status }) => status === "failed") ? "failed" : "passed",
    message: "",
    assertionResults: tests.map(({ name, status, message, milliseconds }) => ({
      status,
      duration: milliseconds,
      fullName: `${runtime.title}: ${name}`,
      failureMessages: message === "" ? [] : [message],
    })),
  }));
  mkdirSync(join(root, ".cache"), { recursive: true });
  writeFileSync(REPORT, JSON.stringify({ testResults }, null, 2));
}

export function forgetReport() {
  mkdirSync(join(root, ".cache"), { recursive: true });
  writeFileSync(REPORT, JSON.stringify({ testResults: [] }));
}

/** @param {readonly Judged[]} judged */
export function savePage(judged) {
  // How long it took says more of what else the machine did.
  const untimed = matrix(judged).map((row) => row.slice(0, -1));
  const { kernels, threads } = reasons(judged.map(({ outcome }) => outcome));
  let page = readFileSync(PAGE, "utf8");
  for (const [name, rows] of Object.entries({ matrix: untimed, kernels, threads })) {
    const [begin, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
    const [before, rest] = page.split(begin);
    const after = rest?.split(end)[1];
    if (after === undefined) throw new Error(`docs/platforms.md has no place for the table of ${name}`);
    page = `${before}${begin}\n\n${markdown(rows)}\n\n${end}${after}`;
  }
  writeFileSync(PAGE, page);
}
