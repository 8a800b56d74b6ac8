import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import terser from "@rollup/plugin-terser";
import { dts } from "rollup-plugin-dts";
import ts from "typescript";
import { inlineModule } from "./scripts/inline-binary.mjs";

/** @param {string} path */
const local = (path) => fileURLToPath(new URL(path, import.meta.url));

/**
 * Strips types and nothing else: `npm run types` checks them.
 * @returns {import("rollup").Plugin}
 */
function stripTypes() {
  return {
    name: "strip-types",
    transform: (code, id) => (id.endsWith(".ts") ? (stripped[id] ??= strip(code, id)) : null),
  };
}

/** @type {Record<string, { code: string, map: string | null }>} */
const stripped = {};

/**
 * @param {string} code
 * @param {string} fileName
 */
function strip(code, fileName) {
  const { outputText, sourceMapText } = ts.transpileModule(code, {
    fileName,
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
}

/** All that differs between hosts is one file, so the rest is built once: it imports that file, which lies beside the chunks. */
const PLATFORM = "#platform";

/**
 * The one dependency goes into the bundle.
 * @returns {import("rollup").Plugin}
 */
function withLoader() {
  return {
    name: "with-loader",
    resolveId: (id) => (id === "@assemblyscript/loader" ? fileURLToPath(import.meta.resolve(id)) : null),
  };
}

/**
 * `#wasm/inline` is the binary as text, `#module/<variant>` the file itself, which the host's loader compiles.
 * @returns {import("rollup").Plugin}
 */
function withBinaries() {
  return {
    name: "with-binaries",
    resolveId(id) {
      if (id === "#wasm/inline") return `\0${id}`;
      const [, query, variant] = /^#module(\?\w+)?\/(\w+)$/.exec(id) ?? [];
      // The folder of src/platform/ stands for dist/<host>/chunks/.
      if (variant) return { id: local(`simdgrad.${variant}.wasm`) + (query ?? ""), external: "relative" };
      return null;
    },
    load(id) {
      if (id !== "\0#wasm/inline") return null;
      const plain = readFileSync(local("dist/simdgrad.simd.wasm"));
      const fused = readFileSync(local("dist/simdgrad.relaxed.wasm"));
      const unpack = readFileSync(local("dist/.unpack.wasm"));
      return { code: inlineModule({ plain, fused, unpack }), map: { mappings: "" } };
    },
  };
}

/** Error messages and summaries name classes. */
const smaller = once(
  terser({
    module: true,
    keep_classnames: true,
    format: { ascii_only: true, preserve_annotations: true },
  }),
);

/**
 * Minifies what several hosts have only once.
 * @param {import("rollup").Plugin} plugin
 * @returns {import("rollup").Plugin}
 */
function once(plugin) {
  const { renderChunk } = plugin;
  if (typeof renderChunk !== "function") throw new Error(`${plugin.name} has changed: it has no renderChunk`);
  /** @type {Map<string, ReturnType<typeof renderChunk>>} */
  const done = new Map();
  return {
    ...plugin,
    renderChunk(code, ...more) {
      const result = done.get(code) ?? renderChunk.call(this, code, ...more);
      done.set(code, result);
      return result;
    },
  };
}

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

/** A graph of modules each, of the same shape. */
const HOSTS = ["node", "workerd", "edge-light", "browser", "core"];
/** Entries of their own, beside the index that has them all. */
const PARTS = ["nn", "optim", "data", "io", "train"];
const entries = {
  index: local("src/index.ts"),
  ...Object.fromEntries(PARTS.map((part) => [part, local(`src/${part}/index.ts`)])),
};

/**
 * A chunk each for what not every program needs, and one for the rest: all entries of a host share state, and a bundler drops whole files.
 * @param {string} id
 */
function chunkOf(id) {
  const folder = id.startsWith(local("src/")) ? id.slice(local("src/").length).split("/")[0] : "";
  return (
    [...PARTS, "compile", "profile"].find((part) => part === folder) ??
    (id === entries.index ? null : "runtime")
  );
}

/**
 * Source maps name our sources, which are in the package; the text of other sources they carry with them.
 * @returns {import("rollup").Plugin}
 */
function textOfOthers() {
  return {
    name: "text-of-others",
    generateBundle({ dir = "" }, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type !== "asset" || !file.fileName.endsWith(".map")) continue;
        /** @type {{ sources: string[] }} */
        const map = JSON.parse(String(file.source));
        const sourcesContent = map.sources.map((source) =>
          source.includes("node_modules/")
            ? readFileSync(join(dir, dirname(file.fileName), source), "utf8")
            : null,
        );
        if (sourcesContent.some(Boolean)) file.source = JSON.stringify({ ...map, sourcesContent });
      }
    },
  };
}

/** @type {import("rollup").OutputOptions} */
const output = { format: "es", sourcemap: true, sourcemapExcludeSources: true }; // the package has the sources

/** @type {import("rollup").RollupOptions[]} */
const configs = [
  {
    input: entries,
    output: HOSTS.map((host) => ({
      ...output,
      dir: `dist/${host}`,
      chunkFileNames: "chunks/[name].js",
      manualChunks: chunkOf,
      hoistTransitiveImports: false,
      paths: { [PLATFORM]: "./platform.js" },
    })),
    external: [PLATFORM],
    plugins: [withLoader(), stripTypes(), smaller, textOfOthers()],
  },
  ...HOSTS.map((host) => ({
    input: `src/platform/${host}.ts`,
    output: { ...output, file: `dist/${host}/chunks/platform.js` },
    external: /^node:/,
    plugins: [withBinaries(), stripTypes(), smaller],
  })),
  ...["browser", "core"].map((host) => ({
    input: "src/platform/worker.ts",
    output: { ...output, file: `dist/${host}/chunks/simdgrad.worker.js`, footer: "export {}; // a module" },
    plugins: [stripTypes()],
  })),
  {
    input: entries,
    output: { dir: "dist/types", format: "es", chunkFileNames: "chunks/[name].d.ts", manualChunks: chunkOf },
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
