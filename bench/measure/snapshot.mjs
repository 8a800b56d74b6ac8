import { cpSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";

/**
 * Copies a build, so that one made during the run does not change what is measured.
 * @param {string} entry path of its dist/node/index.js
 * @param {string} folder
 * @returns {string} path of the copy's entry
 */
export function snapshot(entry, folder) {
  const dist = dirname(dirname(entry));
  cpSync(dist, folder, { recursive: true, filter: (path) => !basename(path).startsWith(".") });
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
  return join(folder, relative(dist, entry));
}
