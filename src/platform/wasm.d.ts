/** A kernel binary as base64: the bundler reads it from dist/. */
declare module "#wasm/*" {
  const base64: string;
  export default base64;
}
