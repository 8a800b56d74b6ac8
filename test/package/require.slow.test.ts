/** Node's `require` of ES modules, and two installed copies in one program. */
import { cpSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { makeProject, type Project } from "./project.ts";

let project: Project;
beforeAll(async () => {
  project = await makeProject();
});

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const canRequire = major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19);

describe("a CommonJS program", () => {
  it.runIf(canRequire)("has the same classes by require and by import, from any subpath", () => {
    project.write({
      "program.cjs": `
        const { tensor, nn } = require("simdgrad");
        const { Linear } = require("simdgrad/nn");
        import("simdgrad").then((imported) => {
          console.log(JSON.stringify([
            tensor([1, 2, 3]).sum().item(),
            Linear === nn.Linear,
            imported.tensor === tensor,
            imported.nn.Linear === Linear,
          ]));
        });`,
    });
    expect(JSON.parse(project.node(["program.cjs"]))).toEqual([6, true, true, true]);
  });
});

describe("two copies in one program", () => {
  it("are named by the second, and a tensor of one is refused by the other", () => {
    const theirs = "node_modules/dependency/node_modules/simdgrad";
    cpSync(join(project.folder, "node_modules/simdgrad"), join(project.folder, theirs), { recursive: true });
    project.write({
      "node_modules/dependency/package.json": JSON.stringify({
        name: "dependency",
        type: "module",
        exports: "./index.js",
      }),
      "node_modules/dependency/index.js": `
        import { tensor } from "simdgrad";
        export const theirs = tensor([1, 2]);`,
      "copies.js": `
        const warnings = [];
        console.warn = (text) => warnings.push(text);
        const { tensor, PlatformError } = await import("simdgrad");
        const mine = tensor([3, 4]);
        const before = warnings.length;
        const { theirs } = await import("dependency");
        let refused;
        try { mine.add(theirs); } catch (error) { refused = [error instanceof PlatformError, error.message]; }
        console.log(JSON.stringify({ before, warnings, refused }));`,
    });
    const { before, warnings, refused } = JSON.parse(project.node(["copies.js"])) as {
      before: number;
      warnings: string[];
      refused: [boolean, string];
    };
    expect(before).toBe(0);
    expect(warnings).toEqual([
      expect.stringMatching(
        /^simdgrad: 2 copies of the library .*: simdgrad \S+ \(node\), simdgrad \S+ \(node\)\./,
      ),
    ]);
    expect(refused).toEqual([
      true,
      expect.stringMatching(/^add: this tensor belongs to another copy of simdgrad/),
    ]);
  });

  it("one copy by several subpaths says nothing", () => {
    project.write({
      "one.js": `
        const warnings = [];
        console.warn = (text) => warnings.push(text);
        const { tensor } = await import("simdgrad");
        const { Linear } = await import("simdgrad/nn");
        const { data } = await import("simdgrad");
        console.log(JSON.stringify([new Linear(2, 3).forward(tensor([[1, 2]])).shape, typeof data, warnings]));`,
    });
    expect(JSON.parse(project.node(["one.js"]))).toEqual([[1, 3], "object", []]);
  });
});
