import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "vitest";
import { installExample } from "../../examples/install.mjs";
import { nodeForWrangler } from "./serverless/hosts.ts";

interface Costs {
  readonly first: number;
  readonly memoryMb: number;
  readonly cpu: Readonly<Record<"bytes" | "numbers", { readonly p50: number; readonly p99: number }>>;
}

let folder: string;
beforeAll(async () => {
  folder = await installExample("cloudflare-worker");
});

// CPU time depends on the machine and its load, so it is printed here; docs/serverless.md has what an idle one reads.
test("the worker's memory in workerd stays within a Worker's 128 MB", { timeout: 120_000 }, async () => {
  const words = [join(folder, "measure.js"), "--requests", "500", "--node", await nodeForWrangler()];
  const { stdout } = await promisify(execFile)(process.execPath, words, { cwd: folder });
  console.log(stdout.split("\n").slice(0, -2).join("\n"));
  const costs = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Costs;
  expect(costs.memoryMb).toBeLessThanOrEqual(128);
  for (const { p50, p99 } of Object.values(costs.cpu)) {
    expect(p50).toBeGreaterThan(0);
    expect(p99).toBeGreaterThanOrEqual(p50);
  }
});
