import { DisposedError, PlatformError } from "../errors.ts";
import { copies } from "../wasm/copies.ts";
import { heapInUse } from "../wasm/engine.ts";
import { forget } from "./sites.ts";
import type { Tensor } from "./tensor.ts";
import { witness } from "./witness.ts";

/** What every rule about handles is made of: noting a use, and freeing. */

/** The moment that uses are stamped with; src/tensor/windows.ts moves it on. */
let now = 0;

export const moment = (): number => now;
export const nextMoment = (): number => ++now;

let handles = 0;

/** Handles that have not been freed, views among them; what the graph saves for itself is not counted. */
export const liveHandles = (): number => handles;

/** Corrects the count for a handle that the constructor counted and that `free` will never see, or the other way round. */
export function countHandle(by: 1 | -1): void {
  handles += by;
}

/** With the memory go all handles. */
export function forgetHandles(): void {
  handles = 0;
}

/** What a call of `dispose` leaves in `freedBy`. */
export const DISPOSED = "dispose()";
/** What freed all that was in a memory that is gone. */
const DESTROYED = "destroy()";
/** How the texts of the rules for idle tensors begin. */
export const BY_RULE = "the memory rule: ";

/** Notes a use; a freed tensor is an error that tells what freed it, one of another copy of the library an error that says so. */
export function touch(t: Tensor, op: string): void {
  if (t.freedBy !== null || t.storage.heap !== heapInUse) refuse(t, op);
  t.lastUsed = now;
  if (witness !== null) witness.touched(t);
}

function refuse(t: Tensor, op: string): never {
  if (t.freedBy === null && !t.storage.heap.destroyed)
    throw new PlatformError(
      `${op}: this tensor belongs to another copy of simdgrad, whose memory is not this one's (in this program run: ${copies().join(", ")}); import the library from one entry and version, or hand over t.data and t.shape`,
    );
  const freedBy = t.freedBy ?? DESTROYED;
  const made = t.trace === null ? "" : ` (made ${t.trace.site})`;
  const wayOut =
    freedBy === DISPOSED
      ? "clone() it before, or dispose of it later"
      : freedBy === DESTROYED
        ? "make it anew: models from before are gone with their parameters"
        : freedBy.startsWith(BY_RULE)
          ? "wrap it in keep() where it is made, or hold it in a field of a module"
          : "wrap it in keep() where it is made, or return it from the function it is made in";
  throw new DisposedError(
    `${op}: this tensor of shape [${t.shape.join(", ")}] and dtype ${t.dtype}${made} was freed by ${freedBy}; ${wayOut}`,
  );
}

/** Frees a handle: its storage and its node lose one reference each. */
export function free(t: Tensor, by: string): void {
  if (t.freedBy !== null) return;
  t.freedBy = by;
  if (!t.storage.heap.destroyed) handles--;
  if (t.trace !== null) forget(t.trace);
  if (t.lease !== null) t.lease.released = true;
  t.storage.release();
  if (t.family !== null) {
    t.family.leave();
    t.family = null;
  }
  if (t.grad !== null) {
    free(t.grad, by);
    t.grad = null;
  }
  if (t.node !== null) {
    if (t.countsNode) t.node.unref();
    t.node = null;
  }
}
