import { dirname, join } from "node:path";
import { readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import terser from "@rollup/plugin-terser";
import { rollup } from "rollup";

/**
 * @typedef {{ file: string, bytes: number, gzip: number }} Size
 */

const TENSORS =
  "Tensor, tensor, zeros, zerosLike, ones, onesLike, full, arange, rand, randn, randint, randperm, manualSeed, keep, memory, init, backendInfo";
const AUTOGRAD =
  "backward, grad, noGrad, enableGrad, isGradEnabled, scope, detach, registerHook, retainGrad, checkpoint, customFunction, gradcheck, gradgradcheck, graphDump, anomalyMode, jacobian, hessian, jvp, vjp, hvp";

/** What the bars are about. */
export const CORE = "page: tensors, their methods, autograd";
export const PARTS = "page: with nn, optim, data, io";

/** Pages by what they use of the browser's entry; a bundler leaves the rest out. @type {Record<string, string>} */
const PAGES = {
  "page: tensor and matmul": "export { tensor, matmul }",
  [CORE]: `export { ${TENSORS}, ${AUTOGRAD} }`,
  [PARTS]: `export { ${TENSORS}, ${AUTOGRAD}, nn, optim, data, io }`,
  "page: everything": "export *",
};

/**
 * @param {string} file
 * @param {Uint8Array | string} bytes
 * @returns {Size}
 */
const sizeOf = (file, bytes) => ({
  file,
  bytes: Buffer.byteLength(bytes),
  gzip: gzipSync(bytes, { level: 9 }).length,
});

/**
 * What a visitor downloads for a page made of the default entry, kernels inside, and of the worker file that threads take.
 * @param {string} dist
 * @param {string} uses
 * @param {string} folder
 */
async function page(dist, uses, folder) {
  const input = join(folder, "page.js");
  writeFileSync(input, `${uses} from ${JSON.stringify(join(dist, "browser/index.js"))};\n`);
  const bundle = await rollup({ input, plugins: [terser({ module: true })], logLevel: "silent" });
  const { output } = await bundle.generate({ format: "es" });
  await bundle.close();
  const worker = readFileSync(join(dist, "browser/chunks/simdgrad.worker.js"), "utf8");
  return output.map((file) => (file.type === "chunk" ? file.code : file.source)).join("") + worker;
}

/**
 * What users download.
 * @param {string} entry our dist/node/index.js
 * @param {string} folder for what is bundled
 * @returns {Promise<Size[]>}
 */
export async function measureSizes(entry, folder) {
  const dist = dirname(dirname(entry));
  const pages = [];
  for (const [name, uses] of Object.entries(PAGES)) pages.push(sizeOf(name, await page(dist, uses, folder)));
  const files = ["simdgrad.simd.wasm", "simdgrad.relaxed.wasm"];
  return [...files.map((file) => sizeOf(file, readFileSync(join(dist, file)))), ...pages];
}
