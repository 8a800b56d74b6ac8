import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureDependencies } from "../../scripts/ensure.mjs";
import { UsageError } from "../options.mjs";

/**
 * The Node that runs the JavaScript contenders: ours, a version of bench/nodes (installed when first asked for), or a path.
 * @param {string | null} wanted
 * @returns {Promise<string>}
 */
export async function findNode(wanted) {
  if (wanted === null) return process.execPath;
  if (/^\d+$/.test(wanted)) {
    const folder = fileURLToPath(new URL("../nodes/", import.meta.url));
    await ensureDependencies(folder);
    const node = join(folder, `node_modules/node-${wanted}/bin/node`);
    if (existsSync(node)) return node;
    throw new UsageError(
      `--node ${wanted}: bench/nodes/package.json has no Node ${wanted} for this platform; give the path of one`,
    );
  }
  try {
    execFileSync(wanted, ["--version"], { stdio: "pipe" });
  } catch {
    throw new UsageError(`--node ${wanted}: does not run`);
  }
  return wanted;
}
