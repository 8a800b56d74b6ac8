/** Edge functions of Vercel and Next.js. */
import relaxed from "#module?module/relaxed";
import simd from "#module?module/simd";
import type { Variant } from "../wasm/features.ts";

export * from "./isolate.ts";

export const host = "edge-light";

/** Compiled when deployed: compiling bytes is forbidden. */
export const wasmSource = (variant: Variant): WebAssembly.Module => (variant === "simd" ? simd : relaxed);
