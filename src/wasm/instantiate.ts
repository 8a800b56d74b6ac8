import { instantiateSync } from "@assemblyscript/loader";

/** The commands' entry point and the workspace helpers; kernels themselves are reached through `run`. */
export interface Exports {
  run(program: number, count: number, part: number, parts: number, status: number): number;
  abi(): number;
  [helper: string]: (...args: number[]) => number;
}

/** Instantiates a kernel binary on `memory`. The loader's own wrapped exports cost a second call each, so the raw ones are returned. */
export function instantiate(source: Uint8Array | WebAssembly.Module, memory: WebAssembly.Memory): Exports {
  const module =
    source instanceof WebAssembly.Module ? source : new WebAssembly.Module(source as BufferSource);
  const { instance } = instantiateSync(module, { env: { memory } });
  return instance.exports as unknown as Exports; // the boundary: the binary's exports are typed by the generator
}
