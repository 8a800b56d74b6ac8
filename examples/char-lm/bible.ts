import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** The King James Bible, a verse a line, without the marks of paragraphs and of added words. */
export function readBible(): string {
  const file = createRequire(import.meta.url).resolve("kjv/json/verses-1769.json");
  const verses = JSON.parse(readFileSync(file, "utf8")) as Record<string, string>;
  return Object.values(verses)
    .map((verse) => verse.replace(/^# /, "").replace(/[[\]]/g, ""))
    .join("\n");
}
