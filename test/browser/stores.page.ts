/** Runs the stores' common cases in a page, and what only browsers have. */
import { io } from "simdgrad";
import { CASES } from "../io/stores.ts";

const MAKERS = { indexedDbStore: io.indexedDbStore, opfsStore: io.opfsStore };
export type StoreKind = keyof typeof MAKERS;

/** What the page offers to the test that drives it. */
export interface Offer {
  /** Runs a case on a store of its own; rejects where it does not hold. */
  run(kind: StoreKind, index: number): Promise<void>;
  write(kind: StoreKind, name: string, length: number, value: number): Promise<void>;
  /** Length and first value; null for nothing. */
  read(kind: StoreKind, name: string): Promise<[number, number] | null>;
  list(kind: StoreKind): Promise<string[]>;
  /** An empty file, as a page that dies before the first write is whole leaves it. */
  leaveEmpty(name: string): Promise<void>;
}

const store = (kind: StoreKind): io.Store => MAKERS[kind]("kept");

Object.assign(globalThis, {
  async run(kind, index) {
    const [, run] = CASES[index] as (typeof CASES)[number];
    // The bundle's types are the same but for their identity.
    await run(MAKERS[kind](`case-${index}`));
  },
  write: (kind, name, length, value) => store(kind).write(name, new Uint8Array(length).fill(value)),
  async read(kind, name) {
    const bytes = await store(kind).read(name);
    return bytes === null ? null : [bytes.length, bytes[0] as number];
  },
  list: (kind) => store(kind).list(),
  async leaveEmpty(name) {
    const folder = await (
      await navigator.storage.getDirectory()
    ).getDirectoryHandle("kept", { create: true });
    await folder.getFileHandle(name, { create: true });
  },
} satisfies Offer);
