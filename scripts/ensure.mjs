/**
 * Makes sure that what a command needs is there, says what it does, and does nothing twice.
 *
 *   node scripts/ensure.mjs [--force] [deps] [wasm] [dist] [browser]      default: dist
 *
 *   deps      node_modules as package-lock.json has it
 *   wasm      deps, the generated files and the kernels' binaries
 *   dist      wasm, the bundles and their types
 *   browser   a Chromium for the browser tests, or a word on how to get one
 *
 * --force builds although nothing has changed. Only Node's own modules are used: this runs before `npm ci`.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { findChromium, howToInstall, installChromium } from "./find-chromium.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const STAMP = join(root, "dist/.stamp");

export class EnsureError extends Error {}

/** @param {string} text */
const say = (text) => process.stderr.write(`simdgrad: ${text}\n`);

/** @param {number} start */
const seconds = (start) => `${((performance.now() - start) / 1000).toFixed(1)} s`;

/** @param {string} file */
const readJson = (file) => JSON.parse(readFileSync(file, "utf8"));

/**
 * Files below `folder` by their path from the root, in a fixed order.
 * @param {string} folder
 */
function filesBelow(folder) {
  const path = join(root, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
}

/**
 * One hash over names and contents; a missing file counts as such.
 * @param {string[]} files
 * @param {string} [more]
 */
function hashOf(files, more = "") {
  const hash = createHash("sha1").update(more);
  for (const file of files) {
    const path = join(root, file);
    hash.update(`\0${file}\0`).update(existsSync(path) ? readFileSync(path) : "missing");
  }
  return hash.digest("hex");
}

/**
 * Runs a program and waits; what it prints goes to our standard error, so that a script's output stays its own.
 * @param {string} command
 * @param {string[]} args
 * @param {string} [cwd]
 * @returns {Promise<void>}
 */
function run(command, args, cwd = root) {
  return new Promise((resolve, reject) => {
    const shell = process.platform === "win32" && !command.includes("\\");
    const child = spawn(command, args, { cwd, stdio: ["ignore", 2, 2], shell });
    child.on("error", reject);
    child.on("exit", (code) => {
      if (code === 0) resolve();
      else
        reject(new EnsureError(`${basename(command)} ${args.map((arg) => basename(arg)).join(" ")} failed`));
    });
  });
}

/**
 * Whether node_modules holds what the lockfile says. What is optional may be missing: it is for another platform.
 * @param {string} folder
 */
function installed(folder) {
  const lockfile = join(folder, "package-lock.json");
  const marker = join(folder, "node_modules/.package-lock.json");
  if (!existsSync(lockfile)) throw new EnsureError(`${lockfile} is missing`);
  if (!existsSync(marker)) return false;
  /** @type {Record<string, { version?: string, integrity?: string, optional?: boolean }>} */
  const wanted = readJson(lockfile).packages;
  /** @type {typeof wanted} */
  const present = readJson(marker).packages;
  return Object.entries(wanted).every(([path, { version, integrity, optional }]) => {
    if (path === "") return true;
    const found = present[path];
    return found ? found.version === version && found.integrity === integrity : optional === true;
  });
}

/**
 * Installs a folder's dependencies as its lockfile has them, unless they are there.
 * @param {string} [folder]
 */
export async function ensureDependencies(folder = root) {
  if (installed(folder)) return;
  say(`installing dependencies in ${relative(process.cwd(), folder) || "."} (npm ci) …`);
  const start = performance.now();
  const args = ["ci", "--include=dev", "--no-audit", "--no-fund"];
  const npm = process.env.npm_execpath;
  if (npm && basename(npm) === "npm-cli.js") await run(process.execPath, [npm, ...args], folder);
  else await run("npm", args, folder);
  say(`dependencies installed in ${seconds(start)}`);
}

/** @returns {Record<string, string>} */
function readStamps() {
  try {
    return readJson(STAMP);
  } catch {
    return {}; // never built, or interrupted while writing
  }
}

/**
 * Builds unless inputs and outputs are those of the last build.
 * @param {string} name
 * @param {{ title: string, inputs: () => string, outputs: string[], build: () => Promise<void>, force: boolean }} step
 */
async function buildOnce(name, { title, inputs, outputs, build, force }) {
  const stampOf = () => `${inputs()} ${hashOf(outputs)}`;
  const complete = () => outputs.every((file) => existsSync(join(root, file)));
  if (!force && complete() && readStamps()[name] === stampOf()) return;
  say(`building ${title} …`);
  const start = performance.now();
  const before = inputs();
  await build();
  const missing = outputs.filter((file) => !existsSync(join(root, file)));
  if (missing.length > 0) throw new EnsureError(`the build of ${title} made no ${missing.join(", ")}`);
  // Sources edited meanwhile may not be in the outputs: without a stamp the next run builds again.
  if (inputs() === before)
    writeFileSync(STAMP, JSON.stringify({ ...readStamps(), [name]: stampOf() }, null, 2));
  say(`built ${title} in ${seconds(start)}`);
}

const GENERATED = [
  "assembly/dispatch.gen.ts",
  "assembly/kernels.gen.ts",
  "src/program/kernels.gen.ts",
  "src/program/arguments.gen.ts",
  "src/wasm/abi.gen.ts",
];
/** Both variants, the map of both, and what bundles decompress them with. */
const BINARIES = ["simdgrad.simd.wasm", "simdgrad.relaxed.wasm", "simdgrad.wasm.map", ".unpack.wasm"].map(
  (file) => `dist/${file}`,
);
const COMPANIONS = ["csv", "node", "plot"];
const ENTRIES = ["index", "nn", "optim", "data", "io", "train"];
const BUNDLES = [
  ...["node", "workerd", "edge-light", "browser", "core"].flatMap((host) =>
    [...ENTRIES, "chunks/runtime"].map((name) => `${host}/${name}.js`),
  ),
  ...["browser/chunks/simdgrad.worker.js", "core/chunks/simdgrad.worker.js"],
  ...ENTRIES.map((name) => `types/${name}.d.ts`),
  ...COMPANIONS.flatMap((name) => [`companions/${name}.js`, `companions/${name}.d.ts`]),
].map((file) => `dist/${file}`);

/** @param {string[]} names */
function toolVersions(names) {
  const { devDependencies } = readJson(join(root, "package.json"));
  return names.map((name) => `${name}@${devDependencies[name]}`).join(" ");
}

/** Compiles in a folder of its own, and moves the files when all is well. */
async function compileKernels() {
  await run(process.execPath, [join(root, "scripts/generate-kernels.mjs")]);
  const folder = `dist/.building-${process.pid}`;
  mkdirSync(join(root, folder), { recursive: true });
  try {
    await run(process.execPath, [join(root, "scripts/compile-kernels.mjs"), folder]);
    for (const file of BINARIES) renameSync(join(root, folder, basename(file)), join(root, file));
  } finally {
    rmSync(join(root, folder), { recursive: true, force: true });
  }
}

export async function ensureWasm({ force = false } = {}) {
  await ensureDependencies();
  await buildOnce("wasm", {
    title: "the kernels (wasm)",
    inputs: () =>
      hashOf(
        [
          ...filesBelow("assembly").filter((file) => !file.endsWith(".gen.ts")),
          ...[
            "asconfig.json",
            ...[
              "ensure",
              "compile-kernels",
              "fused-and-plain",
              "generate-kernels",
              "hoist-constants",
              "rewrite-code",
              "stack-effects",
              "wasm-source-map",
              "wasm-bytes",
            ].map((name) => `scripts/${name}.mjs`),
          ],
        ],
        toolVersions(["@jridgewell/sourcemap-codec", "assemblyscript", "typescript"]),
      ),
    outputs: [...BINARIES, ...GENERATED],
    build: compileKernels,
    force,
  });
}

export async function ensureDist({ force = false } = {}) {
  await ensureWasm({ force });
  await buildBundles({ force });
}

async function buildBundles({ force = false } = {}) {
  await buildOnce("js", {
    title: "the bundles (js)",
    inputs: () =>
      hashOf(
        [
          ...filesBelow("src"),
          ...BINARIES,
          "rollup.config.mjs",
          "tsconfig.json",
          "src/tsconfig.json",
          "scripts/fused-and-plain.mjs",
          "scripts/inline-binary.mjs",
          "scripts/wasm-bytes.mjs",
        ],
        toolVersions(["@assemblyscript/loader", "lzma1", "rollup", "rollup-plugin-dts", "typescript"]),
      ),
    outputs: BUNDLES,
    build: () =>
      run(process.execPath, [join(root, "node_modules/rollup/dist/bin/rollup"), "--config", "--silent"]),
    force,
  });
}

/** Finds a browser or installs it where that can be done without asking; otherwise says what to install. */
export function ensureBrowser() {
  try {
    if (findChromium() ?? installChromium()) return;
  } catch (error) {
    throw new EnsureError(String(error)); // CHROMIUM_PATH is wrong
  }
  say(`no Chromium found, browser tests will be skipped: ${howToInstall()}`);
}

async function main() {
  const options = process.argv.slice(2);
  const force = options.includes("--force");
  const steps = options.filter((option) => option !== "--force");
  for (const step of steps.length > 0 ? steps : ["dist"]) {
    if (step === "deps") await ensureDependencies();
    else if (step === "wasm") await ensureWasm({ force });
    else if (step === "js") await buildBundles({ force });
    else if (step === "dist") await ensureDist({ force });
    else if (step === "browser") ensureBrowser();
    else throw new EnsureError(`ensure: no step ${step}; there are deps, wasm, js, dist, browser`);
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === realpathSync(fileURLToPath(import.meta.url))) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof EnsureError)) throw error;
    say(error.message);
    process.exitCode = 1;
  }
}
