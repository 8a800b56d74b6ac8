/** Data on its way to a model. */
export { TensorDataset } from "./dataset.ts";
export type { Dataset, Rows, SampleRequest } from "./dataset.ts";
export { readIdx } from "./idx.ts";
export type { Idx, IdxDType, ReadIdxOptions } from "./idx.ts";
export { DataLoader } from "./loader.ts";
export type { DataLoaderOptions, DataLoaderState } from "./loader.ts";
export { compose } from "./transform.ts";
export type { BatchContext, BatchTransform, Transform } from "./transform.ts";
export * as transforms from "./transforms/index.ts";
export { padSequences } from "./padding.ts";
export type { PadSequencesOptions } from "./padding.ts";
export { SlidingWindows } from "./windows.ts";
export type { SlidingWindowsOptions } from "./windows.ts";
