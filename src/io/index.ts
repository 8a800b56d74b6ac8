/** Files: tensors in and out of their bytes. */
export { loadSafetensors, saveSafetensors } from "./safetensors.ts";
export type { LoadedTensors, LoadOptions, NamedTensors, SaveOptions } from "./safetensors.ts";
export type { Bytes } from "./bytes.ts";
export { checkStoreName, checkStoreWrite, isStoreName, type Store } from "./store.ts";
export { indexedDbStore } from "./stores/indexeddb.ts";
export { memoryStore } from "./stores/memory.ts";
export { opfsStore } from "./stores/opfs.ts";
