/**
 * What every runtime must do, as one program that needs nothing but the library: no test framework, nothing of a host. It answers with a
 * report instead of failing, so that one broken thing does not hide the others.
 */
import { backendInfo, type BackendInfo } from "simdgrad";
import given from "simdgrad-conformance-data";
import { anotherCopy, secondInstance } from "./copies.ts";
import { digitsOf } from "./digits.ts";
import { goldens } from "./goldens.ts";
import { growth } from "./growth.ts";
import { subpaths } from "./subpaths.ts";
import { askForThreads, ended } from "./threads.ts";
import { NETWORKS, train, whatItLearned, type NetworkName } from "./training.ts";
import type { Check, Data, Report } from "./types.ts";

/** `short` is for a second look at a host in another state, as a page that may not have threads. */
export type Scope = "all" | "short";

const data = given as Data;

const words = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);

export async function conform(scope: Scope = "all"): Promise<Report> {
  const checks: Check[] = [];
  const check = async (name: string, run: () => string | Promise<string>): Promise<void> => {
    const start = performance.now();
    const outcome = await Promise.resolve()
      .then(run)
      .then(
        (detail) => ({ passed: true, detail }),
        (error: unknown) => ({ passed: false, detail: words(error) }),
      );
    checks.push({ name, ...outcome, milliseconds: Math.round(performance.now() - start) });
  };

  const names = Object.keys(NETWORKS) as NetworkName[];
  const weights: Record<string, string> = {};
  const same = async (name: NetworkName, options: { compiled?: boolean } = {}): Promise<string> => {
    const { sha256 } = await train(name, digitsOf(data.digits), options);
    if (sha256 !== weights[name])
      throw new Error(`the weights hash to ${sha256}, of the first run to ${String(weights[name])}`);
    return "the same weights";
  };

  const backend = backendInfo();
  let threads: BackendInfo | null = null;
  const ask = (): Promise<void> =>
    check("two threads", async () => {
      threads = await askForThreads();
      return `${threads.threads}: ${threads.threadsReason}`;
    });
  if (scope === "all") {
    await check("goldens", () => goldens(data.families));
    await check("goldens, strict", () => goldens(data.families, { deterministic: true }));
    await check("subpaths", subpaths);
  } else await ask();
  for (const name of names) {
    await check(`${name}, 50 steps`, async () => {
      const trained = await train(name, digitsOf(data.digits));
      weights[name] = trained.sha256;
      return whatItLearned(trained);
    });
  }
  if (scope === "all") {
    await check("CNN, compiled", () => same("CNN", { compiled: true }));
    await ask();
    for (const name of names) await check(`${name} after that`, () => same(name));
  }
  await check("memory growth", growth);
  if (scope === "all") {
    await check("one thread again", ended);
    await check("second instance", secondInstance);
    await check("second copy", anotherCopy);
  }
  return { backend, threads, weights, checks };
}
