import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
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
