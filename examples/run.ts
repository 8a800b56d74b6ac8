/**
 * Runs an example: `npm run examples -- <name> [--quick] [--seed n] [--out folder] [--pictures]`; without a name it lists them. Fails
 * where a stated result is not reached. --pictures renews the pictures of the example's page.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { backendInfo, manualSeed } from "simdgrad";
import { writeWhole } from "simdgrad/node";
import { catchInterrupt } from "./shared/interrupt.ts";
import { Problem, runProgram } from "./shared/problems.ts";
import { describe, reached, type Example } from "./shared/contract.ts";

const folder = fileURLToPath(new URL(".", import.meta.url));
const say = (text: string): void => console.log(text);

/** Folders with an example in them, by name. */
const names = (): string[] =>
  readdirSync(folder).filter((name) => existsSync(join(folder, name, "example.ts")));

async function load(name: string): Promise<Example> {
  const { example } = (await import(`./${name}/example.ts`)) as { example: Example };
  return example;
}

async function list(): Promise<void> {
  say("npm run examples -- <name> [--quick] [--seed n] [--out folder] [--pictures]\n");
  for (const name of names()) say(`  ${name.padEnd(20)} ${(await load(name)).title}`);
}

function readSeed(text: string): number {
  const seed = Number(text);
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new Problem(`--seed must be a whole number ≥ 0, got ${text}`);
  return seed;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      seed: { type: "string", default: "0" },
      out: { type: "string", default: "out" },
      pictures: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const [name, ...rest] = positionals;
  if (values.help || name === undefined) {
    await list();
    return 0;
  }
  if (!names().includes(name) || rest.length > 0)
    throw new Problem(`no example "${positionals.join(" ")}"; there are ${names().join(", ")}`);
  const seed = readSeed(values.seed);
  const example = await load(name);
  const started = performance.now();
  say(`${example.title}: ${backendInfo().variant} kernels, Node ${process.versions.node}, seed ${seed}\n`);
  manualSeed(seed);
  const { signal, release } = catchInterrupt(() => say("stopping (Ctrl-C again quits at once)"));
  const save = (file: string, content: Uint8Array | string): void => {
    const path = join(values.out, name, file);
    writeWhole(path, content);
    say(`wrote ${path}`);
  };
  try {
    const results = await example.run({
      seed,
      quick: values.quick,
      signal,
      say,
      save,
      picture(file, content) {
        save(file, content);
        if (values.pictures) writeWhole(join(folder, name, "pictures", file), content);
      },
    });
    if (signal.aborted) return 130;
    say(`\n${((performance.now() - started) / 1000).toFixed(1)} s`);
    for (const result of results) say(`result: ${describe(result)}`);
    return results.every(reached) ? 0 : 1;
  } finally {
    release();
  }
}

await runProgram("examples", main);
