import { Buffer as NodeBuffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { hasRelaxedSimd } from "../../src/wasm/features.ts";

/** Variants that this host can run. */
export const variants: readonly string[] = hasRelaxedSimd() ? ["simd", "relaxed"] : ["simd"];

const modules = new Map<string, WebAssembly.Module>();

function moduleOf(variant: string): WebAssembly.Module {
  let module = modules.get(variant);
  if (module === undefined) {
    module = new WebAssembly.Module(
      readFileSync(new URL(`../../dist/simdgrad.${variant}.wasm`, import.meta.url)),
    );
    modules.set(variant, module);
  }
  return module;
}

type Values = ArrayLike<number>;
interface Kind {
  readonly bytes: number;
  readonly make: (
    memory: ArrayBuffer,
    at: number,
    count: number,
  ) => Float32Array | Float64Array | Int32Array | Uint16Array | Uint8Array;
}
const KINDS = {
  f32: { bytes: 4, make: (memory, at, count) => new Float32Array(memory, at, count) },
  f64: { bytes: 8, make: (memory, at, count) => new Float64Array(memory, at, count) },
  i32: { bytes: 4, make: (memory, at, count) => new Int32Array(memory, at, count) },
  u16: { bytes: 2, make: (memory, at, count) => new Uint16Array(memory, at, count) },
  u8: { bytes: 1, make: (memory, at, count) => new Uint8Array(memory, at, count) },
} satisfies Record<string, Kind>;
export type KindName = keyof typeof KINDS;

const GUARD = 64;
const POISON = 0xa5;

/** An array in the kernels' memory; poisoned bytes lie before and behind it. */
export class Buffer {
  readonly ptr: number;
  readonly count: number;
  readonly written: boolean;
  readonly scratch: boolean;
  readonly #memory: WebAssembly.Memory;
  readonly #kind: Kind;

  constructor(
    memory: WebAssembly.Memory,
    kind: Kind,
    ptr: number,
    count: number,
    written: boolean,
    scratch: boolean,
  ) {
    this.#memory = memory;
    this.#kind = kind;
    this.ptr = ptr;
    this.count = count;
    this.written = written;
    this.scratch = scratch;
  }

  /** A copy of the values. */
  get data(): number[] {
    return Array.from(this.#kind.make(this.#memory.buffer, this.ptr, this.count));
  }

  at(index: number): number {
    return this.#kind.make(this.#memory.buffer, this.ptr, this.count)[index] as number;
  }

  set(values: Values): void {
    this.#kind.make(this.#memory.buffer, this.ptr, this.count).set(values);
  }

  bytes(guard = 0): Uint8Array {
    return new Uint8Array(this.#memory.buffer, this.ptr - guard, this.count * this.#kind.bytes + 2 * guard);
  }
}

/** A kernel binary with a memory of its own. */
export class Kernels {
  readonly #memory = new WebAssembly.Memory({ initial: 1 });
  readonly #exports: Record<string, (...args: number[]) => number>;
  #buffers: Buffer[] = [];
  #top = 1024;

  constructor(variant: string) {
    const instance = new WebAssembly.Instance(moduleOf(variant), { env: { memory: this.#memory } });
    this.#exports = instance.exports as Record<string, (...args: number[]) => number>;
  }

  /** Forgets all buffers. */
  reset(): void {
    this.#buffers = [];
    this.#top = 1024;
  }

  #place(name: KindName, count: number, written: boolean, scratch = false): Buffer {
    const kind = KINDS[name];
    // Off the alignment that whole tensors have, as views may be.
    const ptr = this.#top + GUARD + (kind.bytes === 8 ? 8 : kind.bytes);
    this.#top = Math.ceil((ptr + count * kind.bytes + GUARD) / 16) * 16;
    const missing = this.#top - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(Math.ceil(missing / 65536));
    const buffer = new Buffer(this.#memory, kind, ptr, count, written, scratch);
    buffer.bytes(GUARD).fill(POISON);
    this.#buffers.push(buffer);
    return buffer;
  }

  /** What a kernel only reads. */
  input(kind: KindName, values: Values): Buffer {
    const buffer = this.#place(kind, values.length, false);
    buffer.set(values);
    return buffer;
  }

  /** What a kernel writes, or updates if values are given. */
  output(kind: KindName, content: number | Values): Buffer {
    if (typeof content === "number") return this.#place(kind, content, true);
    const buffer = this.#place(kind, content.length, true);
    buffer.set(content);
    return buffer;
  }

  /** Workspace for up to five parts, of which only the surroundings are looked at: `<kernel>_workspace(…, 5)` bytes. */
  workspace(kernel: string, ...args: readonly number[]): Buffer {
    const helper = this.#exports[`${kernel}_workspace`];
    if (helper === undefined) throw new Error(`no helper ${kernel}_workspace`);
    return this.#place("f32", helper(...args, 5) / 4, true, true);
  }

  /**
   * Runs a kernel in one to five parts: the same bits each time, inputs and guards untouched. Returns its code.
   */
  run(name: string, ...args: readonly (Buffer | number)[]): number {
    const kernel = this.#exports[name];
    if (kernel === undefined) throw new Error(`no kernel ${name}`);
    const numbers = args.map((arg) => (typeof arg === "number" ? arg : arg.ptr));
    const before = this.#buffers.map((buffer) => buffer.bytes(GUARD).slice());
    const once = kernel(...numbers, 0, 1);
    const after = this.#buffers.map((buffer) => buffer.bytes(GUARD).slice());
    for (const [index, buffer] of this.#buffers.entries()) {
      const [was, is] = [before[index] as Uint8Array, after[index] as Uint8Array];
      if (!buffer.written && !sameBytes(is, was)) throw new Error(`${name} writes to an input`);
      const ends = [...is.subarray(0, GUARD), ...is.subarray(-GUARD)];
      if (ends.some((byte) => byte !== POISON)) throw new Error(`${name} writes outside its output`);
    }
    for (const parts of [2, 3, 4, 5]) {
      for (const [index, buffer] of this.#buffers.entries())
        buffer.bytes(GUARD).set(before[index] as Uint8Array);
      for (let part = 0; part < parts; part++) expect(kernel(...numbers, part, parts)).toBe(once);
      for (const [index, buffer] of this.#buffers.entries()) {
        const [was, is] = [after[index] as Uint8Array, buffer.bytes(GUARD)];
        if (buffer.scratch) is.set(was.subarray(GUARD, -GUARD), GUARD);
        if (sameBytes(is, was)) continue;
        throw new Error(`${name}: ${parts} parts give other bits than one`);
      }
    }
    return once;
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return NodeBuffer.compare(a, b) === 0;
}

/** Values from −range to range, the same in every run (a linear congruence). */
export function noise(count: number, seed = 1, range = 1): Float32Array {
  let state = seed * 2654435761;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 31 - 1) * range;
  });
}

/** The groups of x [outer, n, inner] along the middle, in the order of [outer, inner]. */
export function columnsOf(x: Values, outer: number, n: number, inner: number): number[][] {
  return Array.from({ length: outer * inner }, (_, at) => {
    const first = Math.floor(at / inner) * n * inner + (at % inner);
    return Array.from({ length: n }, (__, row) => x[first + row * inner] as number);
  });
}

/** Each value within absolute + relative · |reference| of its reference; NaN and infinities must match. */
export function expectClose(
  actual: Values,
  expected: Values,
  {
    relative = 1e-6,
    absolute = 1e-6,
    what = "",
  }: { relative?: number; absolute?: number; what?: string } = {},
): void {
  expect(actual.length, what).toBe(expected.length);
  for (let index = 0; index < expected.length; index++) {
    const [is, should] = [actual[index] as number, expected[index] as number];
    if (Object.is(is, should) || is === should) continue;
    if (Math.abs(is - should) <= absolute + relative * Math.abs(should)) continue;
    throw new Error(`${what} element ${index}: ${is}, should be ${should}`);
  }
}
