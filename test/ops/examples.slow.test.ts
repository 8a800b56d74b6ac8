import { describe, expect, it } from "vitest";
import { agree, runExample } from "./examples.ts";
import { declarations } from "./table.ts";

describe("every op says what it does and shows it", () => {
  it.each([...declarations(["index", "inplace", "inplaceindex"])])("%s", (_, { summary, examples }) => {
    expect(summary, "the first sentence of the docstring").not.toBe("");
    expect(examples.length, "@example").toBeGreaterThan(0);
    const shown = examples.flatMap(runExample);
    expect(shown.length, "lines of the example that end in `// value`").toBeGreaterThan(0);
    for (const { code, shown: value, given } of shown)
      expect(agree(given, value), `${code} gives ${JSON.stringify(given)}`).toBe(true);
  });
});
