/**
 * Next.js: one build, of which a page, a route in Node and a route at the edge run. It is large, and has a package of its own that is
 * installed when this cell runs.
 */
import { cpSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ensureDependencies } from "../../scripts/ensure.mjs";
import { execute, serve } from "./execute.mjs";
import { wrongWith } from "./judge.mjs";
import { root, work } from "./project.mjs";

/** @typedef {import("./judge.mjs").Result} Result */
/** @typedef {(url: string) => Promise<{ result: Result, how: string | null }>} Look */

const here = join(root, "test/bundlers");
/** Kept from run to run, for what is installed in it. */
const folder = join(root, ".cache/bundlers-next");
const next = join(folder, "node_modules/.bin/next");

/**
 * Asks a route.
 * @type {Look}
 */
async function ask(url) {
  const response = await fetch(url);
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answers ${response.status}: ${text.slice(0, 500)}`);
  const result = JSON.parse(text);
  return { result, how: result.threads === 2 ? "from text" : null };
}

const parts = [
  { name: "next", title: "Next.js, page", path: "/", host: "browser" },
  { name: "next", title: "Next.js, route in Node", path: "/api/node", host: "node" },
  { name: "next", title: "Next.js, route at the edge", path: "/api/edge", host: "edge-light" },
];

/** A project that has installed the tarball, as project.mjs lays out those of the other tools. */
async function layOut() {
  mkdirSync(folder, { recursive: true });
  for (const file of ["package.json", "package-lock.json"])
    cpSync(join(here, "next", file), join(folder, file));
  await ensureDependencies(folder);
  for (const left of ["app", ".next", "node_modules/simdgrad"])
    rmSync(join(folder, left), { recursive: true, force: true });
  cpSync(join(work, "node_modules/simdgrad"), join(folder, "node_modules/simdgrad"), { recursive: true });
  cpSync(join(here, "programs/next"), folder, { recursive: true });
  for (const file of ["train.js", "report.js"]) cpSync(join(here, "programs", file), join(folder, file));
}

/**
 * @param {import("./report.mjs").Report} report
 * @param {readonly number[]} expected
 * @param {Look} visit opens a page
 */
export async function checkNext(report, expected, visit) {
  const { dependencies } = JSON.parse(readFileSync(join(here, "next/package.json"), "utf8"));
  const rows = parts.map(({ name, title }) => report.row(name, title, dependencies.next));
  try {
    await layOut();
    await execute(next, ["build"], { cwd: folder });
  } catch (error) {
    for (const row of rows) row.fails("builds", String(error));
    return;
  }
  for (const row of rows) row.passes("builds");
  const served = await serve(next, ["start", "--hostname", "127.0.0.1", "--port", "0"], { cwd: folder });
  try {
    for (const [i, { path, host }] of parts.entries()) {
      const row = /** @type {(typeof rows)[number]} */ (rows[i]);
      try {
        const { result, how } = await (host === "browser" ? visit : ask)(`${served.url}${path}`);
        const wrong =
          wrongWith(result, expected) ?? (result.host === host ? null : `it ran as ${result.host}`);
        if (wrong === null) row.passes("runs");
        else row.fails("runs", wrong);
        row.threads = how;
        if (host === "edge-light") row.threadsReason = result.threadsReason;
        else if (how === null) row.fails("starts threads", result.threadsReason);
        else row.passes("starts threads");
      } catch (error) {
        row.fails("runs", String(error));
      }
    }
  } finally {
    await served.close();
  }
}
