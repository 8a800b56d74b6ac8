import Papa from "papaparse";
import { FormatError } from "../index.ts";

export interface ReadCsvOptions {
  /** What error messages call the file. */
  readonly name?: string;
  /** Between the fields. Default: found out, of comma, tab, pipe and semicolon. */
  readonly delimiter?: string;
}

/** Columns of text by the names in the first row. */
export type CsvColumns = Record<string, string[]>;

/**
 * Reads comma-separated values whose first row has the names of the columns (RFC 4180; parsed by Papa Parse).
 * @throws {FormatError} a row is ragged or quotes do not close; names the file and the row.
 * @example
 * const { price } = readCsv(readFileSync("houses.csv", "utf8"), { name: "houses.csv" });
 */
export function readCsv(text: string, options: ReadCsvOptions = {}): CsvColumns {
  const { name = "the text", delimiter = "" } = options;
  const { data, errors, meta } = Papa.parse<Record<string, string>>(text, {
    header: true,
    delimiter,
    skipEmptyLines: true,
  });
  const [first] = errors;
  if (first !== undefined && first.code !== "UndetectableDelimiter") {
    throw new FormatError(`readCsv: ${first.message}, ${name}, row ${(first.row ?? 0) + 1} (mend the row)`);
  }
  return Object.fromEntries((meta.fields ?? []).map((field) => [field, data.map((row) => row[field] ?? "")]));
}
