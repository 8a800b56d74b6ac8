/** Files: tensors in and out of their bytes. */
export { loadSafetensors, saveSafetensors } from "./safetensors.ts";
export type { LoadedTensors, LoadOptions, NamedTensors, SaveOptions } from "./safetensors.ts";
export type { Bytes } from "./bytes.ts";
export { load, save, type LoadedModel, type LoadModelOptions, type SaveModelOptions } from "./model.ts";
export type { ModuleClass, ModuleClasses } from "./modules.ts";
export { preprocess, type PreprocessingStep } from "./preprocessing.ts";
export type { Json } from "./values.ts";
export { checkStoreName, checkStoreWrite, isStoreName, type Store } from "./store.ts";
export { indexedDbStore } from "./stores/indexeddb.ts";
export { memoryStore } from "./stores/memory.ts";
export { opfsStore } from "./stores/opfs.ts";
