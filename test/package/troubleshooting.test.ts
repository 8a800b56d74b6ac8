/** docs/troubleshooting.md starts from messages: they must be those of the sources. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import * as errors from "../../src/errors.ts";
import { root } from "./project.ts";

const page = readFileSync(join(root, "docs/troubleshooting.md"), "utf8");

/** Whatever the library says, with the code between. */
const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .map((path) => readFileSync(join(root, "src", path), "utf8"))
  .join("\n");

const entries = page
  .split(/^### /m)
  .slice(1)
  .map((text) => ({ heading: text.split("\n")[0] ?? "", text }));

it("has an entry for messages of all parts", () => {
  expect(entries.length).toBeGreaterThan(20);
});

it.each(entries.filter(({ text }) => !text.includes("\nNot ours: ")))("$heading", ({ heading, text }) => {
  expect(sources).toContain(heading);
  // The class that an entry names exists.
  for (const [, name = ""] of text.matchAll(/`(\w+Error)`/g))
    expect(name === "TypeError" || name in errors, name).toBe(true);
});

it("sends readers to headings that are there", () => {
  for (const [, file = "", anchor] of page.matchAll(/\]\(([\w.-]+\.md)(?:#([\w-]+))?\)/g)) {
    const target = readFileSync(join(root, "docs", file), "utf8");
    const anchors = [...target.matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
      title
        .toLowerCase()
        .replaceAll(/[^\w -]/g, "")
        .replaceAll(" ", "-"),
    );
    if (anchor !== undefined) expect(anchors, file).toContain(anchor);
  }
});
