/** Made by the command: see ../package.mjs. */
declare module "simdgrad-conformance-data" {
  import type { Data } from "./types.ts";
  const data: Data;
  export default data;
}
/** The package, installed a second time under another name. */
declare module "simdgrad-copy" {
  export * from "simdgrad";
}
