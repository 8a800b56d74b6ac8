/**
 * The matrix: each cell is a project that a tool builds, and where the outcome runs.
 *
 * @typedef {object} Cell
 * @property {string} title
 * @property {string | null} tool the package whose version is shown; null where there is none
 * @property {"page" | "node" | "worker"} runs
 * @property {string[]} [configs] files of configs/
 * @property {string[][]} [commands] a tool and its arguments, each
 * @property {string[]} [server] a tool and its arguments: a server of its own instead of files
 * @property {string} [out] the folder that the tool fills and that all of the program is in; absent: the project itself
 * @property {boolean} [html] whether the tool writes index.html, too
 * @property {string} [imports] an import map: what "simdgrad" is without a bundler
 * @property {string} [direct] the address that stands in the program's place of "simdgrad"
 * @property {string} [main] the file that Node runs, in `out`
 * @property {boolean} [copyKernels] whether the .wasm files are copied beside the outcome, as its documentation says
 * @property {RegExp} [refuses] the typed error that is right here: the outcome has no kernels
 * @property {boolean} [newer] whether the tool needs a newer Node than this
 * @property {boolean} [slow] not part of a run without --all
 */

const LEFT_BEHIND = /^PlatformError: simdgrad: simdgrad\.simd\.wasm was not found .*"simdgrad\/inline"/;
const ESBUILD = ["esbuild", "main.js", "--bundle", "--minify", "--outdir=dist"];
const ESM = ["--platform=node", "--format=esm", "--out-extension:.js=.mjs"];
const CJS = ["--platform=node", "--format=cjs", "--out-extension:.js=.cjs"];
const INLINE = ["--alias:simdgrad=simdgrad/inline"];

/** @type {Readonly<Record<string, Cell>>} */
export const cells = {
  plain: { title: "none, import map", tool: null, runs: "page", imports: "/node_modules/simdgrad/dist/browser" },
  address: {
    title: "none, the file's address",
    tool: null,
    runs: "page",
    direct: "/node_modules/simdgrad/dist/browser",
  },
  "vite-dev": {
    title: "Vite, dev server",
    tool: "vite",
    runs: "page",
    configs: ["vite.config.js"],
    server: ["vite", "--host", "127.0.0.1", "--port", "0"],
  },
  vite: {
    title: "Vite, build",
    tool: "vite",
    runs: "page",
    configs: ["vite.config.js"],
    commands: [["vite", "build"]],
    out: "dist",
    html: true,
  },
  webpack: {
    title: "webpack",
    tool: "webpack",
    runs: "page",
    configs: ["webpack.config.js"],
    commands: [["webpack"]],
    out: "dist",
  },
  rspack: {
    title: "Rspack",
    tool: "@rspack/core",
    runs: "page",
    configs: ["rspack.config.js"],
    commands: [["rspack", "build"]],
    out: "dist",
  },
  rollup: {
    title: "Rollup",
    tool: "rollup",
    runs: "page",
    configs: ["rollup.config.js"],
    commands: [["rollup", "--config"]],
    out: "dist",
  },
  esbuild: {
    title: "esbuild",
    tool: "esbuild",
    runs: "page",
    commands: [[...ESBUILD, "--format=esm"]],
    out: "dist",
  },
  "esbuild-iife": {
    title: "esbuild, classic script",
    tool: "esbuild",
    runs: "page",
    commands: [[...ESBUILD, "--format=iife"]],
    out: "dist",
  },
  parcel: {
    title: "Parcel",
    tool: "parcel",
    runs: "page",
    commands: [["parcel", "build", "index.html", "--no-cache", "--dist-dir", "dist"]],
    out: "dist",
    html: true,
  },
  node: { title: "Node, none", tool: null, runs: "node", main: "main.js" },
  "vite-ssr": {
    title: "Vite SSR, external as by default",
    tool: "vite",
    runs: "node",
    commands: [["vite", "build", "--ssr", "main.js"]],
    main: "dist/main.js",
  },
  "vite-ssr-bundled": {
    title: "Vite SSR, bundled, kernels copied",
    tool: "vite",
    runs: "node",
    configs: ["vite-ssr.config.js"],
    commands: [["vite", "build", "--ssr", "main.js", "--config", "vite-ssr.config.js"]],
    out: "dist",
    main: "main.js",
    copyKernels: true,
  },
  "webpack-node": {
    title: "webpack, target node",
    tool: "webpack",
    runs: "node",
    configs: ["webpack-node.config.js"],
    commands: [["webpack", "--config", "webpack-node.config.js"]],
    out: "dist",
    main: "main.cjs",
  },
  "esbuild-node": {
    title: "esbuild, ES module for Node, kernels copied",
    tool: "esbuild",
    runs: "node",
    commands: [[...ESBUILD, ...ESM]],
    out: "dist",
    main: "main.mjs",
    copyKernels: true,
  },
  "esbuild-node-alone": {
    title: "esbuild, ES module for Node, no kernels",
    tool: "esbuild",
    runs: "node",
    commands: [[...ESBUILD, ...ESM]],
    out: "dist",
    main: "main.mjs",
    refuses: LEFT_BEHIND,
  },
  lambda: {
    title: "esbuild, CommonJS for Lambda, kernels copied",
    tool: "esbuild",
    runs: "node",
    commands: [[...ESBUILD, ...CJS]],
    out: "dist",
    main: "main.cjs",
    copyKernels: true,
  },
  "lambda-alone": {
    title: "esbuild, CommonJS for Lambda, no kernels",
    tool: "esbuild",
    runs: "node",
    commands: [[...ESBUILD, ...CJS]],
    out: "dist",
    main: "main.cjs",
    refuses: LEFT_BEHIND,
  },
  "lambda-inline": {
    title: "esbuild, CommonJS for Lambda, simdgrad/inline",
    tool: "esbuild",
    runs: "node",
    commands: [[...ESBUILD, ...CJS, ...INLINE]],
    out: "dist",
    main: "main.cjs",
  },
  wrangler: {
    title: "wrangler, dry run",
    tool: "wrangler",
    runs: "worker",
    configs: ["wrangler.jsonc"],
    commands: [["wrangler", "deploy", "--dry-run", "--outdir", "dist"]],
    out: "dist",
    newer: true,
  },
};
