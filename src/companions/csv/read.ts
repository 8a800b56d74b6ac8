import Papa from "papaparse";
import { FormatError, ValueError } from "../../index.ts";

/** What the cells of a column are: text as it stands, numbers, or categories: any, or these and no other. */
export type CsvKind = "text" | "number" | "category" | readonly string[];

/** Cells of which each is one of a few texts. */
export interface Categories {
  /** Which of the values each row has. */
  readonly indices: Int32Array;
  /** Sorted by their characters, or in the order that was given. */
  readonly values: readonly string[];
}

export type CsvColumn<K extends CsvKind> = K extends "text"
  ? string[]
  : K extends "number"
    ? Float64Array
    : Categories;

/** Columns of text by the names in the first row. */
export type CsvColumns = Record<string, string[]>;

export interface ReadCsvOptions {
  /** What error messages call the file. */
  readonly name?: string;
  /** Between the fields. Default: found out, of comma, tab, pipe and semicolon. */
  readonly delimiter?: string;
  /** Cells of numbers and categories that stand for nothing. Default: empty ones. */
  readonly missing?: readonly string[];
  /** By column, what to put where a cell is missing: a number, the column's "mean", or a category. Without it a missing cell is an error. */
  readonly fill?: Readonly<Record<string, number | string>>;
}

/**
 * Reads comma-separated values whose first row has the names of the columns (RFC 4180; parsed by Papa Parse).
 * @param options.columns what to read and as what; all columns as text by default.
 * @throws {FormatError} a row is ragged, quotes do not close, two columns have one name, a cell is missing, or not the number or category
 * that it should be; names the file, the row (the first one below the names is 1) and the column.
 * @throws {ValueError} there is no such column.
 * @example
 * const { price } = readCsv(readFileSync("houses.csv", "utf8"), { name: "houses.csv" });
 * const { age, city } = readCsv(text, { columns: { age: "number", city: "category" }, fill: { age: "mean" } });
 */
export function readCsv(text: string, options?: ReadCsvOptions): CsvColumns;
export function readCsv<const C extends Readonly<Record<string, CsvKind>>>(
  text: string,
  options: ReadCsvOptions & { readonly columns: C },
): { [N in keyof C]: CsvColumn<C[N]> };
export function readCsv(
  text: string,
  options: ReadCsvOptions & { readonly columns?: Readonly<Record<string, CsvKind>> } = {},
): Record<string, CsvColumn<CsvKind>> {
  const { name = "the text", columns, missing = [""], fill = {} } = options;
  const all = parse(text, name, options.delimiter ?? "");
  if (columns === undefined) return all;
  return Object.fromEntries(
    Object.entries(columns).map(([column, kind]): [string, CsvColumn<CsvKind>] => {
      const cells = all[column];
      if (cells === undefined) {
        throw new ValueError(
          `readCsv: no column "${column}", ${name} (there are ${Object.keys(all).join(", ")})`,
        );
      }
      if (kind === "text") return [column, cells];
      const sheet = { column, cells, missing, fill: fill[column], where: name };
      return [column, kind === "number" ? numbers(sheet) : categories(sheet, kind)];
    }),
  );
}

function parse(text: string, name: string, delimiter: string): CsvColumns {
  const { data, errors } = Papa.parse<string[]>(text, { delimiter, skipEmptyLines: true });
  const error = errors.find(({ type }) => type === "Quotes");
  if (error)
    throw new FormatError(`readCsv: ${error.message}, ${name}, row ${error.row ?? 0} (mend the row)`);
  const [names = [], ...rows] = data;
  const twice = names.find((column, i) => names.indexOf(column) < i);
  if (twice !== undefined) {
    throw new FormatError(`readCsv: two columns are called "${twice}", ${name} (rename one)`);
  }
  rows.forEach(({ length }, i) => {
    if (length !== names.length) {
      throw new FormatError(
        `readCsv: ragged, ${length} cells where there are ${names.length} columns, ${name}, row ${i + 1} (mend the row)`,
      );
    }
  });
  return Object.fromEntries(names.map((column, j) => [column, rows.map((row) => row[j] as string)]));
}

interface Sheet {
  readonly column: string;
  readonly cells: readonly string[];
  readonly missing: readonly string[];
  readonly fill: number | string | undefined;
  readonly where: string;
}

const at = ({ column, where }: Sheet, row: number): string => `${where}, row ${row + 1}, column "${column}"`;

function refuseMissing(sheet: Sheet, row: number): never {
  throw new FormatError(`readCsv: the cell is missing, ${at(sheet, row)} (give the column a value in fill)`);
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

function numbers(sheet: Sheet): Float64Array {
  const { cells, missing, fill } = sheet;
  const gaps: number[] = [];
  let sum = 0;
  const values = Float64Array.from(cells, (cell, row) => {
    const text = cell.trim();
    if (missing.includes(text)) {
      if (fill === undefined) refuseMissing(sheet, row);
      gaps.push(row);
      return 0;
    }
    if (!NUMBER.test(text)) {
      throw new FormatError(
        `readCsv: "${cell}" is no number, ${at(sheet, row)} (read the column as "category" or "text", or add it to missing)`,
      );
    }
    const value = Number(text);
    sum += value;
    return value;
  });
  if (gaps.length === 0) return values;
  const value = fill === "mean" ? sum / (cells.length - gaps.length) : fill;
  if (typeof value !== "number" || !Number.isFinite(value)) {
    throw new ValueError(
      `readCsv: column "${sheet.column}" of numbers cannot be filled with ${String(fill)} (give a number, or "mean" where there are some)`,
    );
  }
  for (const row of gaps) values[row] = value;
  return values;
}

function categories(sheet: Sheet, kind: "category" | readonly string[]): Categories {
  const { missing, fill } = sheet;
  const cells = sheet.cells.map((cell, row) => {
    if (!missing.includes(cell.trim())) return cell;
    if (fill === undefined) refuseMissing(sheet, row);
    return String(fill);
  });
  const values = kind === "category" ? [...new Set(cells)].sort() : kind;
  const positions = new Map(values.map((value, i) => [value, i]));
  const indices = Int32Array.from(cells, (cell, row) => {
    const position = positions.get(cell);
    if (position === undefined) {
      throw new FormatError(
        `readCsv: unknown category "${cell}", ${at(sheet, row)} (known are ${values.join(", ")})`,
      );
    }
    return position;
  });
  return { indices, values };
}
