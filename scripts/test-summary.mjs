/**
 * The last word on test runs, counted from vitest's JSON reports: `N passed, N failed, N skipped`.
 * Fails when a test failed, when a report has none that passed, and when a browser test was skipped.
 *
 *   node scripts/test-summary.mjs .cache/vitest.json …
 */
import { existsSync, readFileSync } from "node:fs";

/** @typedef {{ name: string, status: string, message: string, assertionResults: { status: string, fullName: string, failureMessages: string[] }[] }} TestFile */

const count = { passed: 0, failed: 0, skipped: 0 };
/** @type {string[]} */
const complaints = [];
for (const report of process.argv.slice(2)) {
  /** @type {TestFile[]} */
  const files = existsSync(report) ? JSON.parse(readFileSync(report, "utf8")).testResults : [];
  const before = count.passed;
  for (const { name, status, assertionResults } of files) {
    // A file that could not be loaded has no tests and counts as one failure.
    if (status === "failed" && !assertionResults.some((test) => test.status === "failed")) {
      count.failed++;
      complaints.push(`failed: ${name}`);
    }
    for (const test of assertionResults) {
      if (test.status === "passed") {
        count.passed++;
      } else if (test.status === "failed") {
        count.failed++;
        // With its first words: a log that is cut off keeps its end.
        const why = test.failureMessages[0]?.split("\n    at ")[0] ?? "";
        complaints.push(`failed: ${test.fullName}\n  ${why.slice(0, 500)}`);
      } else {
        count.skipped++;
        if (/[\\/]test[\\/]browser[\\/]/.test(name))
          complaints.push(`a browser test was skipped: ${test.fullName}`);
      }
    }
  }
  if (count.passed === before) complaints.push(`no test passed (report: ${report})`);
}
for (const complaint of complaints) console.log(complaint);
console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
if (complaints.length > 0) process.exitCode = 1;
