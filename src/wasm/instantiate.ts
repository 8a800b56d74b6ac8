import { instantiateSync } from "@assemblyscript/loader";

/** The commands' entry points and the workspace helpers; kernels themselves are reached through a command. See assembly/program.ts. */
export interface Exports {
  run(program: number, count: number, status: number): number;
  share(team: number, program: number, count: number, parts: number, status: number): number;
  resume(team: number, parts: number, status: number, sleep: number): number;
  pulse(team: number, parts: number): number;
  work(team: number, part: number, parts: number): void;
  abi(): number;
  [helper: string]: (...args: number[]) => unknown;
}

/** Instantiates kernels on `memory`. The loader's own wrapped exports cost a second call each, so the raw ones are returned. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Exports {
  const { instance } = instantiateSync(module, { env: { memory } });
  return instance.exports as unknown as Exports; // the boundary: the binary's exports are typed by the generator
}

/** The loader knows a module by `instanceof`, which says no to one of another realm: Next.js compiles those of an edge route outside of it. */
const ours = (module: WebAssembly.Module): WebAssembly.Module =>
  module instanceof WebAssembly.Module
    ? module
    : (Object.setPrototypeOf(module, WebAssembly.Module.prototype) as WebAssembly.Module);

export function compile(source: Uint8Array | WebAssembly.Module, shared: boolean): WebAssembly.Module {
  if (!("byteLength" in source)) return ours(source);
  return new WebAssembly.Module((shared ? forSharedMemory(source) : source) as BufferSource);
}

const IMPORTS = 2;
/** Flags of a memory's limits: shared, with a maximum. */
const SHARED_UP_TO = 3;
/** 65536 pages in LEB128; a memory that is imported may have less. */
const MOST_PAGES = [0x80, 0x80, 0x04];

/**
 * The binary asks for a memory that is not shared. One that wants a shared memory differs in the limits of this, its only import, which
 * end the import section: https://webassembly.github.io/spec/core/binary/modules.html#import-section
 */
export function forSharedMemory(bytes: Uint8Array): Uint8Array {
  for (let at = 8; at < bytes.length;) {
    const [length, body] = leb(bytes, at + 1);
    const end = body + length;
    if (bytes[at] === IMPORTS) {
      // … flags 0, and a minimum of less than 128 pages, which takes one byte.
      const kept = bytes.subarray(body, end - 2);
      const section = [...kept, SHARED_UP_TO, bytes[end - 1] as number, ...MOST_PAGES];
      const patched = new Uint8Array(bytes.length + 16);
      patched.set(bytes.subarray(0, at));
      patched.set([IMPORTS, section.length, ...section], at);
      const after = at + 2 + section.length;
      patched.set(bytes.subarray(end), after);
      return patched.subarray(0, after + bytes.length - end);
    }
    at = end;
  }
  return bytes;
}

/** The unsigned LEB128 number at `at`, and what lies behind it. */
function leb(bytes: Uint8Array, at: number): [value: number, next: number] {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++] as number;
    value |= (byte & 127) << shift;
    if (byte < 128) return [value, at];
  }
}
