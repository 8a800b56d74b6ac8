/** docs/install.md: its snippets run here, or a cell of a matrix runs the same. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeProject, root, type Project } from "./project.ts";

interface Snippet {
  readonly section: string;
  readonly file: string;
  /** `runs` here, in this way, or the `cell` of this matrix runs the same. */
  readonly how: "runs" | "cell";
  readonly where: string;
  readonly code: string;
}

const page = readFileSync(join(root, "docs/install.md"), "utf8");

const snippets: readonly Snippet[] = page.split(/^## /m).flatMap((text) => {
  const section = text.split("\n")[0] ?? "";
  return [...text.matchAll(/<!-- (\S+), (runs|cell): (.+?) -->\n\n```\w+\n([\s\S]*?)```/g)].map(
    ([, file = "", how, where = "", code = ""]) => ({
      section,
      file,
      how: how as "runs" | "cell",
      where,
      code,
    }),
  );
});

/** What the snippet says that it prints. */
const said = (code: string): string =>
  [...code.matchAll(/; \/\/ (\S+)$/gm)].map(([, value]) => value).join("\n");

const WAYS: Readonly<Record<string, (project: Project, file: string) => string>> = {
  node: (project, file) => project.node([file]),
  lambda: (project, file) =>
    project.node([
      "--input-type=module",
      "--eval",
      `import { handler } from "./${file}"; console.log((await handler({})).body);`,
    ]),
};

/** Where the matrices name their cells. */
const MATRICES: Readonly<Record<string, readonly string[]>> = {
  bundlers: ["test/bundlers/cells.mjs", "test/bundlers/next.mjs"],
  platforms: ["test/platforms/runtimes/processes.mjs"],
};

it("every snippet says how it is tested", () => {
  const blocks = page.match(/^```(js|ts|html|json)$/gm) ?? [];
  expect(snippets.length).toBe(blocks.length);
  expect(snippets.length).toBeGreaterThan(15);
});

describe("snippets that run here", () => {
  const here = snippets.filter(({ how }) => how === "runs");
  it.each(here.map((snippet) => [`${snippet.section}: ${snippet.file}, ${snippet.where}`, snippet] as const))(
    "%s",
    async (_, { file, where, code }) => {
      const project = await makeProject();
      project.write({ [file]: code });
      const way = WAYS[where];
      if (way === undefined) throw new Error(`no way to run a snippet by ${where}`);
      const printed = way(project, file);
      expect(said(code)).not.toBe("");
      expect(printed.trim()).toBe(said(code));
    },
  );
});

describe.each(Object.entries(MATRICES))("snippets that the matrix of %s runs", (matrix, files) => {
  const cells = snippets
    .filter(({ how, where }) => how === "cell" && where.startsWith(`${matrix} `))
    .map(({ where }) => where.slice(matrix.length + 1));
  const sources = files.map((file) => join(root, file)).filter((file) => existsSync(file));

  it.runIf(sources.length > 0).each([...new Set(cells)])("%s is a cell", (cell) => {
    const text = sources.map((file) => readFileSync(file, "utf8")).join("\n");
    expect(text).toMatch(new RegExp(`(^\\s*"?${cell}"?: \\{|name: "${cell}")`, "m"));
  });
});
