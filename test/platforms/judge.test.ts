import type { BackendInfo } from "simdgrad";
import { describe, expect, it } from "vitest";
import { commonWeights, judge } from "./judge.mjs";
import { matrix } from "./table.mjs";
import type { Outcome, Visit } from "./types.d.ts";

const backend: BackendInfo = {
  variant: "simd",
  reason: "because",
  threads: 1,
  threadsReason: "asked for",
  host: "node",
  deterministic: false,
};

const visit: Visit = {
  where: "",
  report: {
    backend,
    threads: { ...backend, threads: 2 },
    weights: { CNN: "aaaaaaaaaa" },
    checks: [{ name: "goldens", passed: true, detail: "7 cases", milliseconds: 3 }],
  },
  trouble: [],
  expected: { host: "node", variant: "simd", threads: 2, threadsReason: /^asked for$/ },
};

const outcome = (name: string, change: Partial<Outcome> = {}): Outcome => ({
  runtime: {
    name,
    title: name,
    get: "buy one",
    find: () => Promise.reject(new Error("not used")),
    run: () => Promise.reject(new Error("not used")),
  },
  found: { path: "", version: "1" },
  visits: [visit],
  missing: null,
  failure: null,
  seconds: 1,
  ...change,
});

const withReport = (change: Partial<Visit["report"]>): Partial<Outcome> => ({
  visits: [{ ...visit, report: { ...visit.report, ...change } }],
});

/** The tests of the second of three runtimes that did not pass. */
function trouble(change: Partial<Outcome>, mayBeMissing = false): string[] {
  const outcomes = [outcome("a"), outcome("b", change), outcome("c")];
  const common = commonWeights(outcomes);
  return judge(outcomes[1] as Outcome, common, mayBeMissing)
    .filter(({ status }) => status !== "passed")
    .map(({ name, status, message }) => `${status}: ${name}: ${message}`);
}

describe("the judge of the runtime matrix", () => {
  it("has nothing against a runtime that does all", () => {
    expect(trouble({})).toEqual([]);
  });

  it.each<[string, Partial<Outcome>, RegExp]>([
    ["is missing", { missing: "there is none", visits: [] }, /^failed: is there: there is none; .*buy one/],
    ["gives no report", { failure: "it hangs", visits: [] }, /^failed: gives a report: it hangs/],
    [
      "ends with other weights",
      withReport({ weights: { CNN: "bb" } }),
      /hash to bb, elsewhere to aaaaaaaaaa/,
    ],
    ["ends with no weights", withReport({ weights: {} }), /^failed: CNN: the weights of all runtimes/],
    ["runs other kernels", withReport({ backend: { ...backend, variant: "relaxed" } }), /^failed: kernels/],
    ["has no threads", withReport({ threads: backend }), /^failed: threads: 1 threads/],
    [
      "gives another reason",
      withReport({ threads: { ...backend, threads: 2, threadsReason: "?" } }),
      /\(\?\)/,
    ],
    ["cannot say", withReport({ threads: null }), /^failed: threads: no threads/],
    ["warns", { visits: [{ ...visit, trouble: ["watch out"] }] }, /complain of: watch out/],
    [
      "fails a check",
      withReport({ checks: [{ name: "goldens", passed: false, detail: "1 of 7", milliseconds: 0 }] }),
      /^failed: goldens: 1 of 7/,
    ],
    [
      "fails in another state",
      { visits: [visit, { ...visit, where: "upside down", trouble: ["ouch"] }] },
      /^failed: upside down: nothing else to complain of: ouch/,
    ],
  ])("fails one that %s, once", (_what, change, complaint) => {
    expect(trouble(change)).toEqual([expect.stringMatching(complaint)]);
  });

  it("skips one that may be missing, and does not pass it", () => {
    expect(trouble({ missing: "there is none", visits: [] }, true)).toEqual([
      expect.stringMatching(/^skipped: is there/),
    ]);
  });

  it("shows what failed and what is missing in the matrix", () => {
    const bad = outcome("b", withReport({ weights: { CNN: "bb" } }));
    const outcomes = [outcome("a"), bad, outcome("c"), outcome("d", { missing: "none", visits: [] })];
    const common = commonWeights(outcomes);
    const [head, ...rows] = matrix(outcomes.map((o) => ({ outcome: o, tests: judge(o, common, false) })));
    const cnn = head?.indexOf("CNN weights") ?? -1;
    expect(rows.map((row) => row[cnn])).toEqual(["aaaaaaaa", "FAILED", "aaaaaaaa", ""]);
    expect(rows[3]?.[1]).toBe("MISSING");
  });
});
