import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { chromium, type Browser } from "playwright-core";
import { beforeAll, describe, test } from "vitest";
import { findChromium, howToInstall } from "../../scripts/find-chromium.mjs";

/**
 * `describe` for tests that need a browser and the built package. Without a browser they are skipped, and say so;
 * under CI they fail instead.
 */
export function describeInChromium(name: string, suite: (launch: () => Promise<Browser>) => void): void {
  const executablePath = findChromium();
  if (executablePath !== undefined) {
    describe(name, () => {
      beforeAll(() => {
        execFileSync(process.execPath, [
          fileURLToPath(new URL("../../scripts/ensure.mjs", import.meta.url)),
          "dist",
        ]);
      });
      // Chromium's own sandbox does not work for root, as whom containers run.
      const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
      suite(() => chromium.launch({ executablePath, args }));
    });
    return;
  }
  const reason = `no Chromium found: ${howToInstall()}`;
  if (process.env.CI) {
    describe(name, () => {
      test("has a browser", () => {
        throw new Error(reason);
      });
    });
    return;
  }
  console.warn(`SKIPPED ${name}: ${reason}`);
  describe.skip(name, () => {
    test(`skipped, ${reason}`, () => undefined);
  });
}
