import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runProgram } from "../run-program.mjs";
import { fromNpm } from "./processes.mjs";

/** @import { Expected, Runtime } from "../types.d.ts" */

const driver = fileURLToPath(new URL("../npm/workerd.mjs", import.meta.url));

/** @type {Expected} */
const EXPECTED = {
  host: "workerd",
  variant: "relaxed",
  threads: 1,
  threadsReason: /^functions at the edge run on one thread/,
};

/** @type {Runtime} */
export const workerd = {
  name: "workerd",
  title: "workerd (Cloudflare Workers)",
  get: "npm ci --prefix test/platforms/npm (this command does it)",
  async find() {
    const { version } = JSON.parse(readFileSync(fromNpm("npm/node_modules/workerd/package.json"), "utf8"));
    // miniflare itself wants Node ≥ 22.
    return { path: fromNpm("npm/node_modules/node-24/bin/node"), version };
  },
  async run({ path }, folder) {
    const visits = [];
    for (const [where, date, scope] of [
      ["", "2026-07-01", "all"],
      // Before weak references and finalizers came.
      ["compatibility date 2023-01-01", "2023-01-01", "short"],
    ]) {
      const { stdout, stderr } = await runProgram(path, [driver, folder, String(date), String(scope)]);
      const trouble = stderr.split("\n").filter((line) => line.trim() !== "");
      visits.push({ where: String(where), report: JSON.parse(stdout), trouble, expected: EXPECTED });
    }
    return visits;
  },
};
