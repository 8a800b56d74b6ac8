import { ValueError } from "../errors.ts";

/** The bytes of a file, as hosts hand them out: Node's Buffer and fetch's ArrayBuffer among them. */
export type Bytes = Uint8Array | ArrayBuffer;

/** A view of the bytes; anything else, a path above all, is a ValueError. */
export function asBytes(op: string, bytes: Bytes): Uint8Array {
  if (bytes instanceof Uint8Array) return bytes;
  // Not instanceof alone: buffers may come from another realm.
  const tag = Object.prototype.toString.call(bytes);
  if (tag === "[object ArrayBuffer]" || tag === "[object SharedArrayBuffer]") return new Uint8Array(bytes);
  const got = typeof bytes === "string" ? "a string" : tag.slice(8, -1);
  throw new ValueError(
    `${op}: takes the bytes of a file, a Uint8Array or an ArrayBuffer, got ${got} (read the file first)`,
  );
}
