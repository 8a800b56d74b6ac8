/** What only Node (or a host with Node's modules) can do. */
export { writeWhole } from "./node/files.ts";
export { imageFolder, type ImageFolderOptions } from "./node/images.ts";
