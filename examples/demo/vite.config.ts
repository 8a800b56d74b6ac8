import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { mnistFiles } from "./mnist-files.ts";

const local = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: local("."),
  // Relative addresses: the built page works from any folder of any server.
  base: "./",
  plugins: [mnistFiles()],
  // The only dependencies are ES modules already; bundling them first would reload the page mid-training.
  optimizeDeps: { noDiscovery: true, include: [] },
  // The library lies in the package's dist/.
  server: { fs: { allow: [local("../..")] } },
  build: { outDir: local("../../out/demo"), emptyOutDir: true },
  worker: { format: "es" },
});
