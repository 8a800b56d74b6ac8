/** Builds a cell's project and makes it runnable. */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execute } from "./execute.mjs";
import { bin, layOut, newerNode, work } from "./project.mjs";

/**
 * @param {string} name
 * @param {import("./cells.mjs").Cell} cell
 * @param {string} program of programs/
 * @returns {Promise<{ folder: string, out: string }>} the project, and what of it runs
 */
export async function build(name, cell, program) {
  const folder = layOut(program === "few" ? `${name}-few` : name, program, cell.configs ?? []);
  for (const [tool = "", ...args] of cell.commands ?? []) {
    if (cell.newer) await execute(newerNode, [bin(tool), ...args], { cwd: folder });
    else await execute(bin(tool), args, { cwd: folder });
  }
  const out = cell.out ? join(folder, cell.out) : folder;
  if (cell.direct) {
    for (const file of readdirSync(folder).filter((name) => name.endsWith(".js"))) {
      const source = readFileSync(join(folder, file), "utf8");
      writeFileSync(
        join(folder, file),
        source.replace(/"simdgrad(?:\/(\w+))?"/g, (_, part) => `"${cell.direct}/${part ?? "index"}.js"`),
      );
    }
  }
  if (cell.runs === "page" && !cell.server && !cell.html) writePage(cell, folder, out);
  return { folder, out };
}

/**
 * Tools that know scripts alone leave the page to its author.
 * @param {import("./cells.mjs").Cell} cell
 * @param {string} folder
 * @param {string} out
 */
function writePage({ imports }, folder, out) {
  let page = readFileSync(join(folder, "index.html"), "utf8");
  if (imports) {
    const map = { imports: { simdgrad: `${imports}/index.js`, "simdgrad/": `${imports}/` } };
    // Without a bundler, "simdgrad/nn" is a file.
    const parts = { "simdgrad/nn": `${imports}/nn.js` };
    Object.assign(map.imports, parts);
    page = page.replace("<script", `<script type="importmap">${JSON.stringify(map)}</script>\n    <script`);
  }
  writeFileSync(join(out, "index.html"), page);
}

/**
 * Away from everything that it was built from: a deployment has the outcome alone.
 * @param {string} name
 * @param {import("./cells.mjs").Cell} cell
 * @param {string} out
 */
export function deploy(name, { copyKernels }, out) {
  const place = join(tmpdir(), `simdgrad-bundlers-${process.pid}`, name);
  mkdirSync(place, { recursive: true });
  cpSync(out, place, { recursive: true });
  if (copyKernels) {
    const package_ = join(work, "node_modules/simdgrad/dist");
    for (const file of readdirSync(package_).filter((file) => file.endsWith(".wasm")))
      cpSync(join(package_, file), join(place, file));
  }
  if (out.endsWith("dist")) writeFileSync(join(place, "package.json"), '{ "type": "module" }\n');
  return { place, clear: () => rmSync(join(place, ".."), { recursive: true, force: true }) };
}
