import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureDist } from "../../scripts/ensure.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "simdgrad-examples-"));

const examples = readdirSync(join(root, "examples")).filter((name) =>
  existsSync(join(root, "examples", name, "example.ts")),
);

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** `npm run examples -- <words>`, in a process of its own. */
const run = (words: readonly string[]): Promise<Ended> =>
  new Promise((resolve) => {
    const program = ["--import", "tsx", join(root, "examples/run.ts"), ...words, "--out", folder];
    execFile(process.execPath, program, { cwd: root }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });

beforeAll(() => ensureDist());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("short versions of the examples", () => {
  test.each(examples)("%s reaches what it states", { timeout: 300_000 }, async (name) => {
    const { code, out, err } = await run([name, "--quick"]);
    expect(err).toBe("");
    const results = out.split("\n").filter((line) => line.startsWith("result: "));
    expect(results.length, out).toBeGreaterThan(0);
    for (const result of results) expect(result).toMatch(/: reached\)$/);
    expect(code).toBe(0);
  });
});
