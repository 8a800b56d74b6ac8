/** The matrix as rows of text. */

/** @import { Outcome, Visit } from "./types.d.ts" */
/** @import { Test } from "./judge.mjs" */

const HEAD = [
  ...["runtime", "version", "kernels", "threads", "goldens", "CNN weights", "LSTM weights"],
  ...["growth", "boots again", "two copies", "all else", "s"],
];

/**
 * @param {Outcome} outcome
 * @param {readonly Test[]} tests
 * @returns {string[][]} one row a visit
 */
function rowsOf(outcome, tests) {
  const { runtime, found, visits, missing, seconds } = outcome;
  if (missing !== null) return [[runtime.title, "MISSING", ...Array(HEAD.length - 2).fill("")]];
  const version = found?.version ?? "";
  if (visits.length === 0) return [[runtime.title, version, "FAILED", ...Array(HEAD.length - 3).fill("")]];
  return visits.map((visit, i) => {
    const prefix = visit.where === "" ? "" : `${visit.where}: `;
    const ours = tests.filter(({ name }) =>
      visit.where === ""
        ? !visits.some(({ where }) => where && name.startsWith(`${where}: `))
        : name.startsWith(prefix),
    );
    /** @type {Set<Test>} */
    const shown = new Set();
    /** @param {RegExp} names @param {string} [text] */
    const cell = (names, text = "✓") => {
      const here = ours.filter(({ name }) => names.test(name.slice(prefix.length)));
      for (const one of here) shown.add(one);
      if (here.length === 0) return "";
      return here.every(({ status }) => status === "passed") ? text : "FAILED";
    };
    const { backend, threads, checks, weights } = visit.report;
    const goldens = /^\d+/.exec(checks.find(({ name }) => name === "goldens")?.detail ?? "")?.[0];
    const cells = [
      visit.where === "" ? runtime.title : `… ${visit.where}`,
      visit.where === "" ? version : "",
      cell(/^kernels$/, backend.variant),
      cell(/^(threads|two threads|one thread again)$/, String(threads?.threads)),
      cell(/^goldens/, `${goldens} × 2`),
      cell(/^CNN/, weights.CNN?.slice(0, 8)),
      cell(/^LSTM/, weights.LSTM?.slice(0, 8)),
      cell(/^memory growth$/),
      cell(/^second instance$/),
      cell(/^second copy$/),
    ];
    const rest = ours.filter((one) => !shown.has(one));
    return [
      ...cells,
      rest.every(({ status }) => status === "passed") ? "✓" : "FAILED",
      i === 0 ? seconds.toFixed(1) : "",
    ];
  });
}

/**
 * @param {readonly { outcome: Outcome, tests: readonly Test[] }[]} judged
 * @returns {string[][]}
 */
export const matrix = (judged) => [HEAD, ...judged.flatMap(({ outcome, tests }) => rowsOf(outcome, tests))];

/** @param {readonly string[][]} rows */
export function markdown([head = [], ...rows]) {
  const widths = head.map((title, i) => Math.max(...[head, ...rows].map((row) => (row[i] ?? title).length)));
  /** @param {readonly string[]} row */
  const line = (row) => `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  return [line(head), `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...rows.map(line)].join(
    "\n",
  );
}

/**
 * What each host says of itself.
 * @param {readonly Outcome[]} outcomes
 */
export function reasons(outcomes) {
  /** @param {(visit: Visit) => [string, string] | null} say */
  const grouped = (say) => {
    /** @type {Map<string, Set<string>>} */
    const hosts = new Map();
    for (const { runtime, visits } of outcomes) {
      for (const visit of visits) {
        const said = say(visit);
        if (said === null) continue;
        const key = said.join("\0");
        const title = runtime.title.replace(/ \(.*/, "");
        hosts.set(key, (hosts.get(key) ?? new Set()).add(title));
      }
    }
    return Array.from(hosts, ([key, titles]) => [...key.split("\0"), [...titles].join(", ")]);
  };
  return {
    kernels: [
      ["variant", "reason", "where"],
      ...grouped(({ report: { backend } }) => [backend.variant, backend.reason]),
    ],
    threads: [
      ["threads", "threadsReason, after init({ threads: 2 })", "where"],
      ...grouped(
        ({ where, report: { threads } }) =>
          threads && [
            `${threads.threads}${where.includes("COOP") ? " (page without the headers)" : ""}`,
            threads.threadsReason,
          ],
      ),
    ],
  };
}
