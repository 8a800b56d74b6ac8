import type { Storage } from "../tensor/storage.ts";
import type { Node } from "./node.ts";

/** A stretch of recorded ops whose saved values are dropped and made again (checkpoint.ts). The state stands here for ops to see. */
export interface Region {
  /** A node was recorded inside. */
  add(node: Node): void;
  /** An op inside reads a storage. */
  read(storage: Storage): void;
  /** Makes the dropped values again. */
  fill(): void;
  /** One of its nodes gave its saved values back. */
  leave(): void;
  /** Whether this is the second run. */
  readonly again: boolean;
}

/** The innermost checkpoint that is running. */
export let region: Region | null = null;

/** Runs `fn` inside a region. */
export function within<T>(inner: Region | null, fn: () => T): T {
  const before = region;
  region = inner;
  try {
    return fn();
  } finally {
    region = before;
  }
}

/** Whether a checkpoint runs its function a second time: what has an effect outside (running statistics) must not happen again. */
export const isRecomputing = (): boolean => region?.again === true;
