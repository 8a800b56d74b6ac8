/**
 * Runs the outcome of a dry run as its platform would, asks it once and prints the answer:
 *
 *   node test/bundlers/workerd.mjs folder       Node ≥ 22
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const { Miniflare } = await import(/** @type {string} */ ("miniflare"));
const folder = /** @type {string} */ (process.argv[2]);
const files = readdirSync(folder);
const kernels = files.filter((file) => file.endsWith(".wasm"));
const miniflare = new Miniflare({
  compatibilityDate: "2025-09-01",
  modulesRoot: folder,
  modules: [
    { type: "ESModule", path: join(folder, "main.js"), contents: readFileSync(join(folder, "main.js"), "utf8") },
    ...kernels.map((file) => ({
      type: "CompiledWasm",
      path: join(folder, file),
      contents: readFileSync(join(folder, file)),
    })),
  ],
});
try {
  const response = await miniflare.dispatchFetch("http://localhost/");
  console.log(await response.text());
} finally {
  await miniflare.dispose();
}
