/** WebKitGTK, whose engine is Safari's: its MiniBrowser, on a display that nobody sees. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { aptInstall } from "../../../scripts/apt.mjs";
import { runProgram } from "../run-program.mjs";
import { isolated, plain, visit } from "./visits.mjs";

/** @import { Readable } from "node:stream" */
/** @import { Runtime } from "../types.d.ts" */
/** @import { Page } from "./visits.mjs" */

const DISPLAY_SERVER = "/usr/bin/Xvfb";

/** Lies in the folder of the library, whose name has the version of its interface. */
function findMiniBrowser() {
  for (const lib of [
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/libexec",
  ]) {
    if (!existsSync(lib)) continue;
    const folders = readdirSync(lib).filter((name) => /^webkit2?gtk-?[\d.]+$/.test(name));
    const found = folders.map((name) => join(lib, name, "MiniBrowser")).find((path) => existsSync(path));
    if (found) return found;
  }
  return undefined;
}

const absent = () => [
  ...(findMiniBrowser() ? [] : ["MiniBrowser of WebKitGTK"]),
  ...(existsSync(DISPLAY_SERVER) ? [] : ["Xvfb"]),
];

/** A display with a number that is free. */
async function openDisplay() {
  const server = spawn(DISPLAY_SERVER, ["-displayfd", "3", "-nolisten", "tcp"], {
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  const [number] = await Promise.race([
    once(/** @type {Readable} */ (server.stdio[3]), "data"),
    once(server, "exit").then(() => Promise.reject(new Error("Xvfb did not start"))),
  ]);
  const env = { ...process.env, DISPLAY: `:${String(number).trim()}`, GDK_BACKEND: "x11" };
  return { env, close: () => server.kill() };
}

/**
 * Not through WebKitWebDriver: WebKit keeps an automated page in the process that it began in, where no page is ever isolated.
 * @param {string} program
 * @param {NodeJS.ProcessEnv} env
 */
const opener = (program, env) => async (/** @type {string} */ url) => {
  const browser = spawn(program, ["--private", url], { stdio: "ignore", env });
  await once(browser, "spawn");
  return () => browser.kill();
};

/**
 * WebKitGTK keeps SharedArrayBuffer from pages, isolated or not, unless this variable of its engine says otherwise. Safari has it in
 * isolated pages.
 */
const AS_SAFARI = { JSC_useSharedArrayBuffer: "1" };

/** @type {Page} */
const asItComes = {
  ...isolated("simd"),
  where: "without SharedArrayBuffer",
  scope: "short",
  expected: {
    ...isolated("simd").expected,
    threads: 1,
    threadsReason: /^this browser gives pages no SharedArrayBuffer/,
  },
};

/** @type {Runtime} */
export const webkit = {
  name: "webkit",
  title: "WebKitGTK",
  get: "run `apt-get install --no-install-recommends libwebkit2gtk-4.1-0 xvfb` as root",
  async find() {
    if (absent().length > 0) aptInstall(["libwebkit2gtk-4.1-0", "xvfb"], "WebKitGTK");
    if (absent().length > 0) throw new Error(`there is no ${absent().join(", no ")}`);
    const path = findMiniBrowser() ?? "";
    const { env, close } = await openDisplay();
    try {
      const { stdout } = await runProgram(path, ["--version"], { env });
      return { path, version: /\d+(\.\d+)+/.exec(stdout)?.[0] ?? stdout.trim() };
    } finally {
      close();
    }
  },
  async run({ path }, folder) {
    const { env, close } = await openDisplay();
    try {
      return [
        await visit(folder, isolated("simd"), opener(path, { ...env, ...AS_SAFARI })),
        await visit(folder, asItComes, opener(path, env)),
        await visit(folder, plain("simd"), opener(path, { ...env, ...AS_SAFARI })),
      ];
    } finally {
      close();
    }
  },
};
