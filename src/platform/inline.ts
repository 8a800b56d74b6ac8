/** The kernels' binary where there is no file to read: text, of which either variant is made. scripts/inline-binary.mjs has the other half. */
import { length, mark, packed, relaxed, simd, unpack } from "#wasm/inline";
import type { Variant } from "../wasm/features.ts";

const PAGE = 65536;

/** What assembly/unpack/lzma.ts exports. */
interface Unpack {
  readonly memory: WebAssembly.Memory;
  /** Where the stream may begin. */
  readonly START: WebAssembly.Global<"i32">;
  readonly decode: (from: number, to: number, size: number) => void;
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  return bytes;
}

/** What both variants are made of. Decoded by a binary of its own: at its first call that is ready, and JavaScript's code is slow. */
function decoded(): Uint8Array {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(fromBase64(unpack)));
  const { memory, START, decode } = exports as unknown as Unpack; // the boundary: nothing types a binary's exports
  const stream = fromBase64(packed);
  const from = START.value;
  const to = from + stream.length + 1;
  memory.grow(Math.ceil((to + length - memory.buffer.byteLength) / PAGE));
  const bytes = new Uint8Array(memory.buffer);
  bytes.set(stream, from);
  decode(from, to, length);
  return bytes.subarray(to, to + length);
}

/** The kernel binary of a variant, from what the bundle has: works in every bundler and without one. */
export function wasmSource(variant: Variant): Uint8Array {
  const bytes = decoded();
  const code = variant === "simd" ? simd : relaxed;
  for (let at = 0; (at = bytes.indexOf(mark.first, at)) >= 0; at++) {
    const instruction = bytes[at + 2] === mark.last && code[(bytes[at + 1] as number) - mark.kind];
    if (instruction) bytes.set(instruction, at);
  }
  return bytes;
}
