import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, it } from "vitest";
import { ensureDist } from "../scripts/ensure.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

beforeAll(() => ensureDist());

it("the README's example runs as written, against the built package", () => {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  const code = /```ts\n([\s\S]*?)```/.exec(readme)?.[1];
  if (code === undefined) throw new Error("README.md has no ts example");
  expect(code.trim().split("\n").length).toBeLessThanOrEqual(25);
  // Inside the package, "simdgrad" resolves to the package itself, through its exports.
  mkdirSync(join(root, ".cache"), { recursive: true });
  const folder = mkdtempSync(join(root, ".cache", "readme-"));
  try {
    writeFileSync(join(folder, "example.mjs"), code);
    const printed = execFileSync(process.execPath, [join(folder, "example.mjs")], { encoding: "utf8" });
    expect(printed).toMatch(/step 300: loss 0\.\d+/);
    expect(printed.trim().endsWith("[ 1, 0 ]"), printed).toBe(true);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
