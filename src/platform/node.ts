import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parentPort, Worker } from "node:worker_threads";
import { PlatformError } from "../errors.ts";
import type { Variant } from "../wasm/features.ts";
import type { Way } from "./port.ts";
import { THREAD } from "./thread.ts";

/** Deno and Bun have Node's modules. */
export const host = "Deno" in globalThis ? "deno" : "Bun" in globalThis ? "bun" : "node";

export const env = (name: string): string | undefined => process.env[name];

/** What a worker talks to its program through; null outside of workers. Deno's and Bun's own workers are those of browsers. */
export const workerPort = (): object | null =>
  parentPort ?? ("DedicatedWorkerGlobalScope" in globalThis ? globalThis : null);

/** Where the binaries may lie: beside a bundle that a program was made into, in the package, in dist/ when running from the sources. */
const PLACES = ["./", "../../", "../../dist/"];

/** The kernel binary, read synchronously: nothing to await. */
export function wasmSource(variant: Variant): Uint8Array {
  const file = `simdgrad.${variant}.wasm`;
  const here = import.meta.url as string | undefined; // a bundle in CommonJS has none
  const found = here && PLACES.map((place) => new URL(place + file, here)).find((url) => existsSync(url));
  if (found) return readFileSync(found);
  throw new PlatformError(
    `simdgrad: ${file} was not found ${here ? `near ${here}` : "(this bundle has no import.meta.url)"}: a bundler took the program and left the kernels behind. Copy node_modules/simdgrad/dist/*.wasm beside the bundle, or keep "simdgrad" external, or import "simdgrad/inline", which has them inside`,
  );
}

export const cores = (): number => availableParallelism();

/** Why there can be no threads; null where there can. */
export const threadsRefused = (): string | null => null;

/** Whether the thread that the program runs on may sleep. */
export const mayBlock: boolean = true;

/** From text, so that neither bundlers nor running from the sources have a file to find. */
const TEXT = `${THREAD}
const { parentPort } = require("node:worker_threads");
parentPort.once("message", (start) => work(parentPort, start));`;

/** Threads that work with their part of commands once they have got a `Start`, and say so when they begin. */
export const threadWays: readonly Way[] = [
  { start: () => new Worker(TEXT, { eval: true, execArgv: [], name: "simdgrad" }) },
];
