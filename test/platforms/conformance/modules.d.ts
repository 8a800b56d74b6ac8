/** Made by the command: see ../package.mjs. */
declare module "simdgrad-conformance-data" {
  const data: unknown;
  export default data;
}
/** The package, installed a second time under another name. */
declare module "simdgrad-copy" {
  export * from "simdgrad";
}
