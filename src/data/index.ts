/** Data on its way to a model. */
export { TensorDataset } from "./dataset.ts";
export type { Dataset, Rows, SampleRequest } from "./dataset.ts";
export { readIdx } from "./idx.ts";
export type { Idx, IdxDType, ReadIdxOptions } from "./idx.ts";
export { DataLoader } from "./loader.ts";
export type { DataLoaderOptions, DataLoaderState } from "./loader.ts";
export type { BatchContext, BatchTransform } from "./transform.ts";
