export { wasmSource } from "./inline.ts";
export * from "./web.ts";

export const host = "browser";
