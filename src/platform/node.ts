import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parentPort, Worker } from "node:worker_threads";
import type { Variant } from "../wasm/features.ts";
import type { Way } from "./port.ts";

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

export const cores = (): number => availableParallelism();

/** Why there can be no threads; null where there can. */
export const threadsRefused = (): string | null => null;

/** Whether the thread that the program runs on may sleep. */
export const mayBlock: boolean = true;

/** As text, so that neither bundlers nor running from the sources have a file to find. browser.worker.ts is the same. */
const THREAD = `
const { parentPort } = require("node:worker_threads");
parentPort.once("message", ({ module, memory, team, part, parts }) => {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  parentPort.postMessage({ simdgrad: "begun" });
  exports.work(team, part, parts);
});`;

/** Threads that work with their part of commands once they have got a `Start`, and say so when they begin. */
export const threadWays: readonly Way[] = [
  { start: () => new Worker(THREAD, { eval: true, execArgv: [], name: "simdgrad" }) },
];
