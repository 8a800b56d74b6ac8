/** Runs a worker in workerd itself, Cloudflare's runtime, with nothing before it: what is measured is the worker's. */
import { execFile, spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { connect, createServer } from "node:net";
import { join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** The program; it comes with wrangler. @type {string} */
const binary = createRequire(import.meta.url)("workerd").default;
const here = fileURLToPath(new URL(".", import.meta.url));
/** Where wrangler's output goes. */
const BUNDLE = join(here, ".wrangler/bundle");

/**
 * What `wrangler deploy` would send, without sending it.
 * @param {string} [node] a Node of 22 or later: wrangler runs in no other
 * @returns {Promise<string>} the folder
 */
export async function bundle(node = process.execPath) {
  rmSync(BUNDLE, { recursive: true, force: true });
  const wrangler = join(here, "node_modules/wrangler/bin/wrangler.js");
  const env = { ...process.env, WRANGLER_SEND_METRICS: "false", CI: "true" };
  const args = [wrangler, "deploy", "--dry-run", "--outdir", BUNDLE];
  try {
    await promisify(execFile)(node, args, { cwd: here, env });
  } catch (error) {
    const { stdout, stderr } = /** @type {{ stdout: string, stderr: string }} */ (error);
    throw new Error(`wrangler failed under ${node}:\n${stdout}\n${stderr}`, { cause: error });
  }
  return BUNDLE;
}

/** How workerd calls the kinds of module, by how their names end. */
const KINDS = { ".js": "esModule", ".wasm": "wasm", ".safetensors": "data" };

/**
 * @param {string} folder of the modules
 * @param {string} from where the configuration lies
 * @param {string} address
 */
function configuration(folder, from, address) {
  const modules = readdirSync(folder)
    .flatMap((file) => {
      const kind = Object.entries(KINDS).find(([ending]) => file.endsWith(ending))?.[1];
      const path = relative(from, join(folder, file));
      // The first one is the worker; the others are found by the names that it imports.
      return kind === undefined
        ? []
        : [{ first: kind === "esModule", text: `(name = "./${file}", ${kind} = embed "${path}")` }];
    })
    .sort((a, b) => Number(b.first) - Number(a.first));
  const { compatibility_date: date } = JSON.parse(
    readFileSync(join(here, "wrangler.jsonc"), "utf8")
      .replace(/^\s*\/\/.*$/gm, "")
      .replace(/,(\s*[}\]])/g, "$1"),
  );
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker)],
  sockets = [(name = "http", address = "${address}", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [${modules.map(({ text }) => text).join(",\n    ")}],
  compatibilityDate = "${date}",
);
`;
}

/** @returns {Promise<number>} */
const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer().on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });

/**
 * @typedef {object} Running
 * @property {string} url
 * @property {number} pid
 * @property {() => string} said what it printed
 * @property {() => Promise<void>} stop
 */

/**
 * @param {string} folder of the modules
 * @returns {Promise<Running>}
 */
export async function runWorkerd(folder) {
  const port = await freePort();
  const from = join(here, ".wrangler");
  mkdirSync(from, { recursive: true });
  const file = join(from, `workerd-${port}.capnp`);
  writeFileSync(file, configuration(folder, from, `127.0.0.1:${port}`));
  const child = spawn(binary, ["serve", file], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text) => (said += text));
  const ended = new Promise((resolve) => child.once("close", resolve));
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    child.kill();
    await ended;
    rmSync(file, { force: true });
  };
  for (let tries = 0; ; tries++) {
    if (child.exitCode !== null || tries === 300) {
      await stop();
      throw new Error(`workerd does not listen:\n${said}`);
    }
    if (await listens(port)) return { url, pid: child.pid ?? 0, said: () => said, stop };
    await sleep(100);
  }
}

/** @param {number} port */
const listens = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    }).on("error", () => resolve(false));
  });
