/** README.zh-CN.md says what README.md says: same structure, same code, same links. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "./project.ts";

const read = (file: string): string => readFileSync(join(root, file), "utf8");
const [english, chinese] = [read("README.md"), read("README.zh-CN.md")];

const all = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, part = ""]) => part);
const withoutCode = (text: string): string => text.replaceAll(/```[\s\S]*?```/g, "");
/** The two link to each other, and to a course in each language. */
const links = (text: string): string[] =>
  all(text, /\]\(([^)]+)\)/g)
    .filter((link) => !/^README/.test(link))
    .sort();

const FACTS: Readonly<Record<string, (text: string) => readonly string[]>> = {
  "code blocks": (text) => all(text, /```(\w+\n[\s\S]*?)```/g),
  "levels of headings": (text) => all(withoutCode(text), /^(#+) /gm),
  links,
  "names in code": (text) => [...new Set(all(withoutCode(text), /`([^`\n]+)`/g))].sort(),
  "items of lists": (text) => all(withoutCode(text), /^(-) /gm),
  "rows of tables": (text) => all(withoutCode(text), /^(\|) /gm),
};

describe("README.zh-CN.md", () => {
  it.each(Object.entries(FACTS))("has the same %s", (_, facts) => {
    expect(facts(english).length).toBeGreaterThan(0);
    expect(facts(chinese)).toEqual(facts(english));
  });

  it("each page leads to the other, and to files that are there", () => {
    expect(english).toContain("](README.zh-CN.md)");
    expect(chinese).toContain("](README.md)");
    for (const link of links(chinese)) expect(existsSync(join(root, link)), link).toBe(true);
  });

  it("is in Chinese throughout", () => {
    const paragraphs = withoutCode(chinese)
      .split(/\n{2,}/)
      .filter((text) => text.length > 60);
    expect(paragraphs.length).toBeGreaterThan(8);
    for (const text of paragraphs) expect(text).toMatch(/[\u4e00-\u9fff]{4}/);
  });
});
