import relaxed from "#wasm/relaxed";
import simd from "#wasm/simd";
import type { Variant } from "../wasm/features.ts";

export * from "./web.ts";

export const host = "browser";

/** The kernel binary, inlined as base64: works in every bundler and without one. */
export function wasmSource(variant: Variant): Uint8Array {
  return Uint8Array.from(atob(variant === "simd" ? simd : relaxed), (character) => character.charCodeAt(0));
}
