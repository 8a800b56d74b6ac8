/**
 * Where Chromium is, for the tests that need a browser.
 *
 *   node scripts/find-chromium.mjs [--install]     prints its path; fails and says what to install when there is none
 *
 * Only Node's own modules are used: this runs before `npm ci`.
 */
import { existsSync, readdirSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { aptInstall, isDebian } from "./apt.mjs";

/** Relative to a folder of Playwright's cache, newest layout first. */
const PLAYWRIGHT_PROGRAMS = [
  "chrome-linux64/chrome",
  "chrome-linux/chrome",
  "chrome-headless-shell-linux64/chrome-headless-shell",
  "chrome-linux/headless_shell",
  "chrome-mac-arm64/Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing",
  "chrome-mac-x64/Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing",
  "chrome-mac/Chromium.app/Contents/MacOS/Chromium",
  "chrome-win64/chrome.exe",
  "chrome-win/chrome.exe",
];

function playwrightCache() {
  const { PLAYWRIGHT_BROWSERS_PATH: chosen, LOCALAPPDATA: local } = process.env;
  if (chosen && chosen !== "0") return chosen;
  if (process.platform === "darwin") return join(homedir(), "Library/Caches/ms-playwright");
  if (process.platform === "win32") return join(local ?? join(homedir(), "AppData/Local"), "ms-playwright");
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "ms-playwright");
}

/** Full browsers before headless shells, high revisions before low ones. */
function fromPlaywright() {
  const cache = playwrightCache();
  if (!existsSync(cache)) return [];
  /** @param {string} name */
  const revision = (name) => Number(/\d+$/.exec(name)?.[0] ?? 0);
  return readdirSync(cache)
    .filter((name) => /^chromium(_headless_shell)?-\d+$/.test(name))
    .sort((a, b) => Number(a.includes("shell")) - Number(b.includes("shell")) || revision(b) - revision(a))
    .flatMap((name) => PLAYWRIGHT_PROGRAMS.map((program) => join(cache, name, program)));
}

function fromSystem() {
  if (process.platform === "darwin") {
    return ["Chromium", "Google Chrome", "Microsoft Edge"].flatMap((name) =>
      ["/Applications", join(homedir(), "Applications")].map((folder) =>
        join(folder, `${name}.app/Contents/MacOS/${name}`),
      ),
    );
  }
  if (process.platform === "win32") {
    const { LOCALAPPDATA, ProgramFiles, "ProgramFiles(x86)": x86 } = process.env;
    return [ProgramFiles, x86, LOCALAPPDATA]
      .filter((folder) => folder !== undefined)
      .flatMap((folder) =>
        [
          "Chromium/Application/chrome.exe",
          "Google/Chrome/Application/chrome.exe",
          "Microsoft/Edge/Application/msedge.exe",
        ].map((program) => join(folder, program)),
      );
  }
  const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge"];
  const folders = new Set([
    ...(process.env.PATH ?? "").split(delimiter),
    "/usr/bin",
    "/usr/local/bin",
    "/snap/bin",
  ]);
  return names.flatMap((name) => [...folders].filter(Boolean).map((folder) => join(folder, name)));
}

/**
 * Path of a Chromium-like browser, or undefined: CHROMIUM_PATH, then Playwright's own, then the system's.
 * @returns {string | undefined}
 */
export function findChromium() {
  const chosen = process.env.CHROMIUM_PATH;
  if (chosen) {
    if (!existsSync(chosen)) throw new Error(`CHROMIUM_PATH names ${chosen}, which does not exist`);
    return chosen;
  }
  return [...fromPlaywright(), ...fromSystem()].find((path) => existsSync(path));
}

/** What a person has to do to get a browser here. */
export function howToInstall() {
  const { platform } = process;
  const way = isDebian()
    ? "run `apt-get install chromium` as root"
    : platform === "linux"
      ? "install the package chromium or google-chrome, or run `npx playwright-core install --with-deps chromium`"
      : platform === "darwin"
        ? "run `brew install --cask chromium` or install Google Chrome"
        : platform === "win32"
          ? "run `winget install Google.Chrome`"
          : "install Chromium";
  return `${way}, or set CHROMIUM_PATH to the program of a Chromium that you have`;
}

/**
 * Installs Chromium with apt where that can be done without asking; elsewhere does nothing.
 * @returns {string | undefined} its path
 */
export function installChromium() {
  aptInstall(["chromium"], "Chromium for the browser tests");
  return findChromium();
}

if (process.argv[1] && realpathSync(process.argv[1]) === realpathSync(fileURLToPath(import.meta.url))) {
  const path = findChromium() ?? (process.argv.includes("--install") ? installChromium() : undefined);
  if (path) {
    console.log(path);
  } else {
    console.error(`no Chromium found: ${howToInstall()}`);
    process.exitCode = 1;
  }
}
