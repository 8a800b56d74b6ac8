import { fileURLToPath } from "node:url";
import { build } from "vite";

const local = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/**
 * Makes JavaScript of a program beside this file, with the sources it uses: Node cannot start workers from TypeScript.
 * @returns where it lies: two folders below the root, from where the binaries are found.
 */
export async function bundle(name: string): Promise<string> {
  const outDir = local("../../../.cache/workers");
  await build({
    configFile: false,
    logLevel: "error",
    resolve: { alias: { "#platform": local("../../../src/platform/node.ts") } },
    build: {
      ssr: local(`${name}.ts`),
      outDir,
      emptyOutDir: false,
      rolldownOptions: { output: { entryFileNames: `${name}.mjs` } },
    },
  });
  return `${outDir}/${name}.mjs`;
}
