import { afterEach, describe, expect, it } from "vitest";
import { noGrad } from "../../src/autograd/mode.ts";
import { DataLoader, padSequences, SlidingWindows, transforms as t } from "../../src/data/index.ts";
import { DTypeError, IndexOutOfRangeError, ShapeError, ValueError } from "../../src/errors.ts";
import { select } from "../../src/ops/movement.ts";
import { ones, tensor, zeros } from "../../src/tensor/create.ts";
import { heap } from "../../src/wasm/engine.ts";
import { context } from "./pictures.ts";

afterEach(() => expect(heap().stats.live).toBe(0));

describe("transforms of sequences", () => {
  it("timeMask: stretches of at most so many steps, all features of them", () => {
    noGrad(() => {
      const y = t
        .timeMask({ maxLength: 3, value: -1 })(ones([200, 8, 2]), context(200))
        .toArray() as number[][][];
      const lengths = y.map((steps) => {
        const masked = steps.flatMap((features, i) => (features[0] === -1 ? [i] : []));
        expect(steps.every(([a, b]) => a === b)).toBe(true);
        if (masked.length > 0)
          expect((masked.at(-1) as number) - (masked[0] as number) + 1).toBe(masked.length);
        return masked.length;
      });
      expect([...new Set(lengths)].sort()).toEqual([0, 1, 2, 3]);
      // Masks of [n, time] as well, two of them, never more than there is.
      const all = t.timeMask({ maxLength: 50, count: 2 })(ones([20, 4]), context(20));
      expect(all.shape).toEqual([20, 4]);
    });
  });

  it("timeShift: whole steps, the rest filled", () => {
    noGrad(() => {
      const x = tensor(new Array<number[]>(60).fill([1, 2, 3, 4]));
      const y = t.timeShift({ max: 2, fill: 9 })(x, context(60)).toArray() as number[][];
      const kinds = [
        [1, 2, 3, 4],
        [2, 3, 4, 9],
        [3, 4, 9, 9],
        [9, 1, 2, 3],
        [9, 9, 1, 2],
      ]
        .map(String)
        .sort();
      expect([...new Set(y.map(String))].sort()).toEqual(kinds);
    });
  });

  it("randomScale: one factor a sequence", () => {
    noGrad(() => {
      const y = t
        .randomScale({ factor: [0.5, 2] })(ones([50, 3, 2]), context(50))
        .toArray() as number[][][];
      const factors = y.map((steps) => {
        const [[first = 0] = []] = steps;
        expect(steps.flat().every((v) => v === first)).toBe(true);
        expect(first >= 0.5 && first <= 2).toBe(true);
        return first;
      });
      expect(new Set(factors).size).toBe(50);
    });
  });

  it.each<[string, () => unknown, new (message: string) => Error, string]>([
    [
      "maxLength 0",
      () => t.timeMask({ maxLength: 0 }),
      ValueError,
      "timeMask: maxLength must be a whole number ≥ 1, got 0",
    ],
    [
      "half a step",
      () => t.timeShift({ max: 0.5 }),
      ValueError,
      "timeShift: max must be a whole number ≥ 0, got 0.5",
    ],
    [
      "a factor that is none",
      () => t.randomScale({ factor: [2, 1] }),
      ValueError,
      "randomScale: factor must be [low, high], got [2, 1]",
    ],
    [
      "numbers",
      () => t.timeShift({ max: 1 })(ones([2]), context(2)),
      ShapeError,
      "timeShift: sequences must be [n, time, …], got [2]",
    ],
    [
      "tokens",
      () => t.timeShift({ max: 1 })(zeros([2, 2], { dtype: "i32" }), context(2)),
      DTypeError,
      "timeShift: sequences must be f32, got i32",
    ],
  ])("refuses %s", (_, call, kind, message) => {
    expect(() => noGrad(call)).toThrow(kind);
    expect(() => noGrad(call)).toThrow(message);
  });
});

