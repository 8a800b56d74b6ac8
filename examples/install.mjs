/**
 * Makes one of the projects that serve a model ready to run inside of this repository:
 *
 *   node examples/install.mjs <name> …      node-server, cloudflare-worker, lambda, deno, browser-plain
 *
 * What its package-lock.json names comes from the registry; the library is packed here and installed as a tarball, as a release
 * would be; and model.safetensors is the one that `npm start` left in out/mnist, or of a short training where there is none.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureDist } from "../scripts/ensure.mjs";
import { npm, pack } from "../scripts/package.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const cache = join(root, ".cache/serving");
/** What it was installed from, so that nothing is done twice. */
const MARKER = "node_modules/.simdgrad-installed";

/** Enough digits for some 97 of 100 right in a few seconds. */
const SHORT_TRAINING = ["--limit", "12000"];

/** @param {string} text */
const say = (text) => process.stderr.write(`simdgrad: ${text}\n`);

/**
 * The library as `npm publish` would send it.
 * @param {string} name for whom: several may be installed at once
 */
function packFor(name) {
  const to = join(cache, "package", name);
  rmSync(to, { recursive: true, force: true });
  return pack(to).tarball;
}

/** @param {string[]} files */
const hashOf = (files) =>
  files.reduce((hash, file) => hash.update(readFileSync(file)), createHash("sha1")).digest("hex");

/** @param {string} folder */
function installPackages(folder) {
  const wanted = hashOf([
    join(root, "dist/.stamp"),
    join(root, "package.json"),
    join(folder, "package-lock.json"),
  ]);
  const marker = join(folder, MARKER);
  if (existsSync(marker) && readFileSync(marker, "utf8") === wanted) return;
  say(`installing examples/${basename(folder)} …`);
  // No scripts: none of them needs its own, and workerd and esbuild come as packages with their binaries.
  npm(
    [
      "install",
      packFor(basename(folder)),
      "--no-save",
      "--ignore-scripts",
      "--no-audit",
      "--no-fund",
      "--loglevel",
      "error",
    ],
    folder,
  );
  writeFileSync(marker, wanted);
}

/** A trained model; half precision costs no digit and halves what a function has to load. */
async function trainedModel() {
  const { io } = await import("simdgrad");
  /** @param {string} path */
  const read = (path) => io.load(readFileSync(path), { name: path });
  const half = join(cache, "model.safetensors");
  const full = join(root, "out/mnist/model.safetensors");
  let source = full;
  if (!existsSync(full)) {
    source = join(cache, "mnist/model.safetensors");
    if (!existsSync(source)) {
      say("there is no out/mnist/model.safetensors (npm start makes it): training a short while …");
      const program = ["--import", "tsx", join(root, "examples/mnist/main.ts"), ...SHORT_TRAINING];
      execFileSync(process.execPath, [...program, "--out", join(cache, "mnist")], {
        cwd: root,
        stdio: ["ignore", 2, 2],
      });
    }
  }
  const { model, classes, preprocessing, metadata } = read(source);
  writeFileSync(half, io.save(model, { classes, preprocessing, metadata, dtype: "f16" }));
  model.dispose();
  return half;
}

/**
 * Installs a project; does nothing where nothing has changed.
 * @param {string} name
 * @returns {Promise<string>} its folder
 */
export async function installExample(name) {
  const folder = join(root, "examples", name);
  if (!existsSync(join(folder, "package-lock.json")))
    throw new Error(`examples/${name} is no project of its own`);
  await ensureDist();
  installPackages(folder);
  const model = join(folder, "model.safetensors");
  if (!existsSync(model)) writeFileSync(model, readFileSync(await trainedModel()));
  return folder;
}

if (process.argv[1] && realpathSync(process.argv[1]) === realpathSync(fileURLToPath(import.meta.url))) {
  const names = process.argv.slice(2);
  if (names.length === 0) {
    say("node examples/install.mjs <name> …, as README.md of the example has it");
    process.exitCode = 2;
  }
  for (const name of names) await installExample(name);
}
