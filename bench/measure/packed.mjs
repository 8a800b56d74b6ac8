import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

/**
 * Packs the package as it would be published and unpacks it as an install does.
 * @param {string} root of the package, built
 * @param {string} folder that is there
 * @returns {string} what `import "simdgrad"` finds there in Node
 */
export function packed(root, folder) {
  const said = execFileSync("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder], {
    cwd: root,
    encoding: "utf8",
  });
  const [{ filename }] = JSON.parse(said);
  const home = join(folder, "node_modules/simdgrad");
  mkdirSync(home, { recursive: true });
  execFileSync("tar", ["-xzf", join(folder, filename), "-C", home, "--strip-components=1"]);
  return createRequire(join(folder, "program.js")).resolve("simdgrad");
}
