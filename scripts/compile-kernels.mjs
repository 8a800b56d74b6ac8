/**
 * Compiles the kernels and what is made of them:
 *
 *   simdgrad.simd.wasm, simdgrad.relaxed.wasm    the variants
 *   simdgrad.wasm.map                            the source map of both
 *   .unpack.wasm                                 what decompresses them in bundles
 *
 *   node scripts/compile-kernels.mjs folder
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { fusedAndPlain } from "./fused-and-plain.mjs";
import { hoistConstants } from "./hoist-constants.mjs";
import { movedMap } from "./wasm-source-map.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const MAP = "simdgrad.wasm.map";

/** @param {string[]} args */
function asc(...args) {
  const compiler = join(root, "node_modules/assemblyscript/bin/asc.js");
  // What it prints goes to our standard error, so that a script's output stays its own.
  execFileSync(process.execPath, [compiler, ...args], { cwd: root, stdio: ["ignore", 2, 2] });
}

/** @param {string} folder from the root */
function compileKernels(folder) {
  const compiled = `${folder}/compiled`;
  asc("--config", "asconfig.json", "--outFile", compiled, "--sourceMap", MAP);
  asc("--config", "assembly/unpack/asconfig.json", "--outFile", `${folder}/.unpack.wasm`);
  const hoisted = hoistConstants(readFileSync(join(root, compiled)));
  const { plain, fused, moves } = fusedAndPlain(hoisted.bytes);
  const map = JSON.parse(readFileSync(join(root, `${compiled}.map`), "utf8"));
  // From dist/ to the sources that the package has.
  const pathOf = (/** @type {string} */ source) => (source.startsWith("assembly/") ? `../${source}` : null);
  const files = {
    "simdgrad.simd.wasm": plain,
    "simdgrad.relaxed.wasm": fused,
    [MAP]: JSON.stringify(movedMap(map, [hoisted.moves, moves], pathOf)),
  };
  for (const [file, content] of Object.entries(files)) writeFileSync(join(root, folder, file), content);
}

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("node scripts/compile-kernels.mjs folder");
compileKernels(folder);
