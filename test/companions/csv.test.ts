import { afterEach, describe, expect, it } from "vitest";
import { csvDataset, readCsv } from "../../src/companions/csv.ts";
import { FormatError, memory, ValueError, data } from "../../src/index.ts";

afterEach(() => expect(memory().live).toBe(0));

const IRIS = `width,height,species
1.5,10,setosa
2.5,20,virginica
3.5,30,setosa
`;

describe("readCsv", () => {
  it("gives columns of text", () => {
    expect(readCsv(IRIS)).toEqual({
      width: ["1.5", "2.5", "3.5"],
      height: ["10", "20", "30"],
      species: ["setosa", "virginica", "setosa"],
    });
    expect(readCsv('\ufeffa;b\n"x;""y""\nz";2\n')).toEqual({ a: ['x;"y"\nz'], b: ["2"] });
  });

  it("gives columns of what they are said to be", () => {
    const { width, species, height } = readCsv(IRIS, {
      columns: { width: "number", species: "category", height: "text" },
    });
    expect(width).toEqual(Float64Array.of(1.5, 2.5, 3.5));
    expect(species).toEqual({ indices: Int32Array.of(0, 1, 0), values: ["setosa", "virginica"] });
    expect(height).toEqual(["10", "20", "30"]);
    const { species: other } = readCsv(IRIS, { columns: { species: ["x", "virginica", "setosa"] } });
    expect(other.indices).toEqual(Int32Array.of(2, 1, 2));
  });

  it("reads numbers of all forms", () => {
    const { n } = readCsv("n\n 1 \n-.5\n+2.\n1e3\n0.1E-2\n", { columns: { n: "number" } });
    expect(n).toEqual(Float64Array.of(1, -0.5, 2, 1000, 0.001));
  });

  it("fills what is missing", () => {
    const text = "a,b,c\n1,x,\n,?,\n5,y,\n";
    const columns = { a: "number", b: "category" } as const;
    const missing = ["", "?"];
    expect(readCsv(text, { columns, missing, fill: { a: "mean", b: "x" } })).toEqual({
      a: Float64Array.of(1, 3, 5),
      b: { indices: Int32Array.of(0, 0, 1), values: ["x", "y"] },
    });
    expect(readCsv(text, { columns: { a: "number" }, fill: { a: -1 } }).a).toEqual(Float64Array.of(1, -1, 5));
    expect(() => readCsv(text, { columns: { a: "number" }, fill: { a: "none" } })).toThrow(ValueError);
    expect(() => readCsv(text, { columns: { c: "number" }, fill: { c: "mean" } })).toThrow(ValueError);
  });

  const columns = { a: "number", b: "category" } as const;
  it.each<[string, string, object, string]>([
    [
      "ragged rows",
      "a,b\n1,x\n2\n",
      {},
      "readCsv: ragged, 1 cells where there are 2 columns, t.csv, row 2 (mend the row)",
    ],
    ["rows that go on", "a,b\n1,x,3\n", {}, "ragged, 3 cells where there are 2 columns, t.csv, row 1"],
    ["open quotes", 'a,b\n1,"x\n', {}, "t.csv, row 1"],
    ["a name used twice", "a,a\n1,2\n", {}, 'readCsv: two columns are called "a", t.csv (rename one)'],
    ["no number", "a,b\n1,x\n2x,y\n", { columns }, 'readCsv: "2x" is no number, t.csv, row 2, column "a"'],
    ["NaN", "a,b\nNaN,x\n", { columns }, 'readCsv: "NaN" is no number, t.csv, row 1, column "a"'],
    ["hexadecimal", "a,b\n0x1f,x\n", { columns }, '"0x1f" is no number'],
    ["a gap", "a,b\n1,x\n,y\n", { columns }, 'the cell is missing, t.csv, row 2, column "a"'],
    ["a gap among categories", "a,b\n1,\n", { columns }, 'the cell is missing, t.csv, row 1, column "b"'],
    [
      "an unknown category",
      "a,b\n1,x\n2,z\n",
      { columns: { b: ["x", "y"] } },
      'readCsv: unknown category "z", t.csv, row 2, column "b" (known are x, y)',
    ],
  ])("refuses %s", (_, text, options, message) => {
    expect(() => readCsv(text, { ...options, name: "t.csv" })).toThrow(FormatError);
    expect(() => readCsv(text, { ...options, name: "t.csv" })).toThrow(message);
  });

  it("refuses columns that are not there", () => {
    expect(() => readCsv(IRIS, { columns: { depth: "number" } })).toThrow(
      'readCsv: no column "depth", the text (there are width, height, species)',
    );
  });
});

describe("csvDataset", () => {
  it("makes a dataset for classes", async () => {
    const made = csvDataset(IRIS, {
      features: ["height", "width"],
      target: "species",
      categories: ["species"],
    });
    expect(made.columns).toEqual(["height", "width"]);
    expect(made.classes).toEqual(["setosa", "virginica"]);
    expect(made.categories).toEqual({ species: ["setosa", "virginica"] });
    expect(made.mean).toEqual([20, 2.5]);
    expect(made.std[1]).toBeCloseTo(Math.sqrt(2 / 3), 12);
    for await (const [x, y] of new data.DataLoader(made.dataset, { batchSize: 3 })) {
      expect([x.dtype, x.toArray()]).toEqual([
        "f32",
        [
          [10, 1.5],
          [20, 2.5],
          [30, 3.5],
        ],
      ]);
      expect([y.dtype, y.toArray()]).toEqual(["i32", [0, 1, 0]]);
    }
    made.dataset.dispose();
  });

  it("spreads categories, and prepares a second file like the first", async () => {
    const options = { features: ["species", "width"], target: "height" } as const;
    const first = csvDataset(IRIS, { ...options, categories: ["species"] });
    expect(first.columns).toEqual(["species=setosa", "species=virginica", "width"]);
    expect([first.classes, first.mean, first.std.slice(0, 2)]).toEqual([null, [0, 0, 2.5], [1, 1]]);
    const second = csvDataset("height,species,width\n7,virginica,8\n", {
      ...options,
      categories: first.categories,
    });
    expect(second.columns).toEqual(first.columns);
    for await (const [x, y] of new data.DataLoader(second.dataset)) {
      expect([x.toArray(), y.toArray()]).toEqual([[[0, 1, 8]], [[7]]]);
    }
    expect(second.std).toEqual([1, 1, 1]);
    expect(() =>
      csvDataset("height,species,width\n7,rose,8\n", { ...options, categories: first.categories }),
    ).toThrow('unknown category "rose", the text, row 1, column "species"');
    for (const { dataset } of [first, second]) dataset.dispose();
  });

  it.each<[string, string, Parameters<typeof csvDataset>[1], string]>([
    ["no features", IRIS, { features: [], target: "width" }, "csvDataset: needs at least one feature"],
    ["no rows", "a,b\n", { features: ["a"], target: "b" }, "csvDataset: there are no rows, the text"],
    [
      "strange categories",
      IRIS,
      { features: ["width"], target: "height", categories: ["species"] },
      'csvDataset: "species" is among the categories, but neither a feature nor a target',
    ],
    [
      "mixed targets",
      IRIS,
      { features: ["width"], target: ["height", "species"], categories: ["species"] },
      'csvDataset: target "species" is a category beside other targets',
    ],
  ])("refuses %s", (_, text, options, message) => {
    expect(() => csvDataset(text, options)).toThrow(message);
  });
});
