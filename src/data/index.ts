/** Data on its way to a model. */
export { TensorDataset } from "./dataset.ts";
export type { Dataset, Rows, SampleRequest } from "./dataset.ts";
export { readIdx } from "./idx.ts";
export type { Idx, IdxDType, ReadIdxOptions } from "./idx.ts";
export { DataLoader } from "./loader.ts";
export type { DataLoaderOptions, DataLoaderState } from "./loader.ts";
export type { BatchContext, BatchTransform } from "./transform.ts";
export { serve } from "./serve.ts";
export type { ServeOptions } from "./serve.ts";
export { WorkerDataset } from "./workers.ts";
export type { WorkerDatasetOptions } from "./workers.ts";
export type { Port } from "./port.ts";
export { Subset } from "./subset.ts";
export { ConcatDataset } from "./concat.ts";
export { MapDataset } from "./map.ts";
export { kFold, split } from "./split.ts";
export type { Fold, SplitOptions } from "./split.ts";
