import { beforeAll, expect, test } from "vitest";
import { installExample } from "../../examples/install.mjs";
import { describeInChromium } from "../browser/chromium.ts";
import { troubleOf } from "../browser/serve.ts";
import { start } from "./serverless/hosts.ts";

/** Strokes on the pad of 280 × 280, from corner to corner. */
const STROKES: Readonly<Record<number, readonly (readonly [number, number])[][]>> = {
  1: [[[140, 40], [140, 240]]], // prettier-ignore
  7: [[[80, 50], [200, 50], [130, 240]]], // prettier-ignore
  0: [[[140, 40], [85, 80], [75, 140], [85, 200], [140, 240], [195, 200], [205, 140], [195, 80], [140, 40]]], // prettier-ignore
};

describeInChromium("examples/browser-plain", (launch) => {
  let folder: string;
  beforeAll(async () => {
    folder = await installExample("browser-plain");
  });

  test("tells what is drawn, and when nothing is", async () => {
    const served = await start(process.execPath, ["serve.js"], { cwd: folder });
    const browser = await launch();
    try {
      const page = await browser.newPage();
      const trouble = troubleOf(page);
      await page.goto(served.url);
      const answer = page.locator("#answer");
      await page.waitForFunction(() => document.querySelector("#answer")?.textContent === "draw a digit");
      const box = await page.locator("#pad").boundingBox();
      for (const [digit, strokes] of Object.entries(STROKES)) {
        for (const [[x, y] = [0, 0], ...others] of strokes) {
          await page.mouse.move((box?.x ?? 0) + x, (box?.y ?? 0) + y);
          await page.mouse.down();
          for (const [toX, toY] of others)
            await page.mouse.move((box?.x ?? 0) + toX, (box?.y ?? 0) + toY, { steps: 5 });
          await page.mouse.up();
        }
        expect(await answer.textContent()).toBe(digit);
        await page.click("#clear");
        expect(await answer.textContent()).toBe("draw a digit");
      }
      expect(trouble).toEqual([]);
    } finally {
      await browser.close();
      await served.stop();
    }
  });
});