describe("SlidingWindows", () => {
  it("shows stretches and what follows them", async () => {
    const series = tensor([0, 1, 2, 3, 4, 5, 6, 7]);
    const windows = new SlidingWindows(series, { length: 3, horizon: 2, stride: 2 });
    expect(windows.length).toBe(2);
    noGrad(() =>
      expect(windows.get(1).map((part) => part.toArray())).toEqual([
        [2, 3, 4],
        [5, 6],
      ]),
    );
    const seen: unknown[] = [];
    for await (const [x, y] of new DataLoader(windows, { batchSize: 2 }))
      seen.push([x.toArray(), y.toArray()]);
    expect(seen).toEqual([
      [
        [
          [0, 1, 2],
          [2, 3, 4],
        ],
        [
          [3, 4],
          [5, 6],
        ],
      ],
    ]);
    for (const held of [windows, series]) held.dispose();
  });

  it("foretells another series, of other features and dtype", () => {
    const series = tensor([
      [0, 0],
      [1, 10],
      [2, 20],
      [3, 30],
    ]);
    const target = tensor([5, 6, 7, 8], { dtype: "u8" });
    const windows = new SlidingWindows(series, { length: 2, target });
    noGrad(() => {
      const [x, y] = windows.batch(Int32Array.of(1, 0));
      expect(x.toArray()).toEqual([
        [
          [1, 10],
          [2, 20],
        ],
        [
          [0, 0],
          [1, 10],
        ],
      ]);
      expect([y.dtype, y.toArray()]).toEqual(["u8", [[8], [7]]]);
      expect(windows.get(1)[0].toArray()).toEqual([
        [1, 10],
        [2, 20],
      ]);
    });
    for (const held of [windows, series, target]) held.dispose();
  });

  it("refuses what has no windows", () => {
    noGrad(() => {
      const series = zeros([4]);
      const make = (options: object): SlidingWindows => new SlidingWindows(series, { length: 2, ...options });
      expect(() => make({ length: 0 })).toThrow(ValueError);
      expect(() => make({ stride: 0.5 })).toThrow(
        "SlidingWindows: stride must be a whole number ≥ 1, got 0.5",
      );
      expect(() => make({ length: 4 })).toThrow("a series of 4 steps has no window of 4 and 1 (it needs 5)");
      expect(() => make({ target: zeros([3]) })).toThrow(ShapeError);
      const windows = make({});
      expect(() => windows.get(2)).toThrow(IndexOutOfRangeError);
      expect(() => windows.batch(Int32Array.of(-1))).toThrow(
        "SlidingWindows.batch: index -1 is outside [0, 1]",
      );
      windows.dispose();
    });
  });
});

describe("padSequences", () => {
  it("pads, cuts and counts", () => {
    noGrad(() => {
      const parts = [tensor([1, 2, 3]), tensor([4]), tensor([])];
      const [batch, lengths] = padSequences(parts, { value: -1 });
      expect(batch.toArray()).toEqual([
        [1, 2, 3],
        [4, -1, -1],
        [-1, -1, -1],
      ]);
      expect([lengths.dtype, lengths.toArray()]).toEqual(["i32", [3, 1, 0]]);
      const [cut, rest] = padSequences(
        [
          tensor(
            [
              [1, 2],
              [3, 4],
            ],
            { dtype: "i32" },
          ),
          tensor([[5, 6]], { dtype: "i32" }),
        ],
        { length: 1 },
      );
      expect([cut.dtype, cut.toArray(), rest.toArray()]).toEqual(["i32", [[[1, 2]], [[5, 6]]], [1, 1]]);
      // Columns of a table are views.
      const table = tensor([
        [1, 2],
        [3, 4],
      ]);
      expect(padSequences([select(table, 1, 1), select(table, 0, 0)], { length: 3 })[0].toArray()).toEqual([
        [2, 4, 0],
        [1, 2, 0],
      ]);
    });
  });

  it("refuses what is no batch", () => {
    noGrad(() => {
      expect(() => padSequences([])).toThrow("padSequences: needs at least one sequence, got none");
      expect(() => padSequences([zeros([2])], { length: 0 })).toThrow(ValueError);
      expect(() => padSequences([zeros([2]), zeros([2, 3])])).toThrow(
        "sequence 1 has shape [2, 3], sequence 0 [2]",
      );
      expect(() => padSequences([zeros([2]), zeros([2], { dtype: "i32" })])).toThrow(DTypeError);
      expect(() => padSequences([tensor(1)])).toThrow(ShapeError);
    });
  });
});
