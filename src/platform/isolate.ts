/** What isolates at the edge have in common: neither files nor workers, and kernels only as modules that were compiled when deployed. */
import type { Way } from "./port.ts";

export const env = (name: string): string | undefined =>
  (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env?.[name];

export const workerPort = (): object | null => null;

export const cores = (): number => 1;

export const threadsRefused = (): string =>
  "functions at the edge run on one thread: this host has no workers";

export const mayBlock = false;

export const threadWays: readonly Way[] = [];
