/** Edge functions of Vercel and Next.js. */
import simd from "#module?module/simd";

export * from "./isolate.ts";

export const host = "edge-light";

/** Next.js compiles all modules of a route before it runs, so one that its Node cannot run (20 has no relaxed SIMD) would be the end of it. */
export const relaxedRefused = (): string =>
  "functions at the edge bring the plain SIMD binary alone, which all their hosts can compile";

/** Compiled when deployed: compiling bytes is forbidden. */
export const wasmSource = (): WebAssembly.Module => simd;
