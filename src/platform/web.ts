/** What hosts with the web's interfaces have in common, whoever brings the kernels. */
import type { Way } from "./port.ts";
import { THREAD } from "./thread.ts";

export const env = (_name: string): string | undefined => undefined;

/** What a worker talks to its program through; null outside of workers. */
export const workerPort = (): object | null =>
  "DedicatedWorkerGlobalScope" in globalThis ? globalThis : null;

/** Not every host that runs `simdgrad/core` has a navigator. */
export const cores = (): number =>
  (globalThis as { navigator?: { hardwareConcurrency?: number } }).navigator?.hardwareConcurrency ?? 1;

/** Why there is no relaxed binary; null where there is. */
export const relaxedRefused = (): string | null => null;

/** Why there can be no threads; null where there can. */
export function threadsRefused(): string | null {
  if (typeof Worker !== "function") return "this host has no workers";
  // Only pages, and workers of pages, have this.
  if ((globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated === false)
    return "the page is not cross-origin isolated, so it may not share memory: serve it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp";
  if (typeof SharedArrayBuffer !== "function")
    return "this browser gives pages no SharedArrayBuffer, not even isolated ones, so threads have nothing to share";
  return null;
}

/** Whether the thread that the program runs on may sleep: that of a page may not. */
export const mayBlock = workerPort() !== null;

/** The thread's text under an address. Kept, as threads may start at any time. */
let textUrl: string | undefined;
const text = (): string =>
  (textUrl ??= URL.createObjectURL(
    new Blob(
      [`${THREAD}\naddEventListener("message", ({ data }) => work(globalThis, data), { once: true });`],
      {
        type: "text/javascript",
      },
    ),
  ));

/**
 * Threads that work with their part of commands once they have got a `Start`, and say so when they begin.
 *
 * Vite, webpack, Rspack and Parcel know the first form, and ship the file; the strictest policy (`worker-src 'self'`) allows it. Other
 * bundlers leave an address that leads nowhere, and a page may start no worker from another origin: the text serves there.
 */
export const threadWays: readonly Way[] = [
  {
    name: "from its file",
    start: () => new Worker(new URL("./simdgrad.worker.js", import.meta.url), { type: "module" }),
  },
  { name: "from text", start: () => new Worker(text()) },
];
