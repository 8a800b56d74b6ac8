/** Any host, with kernels that the program brings: `simdgrad/core`. */
import type { Variant } from "../wasm/features.ts";
import type { Missing } from "./port.ts";

export * from "./web.ts";

export const host = "core";

export const wasmSource = (variant: Variant): Missing => ({
  missing: `simdgrad/core: it has no kernels yet (simdgrad.${variant}.wasm): await init({ wasm }) with their bytes, a WebAssembly.Module, a Response or a URL before the first tensor, or import "simdgrad", which brings them`,
});
