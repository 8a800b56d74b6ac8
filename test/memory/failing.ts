import { heap } from "../../src/wasm/engine.ts";

/** Runs `fn` with the k-th allocation (from 0) failing as one does at the limit. Returns what it threw; null when it needed no more than k. */
export function failingAt(k: number, fn: () => unknown): unknown {
  const from = heap();
  const alloc = from.alloc.bind(from);
  let count = 0;
  from.alloc = (bytes) => {
    if (count++ !== k) return alloc(bytes);
    const { limit } = from;
    from.limit = 0;
    try {
      return alloc(bytes);
    } finally {
      from.limit = limit;
    }
  };
  try {
    fn();
  } catch (error) {
    return error;
  } finally {
    delete (from as { alloc?: unknown }).alloc;
  }
  return null;
}

/** Fails `fn` at its first allocation, its second … until it runs through. */
export function failingAtEach(fn: (attempt: (run: () => unknown) => unknown, k: number) => boolean): number {
  let k = 0;
  while (fn((run) => failingAt(k, run), k)) k++;
  return k;
}
