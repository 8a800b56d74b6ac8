/**
 * The tests that compute, once more under a Node with relaxed SIMD: the fused binary is what most users run, and Node 20
 * cannot run it. Browser tests and examples have no need of a second round.
 *
 *   node scripts/test-relaxed.mjs
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { findNode } from "../bench/measure/node.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const node = await findNode("24");
const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url));
const report = "--outputFile.json=.cache/vitest-relaxed.json";
const folders = "kernels golden ops memory autograd nn optim data train compile threads"
  .split(" ")
  .map((name) => `test/${name}/`);
console.log(`simdgrad: testing the relaxed binary under ${node}`);
const { status } = spawnSync(node, [vitest, "run", ...folders, report], { cwd: root, stdio: "inherit" });
process.exitCode = status ?? 1;
