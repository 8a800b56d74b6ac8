/** Cloudflare Workers and other hosts that are workerd. */
import relaxed from "#module/relaxed";
import simd from "#module/simd";
import type { Variant } from "../wasm/features.ts";

export * from "./isolate.ts";

export const host = "workerd";

/** Why there is no relaxed binary; null where there is. */
export const relaxedRefused = (): string | null => null;

/** Compiled when deployed: compiling bytes is forbidden. */
export const wasmSource = (variant: Variant): WebAssembly.Module => (variant === "simd" ? simd : relaxed);
