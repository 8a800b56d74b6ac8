import { countHandle } from "./handle.ts";
import { forget, type Trace } from "./sites.ts";
import type { Storage } from "./storage.ts";
import type { Tensor } from "./tensor.ts";

/** What a finalizer needs to free a handle that the program has lost. */
export interface Lease {
  readonly storage: Storage;
  node: { unref(): void } | null;
  readonly trace: Trace | null;
  released: boolean;
}

let net: FinalizationRegistry<Lease> | null = null;

/**
 * Frees a handle that no rule covers once JavaScript has collected it: parameters, and what is made before any backward or call. A
 * last net: finalizers run late, and on some hosts not at all. Registering costs about a microsecond.
 */
export function catchLater(t: Tensor): void {
  if (typeof FinalizationRegistry === "undefined") return;
  net ??= new FinalizationRegistry((lease) => {
    if (lease.released) return;
    lease.released = true;
    if (!lease.storage.heap.destroyed) countHandle(-1);
    if (lease.trace !== null) forget(lease.trace);
    lease.storage.release();
    lease.node?.unref();
  });
  t.lease = { storage: t.storage, node: t.countsNode ? t.node : null, trace: t.trace, released: false };
  net.register(t, t.lease);
}
