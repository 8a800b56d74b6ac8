/** Files: tensors in and out of their bytes. */
export { loadSafetensors, saveSafetensors } from "./safetensors.ts";
export type { LoadedTensors, LoadOptions, NamedTensors, SaveOptions } from "./safetensors.ts";
export type { Bytes } from "./bytes.ts";
