/** Chromium and Firefox, driven by Playwright. */
import { existsSync } from "node:fs";
import { chromium, firefox } from "playwright-core";
import { aptInstall } from "../../../scripts/apt.mjs";
import { findChromium, howToInstall, installChromium } from "../../../scripts/find-chromium.mjs";
import { runProgram } from "../run-program.mjs";
import { isolated, plain, visit } from "./visits.mjs";

/** @import { Browser } from "playwright-core" */
/** @import { Runtime } from "../types.d.ts" */

const FIREFOX = ["/usr/bin/firefox-esr", "/usr/bin/firefox"];

function findFirefox() {
  const chosen = process.env.FIREFOX_PATH;
  if (chosen) return existsSync(chosen) ? chosen : undefined;
  return FIREFOX.find((path) => existsSync(path));
}

/** @param {string} path */
async function versionOf(path) {
  const { stdout } = await runProgram(path, ["--version"]);
  return /\d+(\.\d+)+(esr)?/.exec(stdout)?.[0] ?? stdout.trim();
}

/**
 * @param {Browser} browser
 * @param {string} folder
 */
async function visitBoth(browser, folder) {
  try {
    const visits = [];
    for (const state of [isolated("relaxed"), plain("relaxed")]) {
      visits.push(
        await visit(folder, state, async (url) => {
          const page = await browser.newPage();
          await page.goto(url);
          return () => page.close();
        }),
      );
    }
    return visits;
  } finally {
    await browser.close();
  }
}

/** @type {Runtime} */
const inChromium = {
  name: "chromium",
  title: "Chromium",
  get: howToInstall(),
  async find() {
    const path = findChromium() ?? installChromium();
    if (path === undefined) throw new Error("no Chromium was found");
    return { path, version: await versionOf(path) };
  },
  async run({ path }, folder) {
    // Chromium's own sandbox does not work for root, as whom containers run.
    const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
    return visitBoth(await chromium.launch({ executablePath: path, args }), folder);
  },
};

/** @type {Runtime} */
const inFirefox = {
  name: "firefox",
  title: "Firefox",
  get: "run `apt-get install firefox-esr` as root, or set FIREFOX_PATH to a Firefox's program",
  async find() {
    if (!findFirefox()) aptInstall(["firefox-esr"], "Firefox");
    const path = findFirefox();
    if (path === undefined) throw new Error("no Firefox was found");
    return { path, version: await versionOf(path) };
  },
  async run({ path }, folder) {
    // Playwright's "moz-firefox" speaks WebDriver BiDi, with a Firefox that nobody has patched.
    return visitBoth(await firefox.launch({ channel: "moz-firefox", executablePath: path }), folder);
  },
};

export const browsers = [inChromium, inFirefox];
