/** WebKitGTK, whose engine is Safari's: its MiniBrowser, driven by WebKitWebDriver on a display that nobody sees. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { aptInstall } from "../../../scripts/apt.mjs";
import { DEADLINE } from "../run-program.mjs";
import { openSession } from "./webdriver.mjs";
import { visitPages } from "./visits.mjs";

/** @import { ChildProcess } from "node:child_process" */
/** @import { Runtime } from "../types.d.ts" */

const DRIVER = "/usr/bin/WebKitWebDriver";
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
    const folders = readdirSync(lib).filter((name) => /^webkit2?gtk-[\d.]+$/.test(name));
    const found = folders.map((name) => join(lib, name, "MiniBrowser")).find((path) => existsSync(path));
    if (found) return found;
  }
  return undefined;
}

function absent() {
  return [
    ...(existsSync(DRIVER) ? [] : ["WebKitWebDriver"]),
    ...(findMiniBrowser() ? [] : ["MiniBrowser"]),
    ...(existsSync(DISPLAY_SERVER) ? [] : ["Xvfb"]),
  ];
}

/** @returns {Promise<number>} */
async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  server.close();
  return port;
}

/** A display with a number that is free. */
async function openDisplay() {
  const server = spawn(
    DISPLAY_SERVER,
    ["-displayfd", "3", "-screen", "0", "1024x768x24", "-nolisten", "tcp"],
    {
      stdio: ["ignore", "ignore", "ignore", "pipe"],
    },
  );
  const [number] = await Promise.race([
    once(/** @type {import("node:stream").Readable} */ (server.stdio[3]), "data"),
    once(server, "exit").then(() => Promise.reject(new Error("Xvfb did not start"))),
  ]);
  return { server, display: `:${String(number).trim()}` };
}

/** @param {string} base */
async function untilItAnswers(base) {
  for (let i = 0; i < 100; i++) {
    if (
      await fetch(`${base}/status`).then(
        (response) => response.ok,
        () => false,
      )
    )
      return;
    await sleep(100);
  }
  throw new Error("WebKitWebDriver does not answer");
}

/** @param {string} path */
const capabilitiesOf = (path) => ({
  "webkitgtk:browserOptions": { binary: path, args: ["--automation"] },
});

/**
 * @template T
 * @param {(base: string) => Promise<T>} use
 * @returns {Promise<T>}
 */
async function withDriver(use) {
  /** @type {ChildProcess[]} */
  const children = [];
  try {
    const { server, display } = await openDisplay();
    children.push(server);
    const port = await freePort();
    const driver = spawn(DRIVER, ["--host=127.0.0.1", `--port=${port}`], {
      stdio: "ignore",
      env: {
        ...process.env,
        DISPLAY: display,
        GDK_BACKEND: "x11",
        // Its sandbox wants namespaces, which containers do not give.
        WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: "1",
      },
    });
    children.push(driver);
    const base = `http://127.0.0.1:${port}`;
    await untilItAnswers(base);
    return await use(base);
  } finally {
    for (const child of children) child.kill();
  }
}

/**
 * @param {string} base
 * @param {string} path
 * @param {string} url
 */
async function outcomeOf(base, path, url) {
  const session = await openSession(base, capabilitiesOf(path));
  try {
    await session.open(url);
    for (const end = Date.now() + DEADLINE; Date.now() < end; await sleep(100)) {
      const outcome = await session.evaluate("return globalThis.outcome ?? null");
      if (outcome !== null) return outcome;
    }
    throw new Error(`the page had no outcome after ${DEADLINE / 1000} s`);
  } finally {
    await session.close();
  }
}

/** @type {Runtime} */
export const webkit = {
  name: "webkit",
  title: "WebKitGTK (Safari's engine)",
  get: "run `apt-get install --no-install-recommends webkit2gtk-driver xvfb` as root",
  async find() {
    if (absent().length > 0) aptInstall(["webkit2gtk-driver", "xvfb"], "WebKitGTK");
    if (absent().length > 0) throw new Error(`there is no ${absent().join(", no ")}`);
    return withDriver(async (base) => {
      const path = findMiniBrowser() ?? "";
      const session = await openSession(base, capabilitiesOf(path));
      await session.close();
      return { path, version: session.version };
    });
  },
  run: ({ path }, folder) =>
    withDriver((base) => visitPages(folder, "simd", (url) => outcomeOf(base, path, url))),
};
