import { existsSync, readFileSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import type { Variant } from "../wasm/features.ts";

export const host = "node";

export const env = (name: string): string | undefined => process.env[name];

/** What a worker talks to its program through; null outside of workers. Deno's and Bun's own workers are those of browsers. */
export const workerPort = (): object | null =>
  parentPort ?? ("DedicatedWorkerGlobalScope" in globalThis ? globalThis : null);

/** The kernel binary: beside this file in the package, in dist/ when running from the sources. */
export function wasmSource(variant: Variant): Uint8Array {
  const file = `simdgrad.${variant}.wasm`;
  const beside = new URL(`./${file}`, import.meta.url);
  return readFileSync(existsSync(beside) ? beside : new URL(`../../dist/${file}`, import.meta.url));
}
