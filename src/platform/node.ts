import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { pathToFileURL } from "node:url";
import type { Variant } from "../wasm/features.ts";
import type * as WorkerThreads from "node:worker_threads";
import type { Missing, Way } from "./port.ts";
import { THREAD } from "./thread.ts";

/** Deno and Bun have Node's modules. */
export const host = "Deno" in globalThis ? "deno" : "Bun" in globalThis ? "bun" : "node";

export const env = (name: string): string | undefined => process.env[name];

/** Loaded by who needs threads: it is a tenth of the time that importing the library takes. */
const threads = (): typeof WorkerThreads => process.getBuiltinModule("node:worker_threads");

/** What a worker talks to its program through; null outside of workers. Deno's and Bun's own workers are those of browsers. */
export const workerPort = (): object | null =>
  threads().parentPort ?? ("DedicatedWorkerGlobalScope" in globalThis ? globalThis : null);

/** The package's own files. Webpack, Rspack and Parcel know this form: they ship the file and put its address here. */
const packaged = (variant: Variant): URL =>
  variant === "simd"
    ? new URL("../../simdgrad.simd.wasm", import.meta.url)
    : new URL("../../simdgrad.relaxed.wasm", import.meta.url);

/** Where else the binaries may lie: beside a bundle that a program was made into, in dist/ when running from the sources. */
const PLACES = ["./", "../../dist/"];

/** This file, or the bundle that it has become a part of. One in CommonJS has no `import.meta`, but a name. */
const here = (import.meta.url as string | undefined) ?? pathToFileURL(__filename).href;

function* places(variant: Variant): Generator<URL> {
  if (import.meta.url as string | undefined) yield packaged(variant);
  for (const place of PLACES) yield new URL(`${place}simdgrad.${variant}.wasm`, here);
}

/** The kernel binary, read synchronously: nothing to await. */
export function wasmSource(variant: Variant): Uint8Array | Missing {
  for (const place of places(variant)) if (existsSync(place)) return readFileSync(place);
  return {
    missing: `simdgrad: simdgrad.${variant}.wasm was not found near ${here}: a bundler took the program and left the kernels behind. Copy node_modules/simdgrad/dist/*.wasm beside the bundle, or keep "simdgrad" external, or import "simdgrad/inline", which has them inside`,
  };
}

/** Why there is no relaxed binary; null where there is. */
export const relaxedRefused = (): string | null => null;

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
  { start: () => new (threads().Worker)(TEXT, { eval: true, execArgv: [], name: "simdgrad" }) },
];
