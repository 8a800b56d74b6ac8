/** What only Node (or a host with Node's modules) can do. */
export { writeWhole } from "./node/files.ts";
export { fileStore } from "./node/store.ts";
export { progressBar, type ProgressBarOptions } from "./node/progress.ts";
export { imageFolder, type ImageFolderOptions } from "./node/images.ts";
