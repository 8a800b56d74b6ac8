export { abi } from "./dispatch.gen";
export * from "./kernels.gen";
export { resume, run, share, work } from "./program";
export { pulse } from "./sync";
