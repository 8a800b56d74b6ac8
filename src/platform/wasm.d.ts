/** A kernel binary as base64: the bundler reads it from dist/. */
declare module "#wasm/*" {
  const base64: string;
  export default base64;
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
