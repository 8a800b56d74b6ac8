/** The package as users get it, and a project for each cell that has it installed. */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { execute } from "./execute.mjs";

const here = dirname(fileURLToPath(import.meta.url));
export const root = join(here, "../..");
/** Outside of everything that is checked and committed. Cells lie below it, so that they find the tools and the package. */
export const work = join(root, ".cache/bundlers/project");
const tools = join(here, "node_modules");

/** @param {string} file */
const readJson = (file) => JSON.parse(readFileSync(file, "utf8"));

/**
 * The version of a tool that is installed; null when it is missing.
 * @param {string} name
 * @returns {string | null}
 */
export function versionOf(name) {
  const file = join(tools, name, "package.json");
  return existsSync(file) ? readJson(file).version : null;
}

/** @param {string} name */
export const bin = (name) => join(tools, ".bin", name);

/** A newer Node, for tools that this one is too old for. */
export const newerNode = join(tools, "node-24/bin/node");

/**
 * Packs what dist/ holds and installs the tarball into an empty folder, with a lock.
 * @returns {Promise<string>} the tarball
 */
export async function install() {
  rmSync(dirname(work), { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  // `prepack` would build once more.
  const packed = await execute("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", work], {
    cwd: root,
  });
  const [{ filename }] = Object.values(JSON.parse(packed));
  writeFileSync(join(work, "package.json"), `${JSON.stringify({ private: true, type: "module" })}\n`);
  await execute("npm", ["install", "--no-audit", "--no-fund", "--offline", `./${filename}`], { cwd: work });
  if (!existsSync(join(work, "package-lock.json"))) throw new Error("npm install wrote no lock");
  // Bundlers' own helpers and plugins are found there.
  symlinkSync(tools, join(dirname(work), "node_modules"), "dir");
  return join(work, filename);
}

/**
 * A user's project: one of the programs, and the configuration of its bundler.
 * @param {string} name
 * @param {string} program
 * @param {readonly string[]} configs
 * @returns {string} its folder
 */
export function layOut(name, program, configs) {
  const folder = join(work, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), `${JSON.stringify({ private: true, type: "module" })}\n`);
  cpSync(join(here, "programs", program), folder, { recursive: true });
  for (const file of ["train.js", "report.js"])
    if (program !== "few") cpSync(join(here, "programs", file), join(folder, file));
  for (const config of configs) cpSync(join(here, "configs", config), join(folder, config));
  return folder;
}
