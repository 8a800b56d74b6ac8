/** Data on its way to a model. */
export { TensorDataset } from "./dataset.ts";
export type { Dataset, Rows } from "./dataset.ts";
export { readIdx } from "./idx.ts";
export type { Idx, IdxDType, ReadIdxOptions } from "./idx.ts";
export { DataLoader } from "./loader.ts";
export type { DataLoaderOptions } from "./loader.ts";
export { BytePairTokenizer } from "./text/bytepair.ts";
export { CharTokenizer, type CharTokenizerOptions } from "./text/characters.ts";
export type { Tokenizer } from "./text/tokenizer.ts";
export { TokenDataset, type TokenDatasetOptions } from "./text/windows.ts";
