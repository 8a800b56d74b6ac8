import { expect, test } from "vitest";
import type { BackendInfo } from "simdgrad";
import { describeInChromium } from "./chromium.ts";
import { root, serveFiles, troubleOf } from "./serve.ts";

interface Outcome {
  first: number;
  last: number;
  answers: number[];
  backend: BackendInfo;
}

describeInChromium("a page without a bundler", (launch) => {
  test("imports dist/browser/index.js and learns XOR", async () => {
    // As strict as a page's policy may be.
    const policy = "default-src 'none'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'; img-src data:";
    const served = await serveFiles(root, { "content-security-policy": policy });
    const browser = await launch();
    try {
      const page = await browser.newPage();
      const trouble = troubleOf(page);
      await page.goto(`${served.url}/test/browser/plain.html`);
      const handle = await page.waitForFunction(() => (globalThis as { outcome?: Outcome }).outcome);
      const outcome = (await handle.jsonValue()) as Outcome;
      expect(trouble).toEqual([]);
      expect(outcome.answers).toEqual([0, 1, 1, 0]);
      expect(outcome.last).toBeLessThan(outcome.first / 10);
      expect(outcome.backend.host).toBe("browser");
      expect(outcome.backend.reason).not.toBe("");
    } finally {
      await browser.close();
      await served.close();
    }
  });
});
