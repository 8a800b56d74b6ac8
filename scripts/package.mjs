/**
 * The package as its users get it: packed, and installed into a project of its own.
 *
 *   node scripts/package.mjs [folder]     default: .cache/package, where a project gets the tarball and node_modules/simdgrad
 *
 * Nothing here reads dist/ behind npm's back: what is not in the tarball is not there.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { ensureDependencies, ensureDist } from "./ensure.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** Where those tools are installed, and nothing else is. */
const TOOLS = join(root, "test/package");

/**
 * What `npm pack` says of a tarball; sizes in bytes.
 * @typedef {{ tarball: string, version: string, size: number, unpackedSize: number, files: { path: string, size: number }[] }} Packed
 */

/**
 * @param {string[]} args
 * @param {string} cwd
 */
function npm(args, cwd) {
  // npm sets these for the scripts that it runs; they would change what an npm inside of them does.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
  const cli = process.env.npm_execpath;
  const [program, before] =
    cli && basename(cli) === "npm-cli.js" ? [process.execPath, [cli]] : ["npm", /** @type {string[]} */ ([])];
  const shell = process.platform === "win32" && program === "npm";
  return execFileSync(program, [...before, ...args], { cwd, env, encoding: "utf8", shell });
}

/**
 * Packs what is in dist/ into `folder`. The caller has built: `npm pack` itself would build anew each time.
 * @param {string} folder
 * @returns {Packed}
 */
export function pack(folder) {
  mkdirSync(folder, { recursive: true });
  const said = npm(["pack", "--json", "--ignore-scripts", "--pack-destination", folder], root);
  /** @type {unknown} */
  const parsed = JSON.parse(said);
  // npm 11 lists packages, later ones key them by name.
  const [packed] =
    /** @type {{ filename: string, version: string, size: number, unpackedSize: number, files: Packed["files"] }[]} */ (
      Array.isArray(parsed) ? parsed : Object.values(/** @type {object} */ (parsed))
    );
  if (packed === undefined) throw new Error("npm pack packed nothing");
  const { filename, version, size, unpackedSize, files } = packed;
  return { tarball: join(folder, filename), version, size, unpackedSize, files };
}

/**
 * Makes `folder` a project that has installed the tarball, without asking a registry for anything.
 * @param {string} tarball
 * @param {string} folder
 * @returns {string} the folder of the installed package
 */
export function install(tarball, folder) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), `${JSON.stringify({ private: true, type: "module" })}\n`);
  const quiet = ["--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"];
  npm(["install", "--offline", ...quiet, tarball], folder);
  return join(folder, "node_modules/simdgrad");
}

const fromTools = createRequire(join(TOOLS, "package.json"));

/** The tools that look at the package, by the name of a module or the path of a program. */
export const tool = {
  /** @param {string} path */
  file: (path) => join(TOOLS, "node_modules", path),
  /**
   * @param {string} name
   * @returns {Promise<any>}
   */
  load: (name) => import(pathToFileURL(fromTools.resolve(name)).href),
  ready: () => ensureDependencies(TOOLS),
};

/** One hash over all that a tarball is made of. */
function fingerprint() {
  const hash = createHash("sha1");
  const { files } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  /** @param {string} path */
  const add = (path) => {
    const full = join(root, path);
    if (!existsSync(full)) return;
    if (statSync(full).isDirectory()) for (const name of readdirSync(full).sort()) add(`${path}/${name}`);
    else if (!basename(path).startsWith(".")) hash.update(`\0${path}\0`).update(readFileSync(full));
  };
  const always = readdirSync(root).filter((name) => /^(package\.json|readme.*|licen[cs]e.*)$/i.test(name));
  for (const path of new Set([...always.sort(), ...files])) if (!path.startsWith("!")) add(path);
  return hash.digest("hex").slice(0, 12);
}

/**
 * Builds, packs and installs, unless that has been done with the same files: then it gives what was made.
 * @param {string} [folder] of all such projects
 * @returns {Promise<Packed & { project: string, installed: string }>}
 */
export async function packAndInstall(folder = join(root, ".cache/package")) {
  await ensureDist();
  const project = join(folder, fingerprint());
  if (!existsSync(project)) {
    // Made elsewhere and moved, so that who comes at the same time sees all of it or nothing.
    const making = `${project}.${process.pid}`;
    const older = existsSync(folder) ? readdirSync(folder).filter((name) => !name.includes(".")) : [];
    for (const name of older) rmSync(join(folder, name), { recursive: true, force: true });
    const { tarball, ...packed } = pack(making);
    install(tarball, making);
    writeFileSync(join(making, "packed.json"), JSON.stringify({ ...packed, tarball: basename(tarball) }));
    try {
      renameSync(making, project);
    } catch (error) {
      if (!existsSync(project)) throw error;
      rmSync(making, { recursive: true });
    }
  }
  /** @type {Packed} */
  const packed = JSON.parse(readFileSync(join(project, "packed.json"), "utf8"));
  const installed = join(project, "node_modules/simdgrad");
  return { ...packed, tarball: join(project, packed.tarball), project, installed };
}

/** @param {number} bytes */
export const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;

/**
 * What a package.json says of its subpaths: for each the file of every condition.
 * @param {string} folder
 * @returns {Record<string, Record<string, string> | string>}
 */
export const exportsOf = (folder) => JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).exports;

if (process.argv[1] && realpathSync(process.argv[1]) === realpathSync(fileURLToPath(import.meta.url))) {
  const { tarball, size, unpackedSize, files } = await packAndInstall(process.argv[2]);
  for (const { path, size: bytes } of files) console.log(`${String(bytes).padStart(9)}  ${path}`);
  console.log(`${tarball}: ${files.length} files, ${kilobytes(size)}, unpacked ${kilobytes(unpackedSize)}`);
}
