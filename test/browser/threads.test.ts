import { expect, test } from "vitest";
import type { BackendInfo } from "simdgrad";
import { describeInChromium } from "./chromium.ts";
import { root, serveFiles, troubleOf } from "./serve.ts";

interface Outcome {
  alone: number[];
  shared: number[];
  afterwards?: number[];
  backend: BackendInfo;
  last: BackendInfo;
  error?: string;
}

const ISOLATION = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};
const POLICY = {
  "content-security-policy":
    "default-src 'none'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'; worker-src 'self'; img-src data:",
};

describeInChromium("a page", (launch) => {
  async function visit(headers: Record<string, string>): Promise<Outcome> {
    const served = await serveFiles(root, { ...headers, ...POLICY });
    const browser = await launch();
    try {
      const page = await browser.newPage();
      const trouble = troubleOf(page);
      await page.goto(`${served.url}/test/browser/threads.html`);
      const handle = await page.waitForFunction(() => (globalThis as { outcome?: Outcome }).outcome);
      const outcome = (await handle.jsonValue()) as Outcome;
      expect(trouble).toEqual([]);
      return outcome;
    } finally {
      await browser.close();
      await served.close();
    }
  }

  test("that is isolated trains on two threads, and outlives one of them", async () => {
    const { alone, shared, afterwards, backend, last, error } = await visit(ISOLATION);
    expect(backend).toMatchObject({ threads: 2, host: "browser" });
    expect(shared).toEqual(alone);
    expect(error).toBe("WorkerLostError");
    expect(afterwards).toEqual(alone);
    expect(last.threads).toBe(1);
    expect(last.threadsReason).toMatch(/gave no sign for/);
  });

  test("that is not isolated says which headers it needs", async () => {
    const { alone, shared, backend } = await visit({});
    expect(shared).toEqual(alone);
    expect(backend.threads).toBe(1);
    expect(backend.threadsReason).toMatch(/Cross-Origin-Opener-Policy: same-origin/);
  });
});
