import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import terser from "@rollup/plugin-terser";
import { dts } from "rollup-plugin-dts";
import ts from "typescript";

/** @param {string} path */
const local = (path) => fileURLToPath(new URL(path, import.meta.url));

/**
 * Strips types and nothing else: `npm run types` checks them.
 * @returns {import("rollup").Plugin}
 */
function stripTypes() {
  return {
    name: "strip-types",
    transform(code, id) {
      if (!id.endsWith(".ts")) return null;
      const { outputText, sourceMapText } = ts.transpileModule(code, {
        fileName: id,
        compilerOptions: {
          target: ts.ScriptTarget.ES2022,
          module: ts.ModuleKind.ESNext,
          verbatimModuleSyntax: true,
          sourceMap: true,
        },
      });
      return {
        code: outputText.replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n"),
        map: sourceMapText ?? null,
      };
    },
  };
}

/**
 * `#platform` is the host's file, `#wasm/<variant>` a binary as base64; the one dependency goes into the bundle.
 * @param {string} host
 * @returns {import("rollup").Plugin}
 */
function forHost(host) {
  return {
    name: "for-host",
    resolveId(id) {
      if (id === "#platform") return local(`src/platform/${host}.ts`);
      if (id.startsWith("#wasm/")) return `\0${id}`;
      if (id === "@assemblyscript/loader") return fileURLToPath(import.meta.resolve(id));
      return null;
    },
    load(id) {
      if (!id.startsWith("\0#wasm/")) return null;
      const binary = readFileSync(local(`dist/simdgrad.${id.slice("\0#wasm/".length)}.wasm`));
      return { code: `export default ${JSON.stringify(binary.toString("base64"))};`, map: { mappings: "" } };
    },
  };
}

/** Error messages and summaries name classes. */
const smaller = terser({
  module: true,
  keep_classnames: true,
  format: { ascii_only: true, preserve_annotations: true },
});

/**
 * Companions (src/companions/) are programs beside the library: they import it as users do, so that there is one copy of it, and their
 * own dependencies stay outside.
 * @returns {import("rollup").Plugin}
 */
function besideTheLibrary() {
  return {
    name: "beside-the-library",
    async resolveId(id, importer) {
      if (importer === undefined) return null;
      if (!id.startsWith(".")) return { id, external: true };
      const found = await this.resolve(id, importer, { skipSelf: true });
      return found?.id === local("src/index.ts") ? { id: "simdgrad", external: true } : found;
    },
  };
}

const companions = readdirSync(local("src/companions"))
  .filter((file) => file.endsWith(".ts"))
  .map((file) => file.slice(0, -3));

/** @type {import("rollup").RollupOptions[]} */
const configs = [
  ...["node", "browser"].map((host) => ({
    input: "src/index.ts",
    output: { file: `dist/${host}.js`, format: /** @type {const} */ ("es"), sourcemap: true },
    external: /^node:/,
    // Node reads the file as it is, and start-up is mostly parsing; a page's bundler minifies for itself.
    plugins: [forHost(host), stripTypes(), ...(host === "node" ? [smaller] : [])],
  })),
  {
    input: "src/platform/browser.worker.ts",
    output: { file: "dist/worker.js", format: "es", sourcemap: true },
    plugins: [stripTypes()],
  },
  {
    input: "src/index.ts",
    output: { file: "dist/index.d.ts", format: "es" },
    plugins: [dts({ tsconfig: "src/tsconfig.json" })],
  },
  ...companions.flatMap((name) => [
    {
      input: `src/companions/${name}.ts`,
      output: { file: `dist/companions/${name}.js`, format: /** @type {const} */ ("es"), sourcemap: true },
      plugins: [besideTheLibrary(), stripTypes()],
    },
    {
      input: `src/companions/${name}.ts`,
      output: { file: `dist/companions/${name}.d.ts`, format: /** @type {const} */ ("es") },
      plugins: [besideTheLibrary(), dts({ tsconfig: "tsconfig.json" })],
    },
  ]),
];

export default configs;
