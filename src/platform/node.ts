import { existsSync, readFileSync } from "node:fs";
import type { Variant } from "../wasm/features.ts";

export const host = "node";

export const env = (name: string): string | undefined => process.env[name];

/** The kernel binary: beside this file in the package, in dist/ when running from the sources. */
export function wasmSource(variant: Variant): Uint8Array {
  const file = `simdgrad.${variant}.wasm`;
  const beside = new URL(`./${file}`, import.meta.url);
  return readFileSync(existsSync(beside) ? beside : new URL(`../../dist/${file}`, import.meta.url));
}
