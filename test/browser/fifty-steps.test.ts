import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Browser, Page } from "playwright-core";
import { describeInChromium } from "./chromium.ts";
import { VARIANTS, type Outcome, type Variant } from "./fifty-steps.ts";
import type { Offer } from "./fifty-steps.page.ts";
import { root, serveVite, troubleOf, type Served } from "./serve.ts";

const program = fileURLToPath(new URL("fifty-steps.node.ts", import.meta.url));

async function inNode(): Promise<Outcome[]> {
  const args = ["--import", "tsx", program, ...VARIANTS];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
  return JSON.parse(stdout) as Outcome[];
}

describeInChromium("50 training steps in strict mode", (launch) => {
  let node: Outcome[];
  let served: Served;
  let browser: Browser;
  let page: Page;
  let trouble: string[];

  const inPage = (variant: Variant): Promise<Outcome> =>
    page.evaluate((name) => (globalThis as unknown as Offer).run(name), variant);

  beforeAll(async () => {
    node = await inNode();
    served = await serveVite({ root });
    browser = await launch();
    page = await browser.newPage();
    trouble = troubleOf(page);
    await page.goto(`${served.url}/test/browser/fifty-steps.html`);
    await page.waitForFunction(() => "run" in globalThis);
  });
  afterAll(async () => {
    await browser.close();
    await served.close();
  });

  describe.each(VARIANTS.map((variant, i) => ({ variant, i })))("$variant", ({ variant, i }) => {
    test("gives the same weights in Chromium and in Node, twice", async () => {
      const expected = node[i] as Outcome;
      const first = await inPage(variant);
      expect(first).toEqual(expected);
      expect(first.binary).toBe("simd");
      expect(await inPage(variant)).toEqual(first);
    });

    test("learns", () => {
      const { losses } = node[i] as Outcome;
      expect(losses).toHaveLength(50);
      expect(losses.every(Number.isFinite)).toBe(true);
      const mean = (part: readonly number[]): number => part.reduce((a, b) => a + b, 0) / part.length;
      expect(mean(losses.slice(-8))).toBeLessThan(mean(losses.slice(0, 8)));
    });
  });

  test("the variants differ", () => {
    expect(new Set(node.map((outcome) => outcome.sha256)).size).toBe(VARIANTS.length);
  });

  test("the page had no trouble", () => {
    expect(trouble).toEqual([]);
  });
});
