/**
 * Transforms of batches: functions of a batch and its context that `compose` puts in a row and a DataLoader applies. Names and meanings
 * follow torchvision's v2 transforms. Each sample draws random numbers of its own, by the seed, the epoch, its index and the transform's
 * place, so that it becomes the same in any batch and order.
 */
export { randomAffine, randomRotation } from "./affine.ts";
export type { RandomAffineOptions, WarpOptions } from "./affine.ts";
export { gaussianBlur } from "./blur.ts";
export { colorJitter, grayscale, randomGrayscale } from "./colour.ts";
export type { ColorJitterOptions } from "./colour.ts";
export { centerCrop, pad, randomCrop } from "./crop.ts";
export type { Padding, PadOptions, RandomCropOptions } from "./crop.ts";
export { cutout, randomErasing } from "./erase.ts";
export type { RandomErasingOptions } from "./erase.ts";
export { randomHorizontalFlip, randomVerticalFlip } from "./flip.ts";
export { on } from "./images.ts";
export { cutMix, mixUp } from "./mixing.ts";
export type { MixOptions } from "./mixing.ts";
export { gaussianNoise } from "./noise.ts";
export type { GaussianNoiseOptions } from "./noise.ts";
export type { Interpolation } from "./operation.ts";
export type { Range, Size } from "./options.ts";
export { randAugment } from "./randaugment.ts";
export type { RandAugmentOptions } from "./randaugment.ts";
export { randomResizedCrop, resize } from "./resize.ts";
export type { RandomResizedCropOptions, ResizeOptions } from "./resize.ts";
export { randomScale, timeMask, timeShift } from "./sequence.ts";
export type { TimeMaskOptions, TimeShiftOptions } from "./sequence.ts";
export { normalize, toFloat } from "./values.ts";
