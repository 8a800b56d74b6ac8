/** What the outcomes are worth: every check as a test that passed, failed or was skipped. */

/** @import { Outcome, Visit } from "./types.d.ts" */
/** @typedef {{ name: string, status: "passed" | "failed" | "skipped", message: string, milliseconds: number }} Test */

/** @param {string} name @param {string | null} complaint @param {number} [milliseconds] @returns {Test} */
const test = (name, complaint, milliseconds = 0) => ({
  name,
  milliseconds,
  status: complaint === null ? "passed" : "failed",
  message: complaint ?? "",
});

/**
 * Of each network, the weights that most runs ended with: the odd ones are wrong.
 * @param {readonly Outcome[]} outcomes
 */
export function commonWeights(outcomes) {
  /** @type {Record<string, Record<string, number>>} */
  const votes = {};
  for (const { report } of outcomes.flatMap(({ visits }) => visits)) {
    for (const [network, hash] of Object.entries(report.weights)) {
      const of = (votes[network] ??= {});
      of[hash] = (of[hash] ?? 0) + 1;
    }
  }
  return Object.fromEntries(
    Object.entries(votes).map(([network, of]) => [
      network,
      Object.entries(of).sort(([, a], [, b]) => b - a)[0]?.[0] ?? "",
    ]),
  );
}

/**
 * @param {Visit} visit
 * @param {Record<string, string>} common
 * @returns {Test[]}
 */
function testsOf({ where, report, trouble, expected }, common) {
  const { backend, threads, checks, weights } = report;
  const kernels =
    backend.variant === expected.variant && backend.host === expected.host && backend.reason !== ""
      ? null
      : `${backend.variant} kernels in host ${backend.host} (${backend.reason}), expected ${expected.variant} in ${expected.host}`;
  const team =
    threads?.threads === expected.threads && expected.threadsReason.test(threads.threadsReason)
      ? null
      : `${threads?.threads ?? "no"} threads (${threads?.threadsReason ?? ""}), expected ${expected.threads} (${String(expected.threadsReason)})`;
  const tests = [
    test("kernels", kernels),
    test("threads", team),
    ...checks.map(({ name, passed, detail, milliseconds }) =>
      test(name, passed ? null : detail, milliseconds),
    ),
    ...Object.entries(common).map(([network, hash]) =>
      test(
        `${network}: the weights of all runtimes`,
        weights[network] === hash ? null : `they hash to ${weights[network]}, elsewhere to ${hash}`,
      ),
    ),
    test("nothing else to complain of", trouble.length === 0 ? null : trouble.join("\n").slice(0, 1000)),
  ];
  return where === "" ? tests : tests.map((one) => ({ ...one, name: `${where}: ${one.name}` }));
}

/**
 * @param {Outcome} outcome
 * @param {Record<string, string>} common
 * @param {boolean} mayBeMissing
 * @returns {Test[]}
 */
export function judge({ runtime, visits, missing, failure }, common, mayBeMissing) {
  if (missing !== null) {
    const message = `${missing}; to get it: ${runtime.get}`;
    return [{ name: "is there", status: mayBeMissing ? "skipped" : "failed", message, milliseconds: 0 }];
  }
  if (failure !== null) return [test("gives a report", failure)];
  return visits.flatMap((visit) => testsOf(visit, common));
}
