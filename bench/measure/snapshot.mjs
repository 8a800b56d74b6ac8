import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * Copies a build, so that one made during the run does not change what is measured.
 * @param {string} bundle path of its node.js
 * @param {string} folder
 * @returns {string} path of the copy's node.js
 */
export function snapshot(bundle, folder) {
  mkdirSync(folder, { recursive: true });
  const source = dirname(bundle);
  for (const file of readdirSync(source).filter((name) => /\.(js|wasm)$/.test(name))) {
    copyFileSync(join(source, file), join(folder, file));
  }
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
  return join(folder, "node.js");
}
