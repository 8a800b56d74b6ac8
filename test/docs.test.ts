import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import * as plot from "../src/companions/plot.ts";
import * as simdgrad from "../src/index.ts";
import { agree, runExample } from "./ops/examples.ts";

/** Pages whose examples are whole: each runs on its own and gives what it says. */
const PAGES = ["autograd"];

describe.each(PAGES)("docs/%s.md", (page) => {
  const text = readFileSync(fileURLToPath(new URL(`../docs/${page}.md`, import.meta.url)), "utf8");
  const blocks = [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map((block) => block[1] ?? "");

  it.each(blocks.map((block, i) => [i + 1, block] as const))("example %i", (_, block) => {
    const shown = runExample(block);
    expect(shown.length, "lines that end in `// value`").toBeGreaterThan(0);
    for (const { code, shown: value, given } of shown)
      expect(agree(given, value), `${code} gives ${JSON.stringify(given)}`).toBe(true);
  });
});

/** Pages whose snippets are one program, which imports what users do and prints what the comments behind say. */
const PROGRAMS = ["training", "checkpoints"];
const MODULES: Readonly<Record<string, object>> = { simdgrad, "simdgrad/plot": plot };

it.each(PROGRAMS)("docs/%s.md, one program", async (page) => {
  const text = readFileSync(fileURLToPath(new URL(`../docs/${page}.md`, import.meta.url)), "utf8");
  const source = [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map((block) => block[1] ?? "").join("\n");
  const code = source.replaceAll(
    /^import (\{.*?\}) from "(.*)";$/gm,
    (_, names: string, from: string) => `const ${names} = modules["${from}"];`,
  );
  const said = [...source.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, words]) => words);
  const printed: string[] = [];
  const log = (...values: unknown[]): void => void printed.push(values.map(String).join(" "));
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the code is the repository's own
  const body = new Function("modules", "console", `return (async () => {${code}\n})();`) as (
    ...values: unknown[]
  ) => Promise<void>;
  await body(MODULES, { log });
  expect(said.length).toBeGreaterThan(0);
  expect(printed).toEqual(said);
});
