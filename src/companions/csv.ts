/** Comma-separated values as columns and as datasets. */
export { csvDataset, type CsvDataset, type CsvDatasetOptions } from "./csv/dataset.ts";
export {
  readCsv,
  type Categories,
  type CsvColumn,
  type CsvColumns,
  type CsvKind,
  type ReadCsvOptions,
} from "./csv/read.ts";
