import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { firefox, type Browser } from "playwright-core";
import { describeInChromium } from "./chromium.ts";
import { root, serveFiles } from "./serve.ts";

interface Outcome {
  alone: number[];
  shared: number[];
  threads: number;
  threadsReason: string;
  error: string | null;
}

const ISOLATED = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};
const policy = (workers: string): Record<string, string> => ({
  "content-security-policy": `default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src ${workers}; img-src data:`,
});
/** What esbuild and Rollup leave behind. */
const FILE = "/dist/browser/chunks/simdgrad.worker.js";

interface Case {
  readonly title: string;
  readonly headers: Record<string, string>;
  readonly missing?: readonly string[];
  readonly query?: string;
  /** How many threads there are, or the error. */
  readonly threads: number;
  readonly error?: RegExp;
  readonly reason: RegExp;
}

const ASKED = /init has asked for them/;
const CASES: readonly Case[] = [
  { title: "no policy", headers: ISOLATED, threads: 2, reason: ASKED },
  { title: "no policy and no file", headers: ISOLATED, missing: [FILE], threads: 2, reason: ASKED },
  { title: "worker-src 'self'", headers: { ...ISOLATED, ...policy("'self'") }, threads: 2, reason: ASKED },
  {
    title: "worker-src 'self' blob: and no file",
    headers: { ...ISOLATED, ...policy("'self' blob:") },
    missing: [FILE],
    threads: 2,
    reason: ASKED,
  },
  {
    title: "worker-src 'self' and no file",
    headers: { ...ISOLATED, ...policy("'self'") },
    missing: [FILE],
    threads: 1,
    error: /^WorkerLostError: init: worker thread 1 \(from its file\) .* and \(from text\) .*worker-src/,
    reason: /from its file/,
  },
  {
    title: "worker-src 'self', no file, and a worker of the program's own",
    headers: { ...ISOLATED, ...policy("'self'") },
    missing: [FILE],
    query: "own=/dist/core/chunks/simdgrad.worker.js",
    threads: 2,
    reason: ASKED,
  },
  {
    title: "no isolation",
    headers: policy("'self'"),
    threads: 1,
    reason: /Cross-Origin-Opener-Policy: same-origin/,
  },
];

/** Debian's, which Playwright drives by its channel. */
const FIREFOX = process.env.FIREFOX_PATH ?? "/usr/bin/firefox-esr";

describeInChromium("threads under a policy, in Chromium", (launch) => underPolicies(launch));

if (existsSync(FIREFOX)) {
  describe("threads under a policy, in Firefox", () =>
    underPolicies(() => firefox.launch({ channel: "moz-firefox", executablePath: FIREFOX })));
} else console.warn(`Firefox is not there (${FIREFOX}): threads are not tested in it`);

function underPolicies(launch: () => Promise<Browser>): void {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  describe.each(["page", "worker"])("in a %s", (place) => {
    // Once in some dozen runs a worker of Firefox never begins, whatever it is to do.
    test.each(CASES)("$title", { retry: 1 }, async ({ headers, missing, query, threads, error, reason }) => {
      const served = await serveFiles(root, headers, missing);
      const page = await browser.newPage();
      try {
        const inWorker = place === "worker" ? "&worker" : "";
        await page.goto(`${served.url}/test/browser/threads-policy.html?${query ?? ""}${inWorker}`);
        await expect.poll(() => page.title(), { timeout: 30_000 }).toMatch(/^\{/);
        const outcome = JSON.parse(await page.title()) as Outcome;
        if (error) expect(outcome.error).toMatch(error);
        else expect(outcome.error).toBeNull();
        expect(outcome.threads).toBe(threads);
        expect(outcome.threadsReason).toMatch(reason);
        expect(outcome.alone.every(Number.isFinite)).toBe(true);
        expect(outcome.shared).toEqual(outcome.alone);
      } finally {
        await page.close();
        await served.close();
      }
    });
  });
}
