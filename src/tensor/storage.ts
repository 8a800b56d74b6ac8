import { heap } from "../wasm/engine.ts";
import type { Block, Heap, Ptr } from "../wasm/heap.ts";
import type { DType } from "./dtype.ts";

/** Storages of one dtype. */
export interface Tally {
  /** In whole blocks of 64, as the heap counts them. */
  bytes: number;
  storages: number;
}

/** What lives, by dtype. */
export const tallies: Readonly<Record<DType, Tally>> = {
  f32: { bytes: 0, storages: 0 },
  f16: { bytes: 0, storages: 0 },
  bf16: { bytes: 0, storages: 0 },
  i32: { bytes: 0, storages: 0 },
  u8: { bytes: 0, storages: 0 },
  bool: { bytes: 0, storages: 0 },
};

let made = 0;

/** How many storages have been made: a later one has a higher `serial`. */
export const storagesMade = (): number => made;
/** With the memory goes all that was in it. */
export function forgetTallies(): void {
  for (const tally of Object.values(tallies)) tally.bytes = tally.storages = 0;
}

/** A counted piece of linear memory. Tensors (views among them) and the graph's saved values each hold one count. */
export class Storage {
  readonly ptr: Ptr;
  /** What was asked for. */
  readonly bytes: number;
  /** What it takes: whole blocks of 64 bytes. */
  readonly size: number;
  refs = 1;
  /** Goes up with every write in place, so that backward can tell a changed value. */
  version = 0;
  readonly serial = ++made;
  readonly heap: Heap;
  private block: Block | null;
  private readonly tally: Tally;
  /** What it is a part of, and keeps, where it has no block of its own. */
  private readonly whole: Storage | null;

  /** @param part a stretch of another storage, which is given back when that one is. */
  constructor(bytes: number, dtype: DType, part?: { readonly of: Storage; readonly ptr: Ptr }) {
    this.tally = tallies[dtype];
    this.bytes = bytes;
    if (part !== undefined) {
      this.whole = part.of.retain();
      this.heap = part.of.heap;
      this.block = null;
      this.ptr = part.ptr;
      this.size = 0;
      return;
    }
    this.whole = null;
    this.heap = heap();
    this.block = this.heap.alloc(bytes);
    this.ptr = this.block.ptr;
    this.size = this.block.size;
    this.tally.bytes += this.size;
    this.tally.storages++;
  }

  retain(): this {
    this.refs++;
    return this;
  }

  release(): void {
    if (--this.refs !== 0 || this.heap.destroyed) return;
    this.whole?.release();
    if (this.block !== null) {
      this.heap.free(this.block);
      this.block = null;
      this.tally.bytes -= this.size;
      this.tally.storages--;
    }
  }
}

/** Runs `use` with temporary memory; a null pointer where none is needed. */
export function withWorkspace<T>(bytes: number, use: (workspace: Ptr) => T): T {
  if (bytes === 0) return use(0 as Ptr);
  const from = heap();
  const block = from.alloc(bytes);
  try {
    return use(block.ptr);
  } finally {
    from.free(block);
  }
}
