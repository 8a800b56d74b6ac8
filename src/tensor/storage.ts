import { heap } from "../wasm/engine.ts";
import type { Block, Ptr } from "../wasm/heap.ts";

let made = 0;

/** How many storages have been made: a later one has a higher `serial`. */
export const storagesMade = (): number => made;

/** A counted piece of linear memory. Tensors (views among them) and the graph's saved values each hold one count. */
export class Storage {
  readonly ptr: Ptr;
  readonly bytes: number;
  refs = 1;
  /** Goes up with every write in place, so that backward can tell a changed value. */
  version = 0;
  readonly serial = ++made;
  private block: Block | null;

  constructor(bytes: number) {
    this.block = heap().alloc(bytes);
    this.ptr = this.block.ptr;
    this.bytes = bytes;
  }

  retain(): this {
    this.refs++;
    return this;
  }

  release(): void {
    if (--this.refs === 0 && this.block !== null) {
      heap().free(this.block);
      this.block = null;
    }
  }
}

/** Runs `use` with temporary memory; a null pointer where none is needed. */
export function withWorkspace<T>(bytes: number, use: (workspace: Ptr) => T): T {
  if (bytes === 0) return use(0 as Ptr);
  const block = heap().alloc(bytes);
  try {
    return use(block.ptr);
  } finally {
    heap().free(block);
  }
}
