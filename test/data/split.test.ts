import { afterEach, describe, expect, it } from "vitest";
import {
  ConcatDataset,
  DataLoader,
  kFold,
  MapDataset,
  split,
  Subset,
  TensorDataset,
  type Dataset,
} from "../../src/data/index.ts";
import { IndexOutOfRangeError, ShapeError, ValueError } from "../../src/errors.ts";
import { add } from "../../src/ops/arithmetic.ts";
import { tensor } from "../../src/tensor/create.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { heap } from "../../src/wasm/engine.ts";

afterEach(() => expect(heap().stats.live).toBe(0));

const numbers = (n: number, from = 0): Dataset<Tensor> => ({
  length: n,
  get: (index) => tensor(from + index),
});

async function values(dataset: Dataset<Tensor>, batchSize = 3): Promise<unknown[]> {
  const seen: unknown[] = [];
  for await (const batch of new DataLoader(dataset, { batchSize }))
    seen.push(...(batch.toArray() as number[]));
  return seen;
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const indicesOf = (subset: { indices: Int32Array }): number[] => [...subset.indices];

describe("Subset", () => {
  it("gives the samples that it names, by batch where the dataset can", async () => {
    expect(await values(new Subset(numbers(10), [7, 2, 2, 0]))).toEqual([7, 2, 2, 0]);
    const x = tensor([10, 11, 12, 13]);
    const whole = new TensorDataset(x);
    const subset = new Subset(whole, [3, 1]);
    const nested = new Subset(subset, [1, 0, 1]);
    for await (const [rows] of new DataLoader(nested, { batchSize: 3 })) {
      expect(rows.toArray()).toEqual([11, 13, 11]);
    }
    whole.dispose();
    x.dispose();
    expect("batch" in nested && nested.batch).toBeTruthy();
  });

  it("refuses what there is not", () => {
    expect(() => new Subset(numbers(3), [0, 3])).toThrow(IndexOutOfRangeError);
    expect(() => new Subset(numbers(3), [0, 3])).toThrow("Subset: index 3 is outside [0, 2]");
    expect(() => new Subset(numbers(3), [0, 1]).get(2)).toThrow("Subset: index 2 is outside [0, 1]");
  });
});

describe("ConcatDataset", () => {
  it("gives one dataset after the other", async () => {
    const all = new ConcatDataset(numbers(2), numbers(0), numbers(3, 10), new Subset(numbers(9), [8]));
    expect(all.length).toBe(6);
    expect(await values(all, 4)).toEqual([0, 1, 10, 11, 12, 8]);
    expect(() => all.get(6)).toThrow(IndexOutOfRangeError);
    expect(() => new ConcatDataset()).toThrow(ValueError);
  });
});

describe("MapDataset", () => {
  const three = (x: Tensor): Tensor => add(add(x, tensor(1)), tensor(2));

  it.each<[string, Dataset<Tensor>]>([
    ["at once", new MapDataset(numbers(4), three)],
    ["of promises", new MapDataset({ length: 4, get: (i) => Promise.resolve(tensor(i)) }, three)],
    ["to promises", new MapDataset(numbers(4), (x) => Promise.resolve(tensor(x.item() + 3)))],
    [
      "of promises to promises",
      new MapDataset({ length: 4, get: (i) => Promise.resolve(tensor(i)) }, (x) =>
        Promise.resolve(tensor(x.item() + 3)),
      ),
    ],
    [
      "of other things",
      new MapDataset({ length: 4, get: (i) => "x".repeat(i) }, (text, i) => tensor(text.length + 3 + 0 * i)),
    ],
    ["twice", new MapDataset(new MapDataset(numbers(4), (x) => add(x, tensor(1))), (x) => add(x, tensor(2)))],
    ["to the same", new MapDataset({ length: 4, get: (i) => Promise.resolve(tensor(i + 3)) }, (x) => x)],
  ])("makes samples %s, and leaves nothing behind", async (_, dataset) => {
    expect(await values(dataset)).toEqual([3, 4, 5, 6]);
  });

  it("frees what it got when its function fails", async () => {
    const fails = (): Tensor => {
      tensor(1);
      throw new RangeError("no");
    };
    for (const get of [(i: number) => tensor(i), (i: number) => Promise.resolve(tensor(i))]) {
      await expect(values(new MapDataset({ length: 3, get }, fails))).rejects.toThrow("no");
    }
  });
});

describe("split", () => {
  it("divides by fractions and by numbers, at random, and the same way each time", () => {
    const parts = split(numbers(11), [0.5, 0.3, 0.2]).map(indicesOf);
    expect(parts.map((part) => part.length)).toEqual([6, 3, 2]);
    expect(parts.flat().sort((a, b) => a - b)).toEqual(range(11));
    expect(parts).toEqual(split(numbers(11), [6, 3, 2], { seed: 0 }).map(indicesOf));
    expect(parts).not.toEqual(split(numbers(11), [6, 3, 2], { seed: 1 }).map(indicesOf));
    for (const part of parts) expect(part).toEqual([...part].sort((a, b) => a - b));
  });

  it("divides as it stands without shuffling", () => {
    expect(split(numbers(5), [0.6, 0.4], { shuffle: false }).map(indicesOf)).toEqual([
      [0, 1, 2],
      [3, 4],
    ]);
  });

  it("gives each part its share of each class", () => {
    const labels = Int32Array.from({ length: 1000 }, (_, i) => (i % 10 === 0 ? 7 : i % 5 === 1 ? 2 : 0));
    const asTensor = tensor(labels);
    const shares = [0.7, 0.2, 0.1];
    const parts = split(numbers(1000), shares, { stratify: asTensor, seed: 3 }).map(indicesOf);
    asTensor.dispose();
    expect(parts.map((part) => part.length)).toEqual([700, 200, 100]);
    expect(parts.flat().sort((a, b) => a - b)).toEqual(range(1000));
    for (const [label, count] of [
      [7, 100],
      [2, 200],
      [0, 700],
    ] as const) {
      parts.forEach((part, i) => {
        const there = part.filter((index) => labels[index] === label).length;
        expect(Math.abs(there - count * (shares[i] as number))).toBeLessThanOrEqual(1);
      });
    }
    expect(parts).toEqual(split(numbers(1000), shares, { stratify: [...labels], seed: 3 }).map(indicesOf));
    expect(parts).not.toEqual(split(numbers(1000), shares, { stratify: labels, seed: 4 }).map(indicesOf));
  });

  it.each<[string, () => unknown, string]>([
    ["shares that do not fit", () => split(numbers(4), [0.5, 0.4]), "split: shares must sum up to 1"],
    ["numbers that do not fit", () => split(numbers(4), [2, 1]), "got 2, 1 for 4 samples"],
    ["shares below 0", () => split(numbers(4), [1.5, -0.5]), "split: shares must be above 0, got 1.5, -0.5"],
    ["empty parts", () => split(numbers(4), [0.9, 0.1]), "split: part 1 would be empty"],
    ["bad seeds", () => split(numbers(4), [2, 2], { seed: -1 }), "split: seed must be a whole number"],
    [
      "too few classes",
      () => split(numbers(4), [2, 2], { stratify: [1, 2] }),
      "split: stratify has 2 classes for 4 samples",
    ],
    ["k of 1", () => kFold(numbers(4), 1), "kFold: k must be a whole number from 2 to the number of samples"],
    ["k above the length", () => kFold(numbers(4), 5), "got 5 for 4"],
  ])("refuses %s", (_, call, message) => {
    expect(call).toThrow(ValueError);
    expect(call).toThrow(message);
  });

  it("refuses classes that are no row", () => {
    const oneHot = tensor([[0, 1]]);
    expect(() => split(numbers(2), [1, 1], { stratify: oneHot })).toThrow(ShapeError);
    oneHot.dispose();
  });
});

describe("kFold", () => {
  it.each([true, false])("holds each sample back once, shuffle %s", (shuffle) => {
    const folds = kFold(numbers(11), 3, { shuffle });
    expect(folds.map(({ validation }) => validation.length)).toEqual([4, 4, 3]);
    expect(folds.flatMap(({ validation }) => indicesOf(validation)).sort((a, b) => a - b)).toEqual(range(11));
    for (const { train, validation } of folds) {
      expect([...indicesOf(train), ...indicesOf(validation)].sort((a, b) => a - b)).toEqual(range(11));
    }
    if (!shuffle) expect(indicesOf((folds[0] as (typeof folds)[0]).validation)).toEqual([0, 1, 2, 3]);
  });

  it("keeps the classes together", () => {
    const labels = Array.from({ length: 90 }, (_, i) => Number(i >= 60));
    for (const { validation } of kFold(numbers(90), 5, { stratify: labels })) {
      const ones = indicesOf(validation).filter((i) => labels[i] === 1).length;
      expect([validation.length, ones]).toEqual([18, 6]);
    }
  });
});
