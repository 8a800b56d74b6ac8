/** What hosts with the web's interfaces have in common, whoever brings the kernels. */
import type { Port } from "./port.ts";

export const env = (_name: string): string | undefined => undefined;

/** What a worker talks to its program through; null outside of workers. */
export const workerPort = (): object | null =>
  "DedicatedWorkerGlobalScope" in globalThis ? globalThis : null;

/** Not every host that runs `simdgrad/core` has a navigator. */
export const cores = (): number =>
  (globalThis as { navigator?: { hardwareConcurrency?: number } }).navigator?.hardwareConcurrency ?? 1;

/** Why there can be no threads; null where there can. */
export function threadsRefused(): string | null {
  if (typeof Worker !== "function") return "this host has no workers";
  if (typeof SharedArrayBuffer === "function" && globalThis.crossOriginIsolated) return null;
  return "the page is not cross-origin isolated, so it may not share memory: serve it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp";
}

/** Whether the thread that the program runs on may sleep: that of a page may not. */
export const mayBlock = workerPort() !== null;

/** A thread that works with its part of commands once it has got a `Start`, and says so when it begins. Bundlers know this form. */
export const startThread = (): Port =>
  new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
