/** The kernels' binary as text, with what stands where its variants differ: scripts/inline-binary.mjs writes it. */
declare module "#wasm/inline" {
  /** An LZMA stream of `length` bytes, in base64. */
  export const packed: string;
  /** A binary that decodes it, in base64. */
  export const unpack: string;
  export const length: number;
  /** Where the variants differ stand these bytes, and in the middle `kind` and on. */
  export const mark: { readonly first: number; readonly kind: number; readonly last: number };
  /** What belongs there in either variant, by kind. */
  export const simd: readonly (readonly number[])[];
  export const relaxed: readonly (readonly number[])[];
}

/** A kernel binary as the host's loader compiles it. */
declare module "#module/*" {
  const module: WebAssembly.Module;
  export default module;
}
declare module "#module?module/*" {
  const module: WebAssembly.Module;
  export default module;
}
