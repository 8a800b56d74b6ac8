import { data, FormatError, tensor, ValueError, type Tensor } from "../../index.ts";
import { readCsv, type Categories, type CsvKind, type ReadCsvOptions } from "./read.ts";

export interface CsvDatasetOptions extends ReadCsvOptions {
  /** The columns that make up x, in this order. */
  readonly features: readonly string[];
  /** The column, or the columns of numbers, that are to be predicted. */
  readonly target: string | readonly string[];
  /**
   * Which of these columns are categories; the others are numbers. With their values, as `categories` of a former result has them, a
   * second file gets the same columns and classes as the first.
   */
  readonly categories?: readonly string[] | Readonly<Record<string, readonly string[]>>;
}

/** A table ready for training, and what has to be known to prepare others in the same way. */
export interface CsvDataset {
  /** Sample i is row i: x f32 [columns], y i32 [] where the target is a category, else f32 [targets]. */
  readonly dataset: data.TensorDataset<[Tensor, Tensor]>;
  /** Names of x's columns: a feature's own, or `name=value` for each value of a category. */
  readonly columns: readonly string[];
  /** The target's values, where it is a category. */
  readonly classes: readonly string[] | null;
  /** The values of each column of categories. */
  readonly categories: Readonly<Record<string, readonly string[]>>;
  /** Of each of x's columns, to normalise by; 0 for those of categories. */
  readonly mean: readonly number[];
  /** Likewise; 1 for those of categories and for those that are constant. */
  readonly std: readonly number[];
}

/**
 * A dataset of the rows of a table: numbers as they are, categories as ones and zeros (features) or class indices (the target).
 * @throws {FormatError} as `readCsv`, and for a table without rows; {ValueError} unknown columns.
 * @example
 * const { dataset, classes } = csvDataset(text, { features: ["width", "height"], target: "species", categories: ["species"] });
 */
export function csvDataset(text: string, options: CsvDatasetOptions): CsvDataset {
  const { features, target, categories = [], name = "the text" } = options;
  const targets = typeof target === "string" ? [target] : target;
  if (features.length === 0 || targets.length === 0) {
    throw new ValueError("csvDataset: needs at least one feature and one target");
  }
  const known: Readonly<Record<string, CsvKind>> = isList(categories)
    ? Object.fromEntries(categories.map((column) => [column, "category"]))
    : categories;
  const used = [...features, ...targets];
  const stray = Object.keys(known).find((column) => !used.includes(column) && isList(categories));
  if (stray !== undefined) {
    throw new ValueError(
      `csvDataset: "${stray}" is among the categories, but neither a feature nor a target`,
    );
  }
  const kinds = Object.fromEntries(used.map((column) => [column, known[column] ?? "number"]));
  const table = readCsv(text, { ...options, columns: kinds }) as Record<string, Float64Array | Categories>;
  const of = (column: string): Float64Array | Categories => table[column] as Float64Array | Categories;

  const columns = features.flatMap((feature) => spread(feature, of(feature)));
  const [{ values: firstColumn }] = columns as [Column];
  const rows = firstColumn.length;
  if (rows === 0) throw new FormatError(`csvDataset: there are no rows, ${name}`);
  const classes = targets.length === 1 ? of(targets[0] as string) : null;
  const goal = classes !== null && "indices" in classes ? classes : null;
  const wrong = goal === null ? targets.find((column) => "indices" in of(column)) : undefined;
  if (wrong !== undefined) {
    throw new ValueError(
      `csvDataset: target "${wrong}" is a category beside other targets (one, or numbers only)`,
    );
  }

  const x = tensor(
    interleave(
      columns.map(({ values }) => values),
      rows,
    ),
    { shape: [rows, columns.length] },
  );
  const y = goal
    ? tensor(goal.indices)
    : tensor(
        interleave(
          targets.map((column) => of(column) as Float64Array),
          rows,
        ),
        { shape: [rows, targets.length] },
      );
  const dataset = new data.TensorDataset(x, y);
  for (const t of [x, y]) t.dispose();
  return {
    dataset,
    columns: columns.map(({ name }) => name),
    classes: goal?.values ?? null,
    categories: Object.fromEntries(
      Object.entries(table).flatMap(([column, cells]) =>
        "indices" in cells ? [[column, cells.values]] : [],
      ),
    ),
    mean: columns.map(({ mean }) => mean),
    std: columns.map(({ std }) => std),
  };
}

const isList = (value: CsvDatasetOptions["categories"]): value is readonly string[] => Array.isArray(value);

/** One column of x. */
interface Column {
  readonly name: string;
  readonly values: Float64Array;
  readonly mean: number;
  readonly std: number;
}

function spread(name: string, cells: Float64Array | Categories): Column[] {
  if ("indices" in cells) {
    return cells.values.map((value, i) => ({
      name: `${name}=${value}`,
      values: Float64Array.from(cells.indices, (index) => Number(index === i)),
      mean: 0,
      std: 1,
    }));
  }
  const mean = cells.reduce((sum, value) => sum + value, 0) / cells.length;
  const variance = cells.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / cells.length;
  return [{ name, values: cells, mean, std: variance > 0 ? Math.sqrt(variance) : 1 }];
}

/** Columns as the rows of a matrix. */
function interleave(columns: readonly Float64Array[], rows: number): Float32Array {
  const matrix = new Float32Array(rows * columns.length);
  columns.forEach((column, j) => {
    for (let i = 0; i < rows; i++) matrix[i * columns.length + j] = column[i] as number;
  });
  return matrix;
}
