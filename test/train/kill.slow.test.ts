import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ensureDist } from "../../scripts/ensure.mjs";
import { philox4x32 } from "../../src/data/shuffle.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const program = fileURLToPath(new URL("kill.child.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "simdgrad-kill-"));
beforeAll(() => ensureDist());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const KILLS = 20;

/** Runs the program; kills it, where that is wanted, some milliseconds after it has said so many lines. */
function run(
  words: readonly string[],
  kill?: { readonly lines: number; readonly milliseconds: number },
): Promise<{ out: string; killed: boolean }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--import", "tsx", program, ...words], { cwd: root });
    let out = "";
    let timer: NodeJS.Timeout | undefined;
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text;
      if (kill !== undefined && out.split("\n").length > kill.lines)
        timer ??= setTimeout(() => child.kill("SIGKILL"), kill.milliseconds);
    });
    let err = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
    child.on("error", reject);
    child.on("close", (_, signal) => {
      if (err !== "") reject(new Error(err));
      else resolve({ out, killed: signal === "SIGKILL" });
    });
  });
}

const hashOf = (out: string): string | undefined => /^sha256 (\w+)$/m.exec(out)?.[1];

test(
  "a training killed 20 times ends with the weights of one that was left alone",
  { timeout: 240_000 },
  async () => {
    const whole = await run([]);
    const wanted = hashOf(whole.out);
    expect(wanted).toBeDefined();
    const starts: number[] = [];
    let kills = 0;
    for (let attempt = 0; kills < KILLS; attempt++) {
      const [lines, milliseconds] = philox4x32([attempt, 0, 0, 0], [11, 0]);
      const { out, killed } = await run([folder], { lines: lines % 12, milliseconds: milliseconds % 12 });
      const from = /^from step (\d+)$/m.exec(out)?.[1];
      starts.push(Number(from));
      if (killed) kills++;
      else {
        // It got to its end between two kills: once more from the beginning.
        expect(hashOf(out)).toBe(wanted);
        for (const name of readdirSync(folder)) rmSync(join(folder, name));
      }
    }
    const rest = await run([folder]);
    expect(hashOf(rest.out)).toBe(wanted);
    // It did go on from where it was, not from the start each time.
    expect(starts.filter((step) => step > 0).length).toBeGreaterThan(KILLS / 2);
    expect(readdirSync(folder).filter((name) => name.endsWith(".part"))).toEqual([]);
  },
);
