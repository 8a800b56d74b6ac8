import { ValueError } from "../errors.ts";

/**
 * Where files are kept by name: in memory, in a folder, in IndexedDB, in a browser's private file system. A write either takes the place of
 * what was there or, where it fails or is cut short, leaves it.
 */
export interface Store {
  /** An empty file is refused: it is what a crash leaves on some file systems. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** A copy of what was written; null where there is no such name. */
  read(name: string): Promise<Uint8Array | null>;
  /** All names, in alphabetical order. */
  list(): Promise<string[]>;
  /** Nothing happens where there is no such name. */
  remove(name: string): Promise<void>;
}

/** What every store can hold: file systems differ in all else. Temporary files end in ".part". */
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9_-])?$/;

/** Whether a store can have such a name: see {@link checkStoreName}. */
export const isStoreName = (name: string): boolean => NAME.test(name) && !/\.(part|crswap)$/.test(name);

/**
 * The name, if it may be one: 1 to 128 letters, digits, dots, dashes and underscores, a letter or digit first, no dot last, and not ".part" at
 * the end. For stores of your own.
 * @throws {ValueError} it may not.
 */
export function checkStoreName(name: string): string {
  if (typeof name === "string" && isStoreName(name)) return name;
  throw new ValueError(
    `store: a name is 1 to 128 letters, digits, dots, dashes and underscores, got ${JSON.stringify(name)} (use one like "run-1.checkpoint")`,
  );
}

/**
 * The name and the bytes of a write, if they may be written. For stores of your own.
 * @throws {ValueError} they may not.
 */
export function checkStoreWrite(name: string, bytes: Uint8Array): string {
  checkStoreName(name);
  if (!(bytes instanceof Uint8Array) || bytes.length === 0)
    throw new ValueError(`store: ${name}: takes bytes, a Uint8Array that is not empty`);
  return name;
}
