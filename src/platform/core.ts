/** Any host, with kernels that the program brings: `simdgrad/core`. */
import { PlatformError } from "../errors.ts";
import type { Variant } from "../wasm/features.ts";

export * from "./web.ts";

export const host = "core";

export function wasmSource(variant: Variant): never {
  throw new PlatformError(
    `simdgrad/core: it has no kernels yet (simdgrad.${variant}.wasm): await init({ wasm }) with their bytes, a WebAssembly.Module, a Response or a URL before the first tensor, or import "simdgrad", which brings them`,
  );
}
