/** Opens a page in Chromium and waits for what its program found. */
import { chromium } from "playwright-core";
import { findChromium, howToInstall } from "../../scripts/find-chromium.mjs";

/** @returns {Promise<import("playwright-core").Browser>} */
export async function launch() {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error(`no Chromium found: ${howToInstall()}`);
  // Chromium's own sandbox does not work for root, as whom containers run.
  return chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] });
}

/**
 * @param {import("playwright-core").Browser} browser
 * @param {string} url
 */
export async function visit(browser, url) {
  const page = await browser.newPage();
  /** @type {string[]} */
  const trouble = [];
  page.on("pageerror", (error) => trouble.push(error.stack ?? error.message));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") trouble.push(message.text());
  });
  try {
    await page.goto(url);
    const handle = await page.waitForFunction("globalThis.result", null, { timeout: 60_000 });
    const result = /** @type {import("./judge.mjs").Result} */ (await handle.jsonValue());
    return { result, workers: page.workers().map((worker) => worker.url()) };
  } catch (error) {
    throw new Error(`${String(error)}\n${trouble.join("\n")}`, { cause: error });
  } finally {
    await page.close();
  }
}
