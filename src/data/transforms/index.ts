/**
 * Transforms of batches: functions of a batch and its context that `compose` puts in a row and a DataLoader applies. Names and meanings
 * follow torchvision's v2 transforms. Each sample draws random numbers of its own, by the seed, the epoch, its index and the transform's
 * place, so that it becomes the same in any batch and order.
 */
export { centerCrop, pad, randomCrop } from "./crop.ts";
export type { Padding, PadOptions, RandomCropOptions } from "./crop.ts";
export { randomHorizontalFlip, randomVerticalFlip } from "./flip.ts";
export { on } from "./images.ts";
export type { Range, Size } from "./options.ts";
export { normalize, toFloat } from "./values.ts";
