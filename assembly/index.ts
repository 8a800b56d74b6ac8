export { abi } from "./dispatch.gen";
export * from "./kernels.gen";
export { run } from "./program";
