/**
 * The last word on a test run, counted from vitest's JSON report: `N passed, N failed, N skipped`.
 * Fails when a test failed, when none ran, and when a browser test was skipped.
 *
 *   node scripts/test-summary.mjs .cache/vitest.json
 */
import { existsSync, readFileSync } from "node:fs";

const [file = ".cache/vitest.json"] = process.argv.slice(2);
/** @type {{ testResults: { name: string, status: string, message: string, assertionResults: { status: string, fullName: string }[] }[] }} */
const report = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { testResults: [] };

const count = { passed: 0, failed: 0, skipped: 0 };
/** @type {string[]} */
const complaints = [];
for (const { name, status, assertionResults } of report.testResults) {
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
      complaints.push(`failed: ${test.fullName}`);
    } else {
      count.skipped++;
      if (/[\\/]test[\\/]browser[\\/]/.test(name))
        complaints.push(`a browser test was skipped: ${test.fullName}`);
    }
  }
}
if (count.passed === 0) complaints.push(`no test passed (report: ${file})`);
for (const complaint of complaints) console.log(complaint);
console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
if (complaints.length > 0) process.exitCode = 1;
