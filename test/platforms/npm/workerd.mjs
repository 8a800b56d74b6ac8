/** Bundles the worker as wrangler does and asks it for its report: node workerd.mjs <folder> <compatibility date> <scope> */
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { build } from "esbuild";
import { Miniflare } from "miniflare";

const [folder = "", compatibilityDate = "", scope = ""] = process.argv.slice(2);

/** Kernels stay files of their own, which are compiled when deployed. @type {Map<string, Uint8Array<ArrayBuffer>>} */
const binaries = new Map();

const { outputFiles } = await build({
  entryPoints: [join(folder, "worker.js")],
  bundle: true,
  write: false,
  format: "esm",
  target: "es2022",
  conditions: ["workerd", "worker", "browser"],
  plugins: [
    {
      name: "compiled-wasm",
      setup(builder) {
        builder.onResolve({ filter: /\.wasm$/ }, ({ path, resolveDir }) => {
          const copy = resolveDir.includes("simdgrad-copy") ? "copy" : "own";
          const name = `./${copy}-${basename(path)}`;
          binaries.set(name, new Uint8Array(readFileSync(join(resolveDir, path))));
          return { path: name, external: true };
        });
      },
    },
  ],
});

const miniflare = new Miniflare({
  modules: [
    { type: "ESModule", path: "worker.js", contents: outputFiles[0]?.text ?? "" },
    ...Array.from(binaries, ([path, contents]) => ({
      type: /** @type {const} */ ("CompiledWasm"),
      path: path.slice(2),
      contents,
    })),
  ],
  compatibilityDate,
});
try {
  const response = await miniflare.dispatchFetch(`http://localhost/?scope=${scope}`);
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  console.log(text);
} finally {
  await miniflare.dispose();
}
