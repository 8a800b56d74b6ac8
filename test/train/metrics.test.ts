import { describe, expect, it } from "vitest";
import {
  crossEntropy,
  IndexOutOfRangeError,
  scope,
  ShapeError,
  tensor,
  train,
  ValueError,
  type SimdgradError,
  type Tensor,
} from "../../src/index.ts";
import { expectNoLeaks } from "./sets.ts";

expectNoLeaks();

/** A generator of its own, so that the references share nothing with the library. */
function numbers(seed: number): () => number {
  let s = seed;
  return () => {
    s = (Math.imul(s, 1664525) + 1013904223) >>> 0;
    return s / 2 ** 32;
  };
}

interface Samples {
  /** [n][classes]. */
  readonly scores: readonly (readonly number[])[];
  readonly labels: readonly number[];
}

function classified(n: number, classes: number, seed: number, known = classes): Samples {
  const next = numbers(seed);
  const labels = Array.from({ length: n }, () => Math.floor(next() * known));
  // Coarse scores, so that some are equal.
  const scores = labels.map((label) =>
    Array.from({ length: classes }, (_, c) => Math.round((next() + (c === label ? 0.3 : 0)) * 20) / 20),
  );
  return { scores, labels };
}

/** Updates with batches of uneven sizes; in between, the state goes through JSON into another metric. */
function stream(
  make: () => train.MetricLike,
  output: readonly unknown[],
  target: readonly unknown[],
  dtype: "i32" | "f32" = "i32",
): train.MetricValue {
  let metric = make();
  scope(() =>
    metric.update(tensor(output.slice(0, 1) as number[]), tensor(target.slice(0, 1) as number[], { dtype })),
  );
  metric.reset();
  for (let at = 0, size = 1; at < target.length; at += size, size = (size * 2) % 7 || 5) {
    scope(() => {
      const x = tensor(output.slice(at, at + size) as number[]);
      metric.update(x, tensor(target.slice(at, at + size) as number[], { dtype }));
    });
    const next = make();
    next.loadStateDict(JSON.parse(JSON.stringify(metric.stateDict())) as train.MetricState);
    metric = next;
  }
  return metric.compute();
}

const first = (row: readonly number[]): number => row.indexOf(Math.max(...row));
const count = <T>(list: readonly T[], is: (entry: T, i: number) => boolean): number => list.filter(is).length;

/** By the definitions, sample by sample. */
const tell = ({ scores, labels }: Samples) => {
  const predicted = scores.map(first);
  const classes = (scores[0] as readonly number[]).length;
  const of = (c: number): { tp: number; fp: number; fn: number } => ({
    tp: count(labels, (y, i) => y === c && predicted[i] === c),
    fp: count(labels, (y, i) => y !== c && predicted[i] === c),
    fn: count(labels, (y, i) => y === c && predicted[i] !== c),
  });
  return { predicted, classes, of, all: Array.from({ length: classes }, (_, c) => of(c)) };
};
type Counts = ReturnType<ReturnType<typeof tell>["of"]>;
const over = (a: number, b: number): number => (b === 0 ? 0 : a / b);
const figures: Record<string, [(c: Counts) => number, (o: train.AveragedOptions) => train.Metric<object>]> = {
  precision: [({ tp, fp }) => over(tp, tp + fp), (o) => new train.Precision(o)],
  recall: [({ tp, fn }) => over(tp, tp + fn), (o) => new train.Recall(o)],
  // From precision and recall, not from the counts.
  f1: [
    ({ tp, fp, fn }) => {
      const [p, r] = [over(tp, tp + fp), over(tp, tp + fn)];
      return over(2 * p * r, p + r);
    },
    (o) => new train.F1(o),
  ],
};

const sets: [string, Samples][] = [
  ["two classes", classified(101, 2, 1)],
  ["five classes", classified(240, 5, 2)],
  // A class that never occurs and is hardly ever predicted.
  ["a class without samples", classified(30, 4, 3, 3)],
  ["one sample", classified(1, 3, 4)],
];

describe.each(sets)("figures of classes, %s", (_name, samples) => {
  const { scores, labels } = samples;
  const { predicted, classes, all } = tell(samples);

  it("accuracy, top-k and the confusion matrix", () => {
    expect(stream(() => new train.Accuracy(), scores, labels)).toBeCloseTo(
      count(labels, (y, i) => y === predicted[i]) / labels.length,
      12,
    );
    for (let k = 1; k <= classes; k++) {
      // Among equal scores the earliest come first, as in a stable sort.
      const hits = count(labels, (y, i) => {
        const row = scores[i] as readonly number[];
        const order = row.map((_, c) => c).sort((a, b) => (row[b] as number) - (row[a] as number) || a - b);
        return order.slice(0, k).includes(y);
      });
      const top = stream(() => new train.TopKAccuracy(k), scores, labels);
      expect(top).toBeCloseTo(hits / labels.length, 12);
    }
    const table = Array.from({ length: classes }, (_, t) =>
      Array.from({ length: classes }, (__, p) => count(labels, (y, i) => y === t && predicted[i] === p)),
    );
    expect(stream(() => new train.ConfusionMatrix(), scores, labels)).toEqual(table);
  });

  it.each(Object.entries(figures))("%s, each way to average", (_figure, [figure, make]) => {
    const run = (average?: train.Average): train.MetricValue =>
      stream(() => make(average === undefined ? {} : { average }), scores, labels);
    const each = all.map(figure);
    expect(run("none")).toEqual(each.map((value) => expect.closeTo(value, 12) as number));
    const occurring = all.filter(({ tp, fp, fn }) => tp + fp + fn > 0);
    const macro = occurring.reduce((sum, c) => sum + figure(c), 0) / occurring.length;
    expect(run("macro")).toBeCloseTo(macro, 12);
    const weighted = all.reduce((sum, c) => sum + (c.tp + c.fn) * figure(c), 0) / labels.length;
    expect(run("weighted")).toBeCloseTo(weighted, 12);
    const accuracy = count(labels, (y, i) => y === predicted[i]) / labels.length;
    expect(run("micro")).toBeCloseTo(accuracy, 12);
    if (classes === 2) {
      expect(run("binary")).toBeCloseTo(each[1] as number, 12);
      expect(run()).toBeCloseTo(each[1] as number, 12);
    } else {
      expect(run()).toBeCloseTo(macro, 12);
      expect(() => run("binary")).toThrow(/"binary" is for two classes/);
    }
  });
});

/** The share of pairs (positive, negative) in which the positive scores higher; ties are half. */
function area(scores: readonly number[], labels: readonly number[]): number {
  let [wins, pairs] = [0, 0];
  for (const [i, a] of labels.entries())
    for (const [j, b] of labels.entries())
      if (a === 1 && b === 0) {
        const [up, down] = [scores[i] as number, scores[j] as number];
        wins += up > down ? 1 : up === down ? 0.5 : 0;
        pairs++;
      }
  return wins / pairs;
}

describe("AUROC", () => {
  it("is the share of pairs in the right order, ties half", () => {
    for (const [n, seed] of [
      [4, 9],
      [37, 10],
      [300, 11],
    ] as const) {
      const { scores, labels } = classified(n, 2, seed);
      const one = scores.map((row) => Math.fround((row[1] as number) - (row[0] as number)));
      const coarse = one.map((s) => Math.round(s * 4) / 4);
      for (const s of [one, coarse]) {
        expect(stream(() => new train.AUROC(), s, labels)).toBeCloseTo(area(s, labels), 12);
        expect(stream(() => new train.AUROC(), s, labels, "f32")).toBeCloseTo(area(s, labels), 12);
      }
      const columns = coarse.map((s) => [0, s]);
      expect(stream(() => new train.AUROC(), columns, labels)).toBeCloseTo(area(coarse, labels), 12);
    }
  });

  it("gives the value of scikit-learn's example, ½ where all are equal, NaN without one class", () => {
    expect(stream(() => new train.AUROC(), [0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])).toBe(0.75);
    expect(stream(() => new train.AUROC(), [1, 1, 1, 1], [0, 1, 0, 1])).toBe(0.5);
    expect(stream(() => new train.AUROC(), [1, 2], [1, 1])).toBeNaN();
  });
});

describe("figures of numbers", () => {
  const next = numbers(21);
  const y = Array.from({ length: 61 }, () => [next() * 2 + 1000, next() - 5]);
  const out = y.map(([a = 0, b = 0]) => [a + next() - 0.4, b + 0.3 * next()]);
  const errors = out.flatMap((row, i) => row.map((v, j) => v - (y[i]?.[j] as number)));
  const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;
  const run = (make: () => train.MetricLike): train.MetricValue => {
    const metric = make();
    for (let at = 0; at < y.length; at += 7)
      scope(() => metric.update(tensor(out.slice(at, at + 7)), tensor(y.slice(at, at + 7))));
    return metric.compute();
  };

  it("mean errors", () => {
    expect(run(() => new train.MeanAbsoluteError())).toBeCloseTo(mean(errors.map(Math.abs)), 3);
    const square = mean(errors.map((e) => e * e));
    expect(run(() => new train.MeanSquaredError())).toBeCloseTo(square, 3);
    expect(run(() => new train.RootMeanSquaredError())).toBeCloseTo(Math.sqrt(square), 3);
  });

  it("R², of each output and averaged, a large mean notwithstanding", () => {
    const column = (c: number): number => {
      const values = y.map((row) => row[c] as number);
      const spread = values.reduce((s, v) => s + (v - mean(values)) ** 2, 0);
      const rest = out.reduce((s, row, i) => s + ((row[c] as number) - (values[i] as number)) ** 2, 0);
      return 1 - rest / spread;
    };
    expect(run(() => new train.R2Score())).toBeCloseTo((column(0) + column(1)) / 2, 3);
  });

  it("R² of scikit-learn's examples", () => {
    const r2 = (o: number[] | number[][], t: number[] | number[][]): number => {
      const metric = new train.R2Score();
      scope(() => metric.update(tensor(o), tensor(t)));
      return metric.compute();
    };
    expect(r2([2.5, 0, 2, 8], [3, -0.5, 2, 7])).toBeCloseTo(0.9486081370449679, 6);
    const t = [
      [0.5, 1],
      [-1, 1],
      [7, -6],
    ];
    const o = [
      [0, 2],
      [-1, 2],
      [8, -5],
    ];
    expect(r2(o, t)).toBeCloseTo((0.9654377880184332 + 0.9081632653061225) / 2, 6);
    expect(r2([2, 2, 2], [1, 2, 3])).toBeCloseTo(0, 6);
    expect(r2([3, 2, 1], [1, 2, 3])).toBeCloseTo(-3, 6);
    expect(r2([-2, -2, -2], [-2, -2, -2])).toBe(1);
    expect(r2([-2, -2, -2 + 1e-6], [-2, -2, -2])).toBe(0);
    expect(r2([1], [2])).toBeNaN();
  });

  it("perplexity and mean loss", () => {
    const { scores, labels } = classified(50, 6, 31);
    const losses = scores.map((row, i) => {
      const total = row.reduce((sum, s) => sum + Math.exp(s), 0);
      return Math.log(total) - (row[labels[i] as number] as number);
    });
    expect(stream(() => new train.Perplexity(), scores, labels)).toBeCloseTo(Math.exp(mean(losses)), 5);
    expect(stream(() => new train.MeanLoss(crossEntropy), scores, labels)).toBeCloseTo(mean(losses), 5);
  });
});

describe("metrics", () => {
  const labels = (...values: number[]): Tensor => tensor(values, { dtype: "i32" });

  it("read a score a target as two classes, at a threshold", () => {
    scope(() => {
      const target = tensor([[1], [0], [1]]);
      const figure = (threshold: number): number => {
        const metric = new train.Accuracy({ threshold });
        metric.update(tensor([[0.7], [0.2], [-0.4]]), target);
        return metric.compute();
      };
      expect(figure(0)).toBeCloseTo(1 / 3, 12);
      expect(figure(0.5)).toBeCloseTo(2 / 3, 12);
      const f1 = new train.F1();
      f1.update(tensor([3, -1, 2, 1]), tensor([1, 1, 0, 1]));
      expect(f1.compute()).toBeCloseTo(2 / 3, 12);
    });
  });

  it("take every time step of sequences, and leave out what is to be ignored", () => {
    scope(() => {
      // [n = 1, classes = 3, time = 4]
      const output = tensor([
        [
          [5, 0, 0, 9],
          [0, 5, 0, 0],
          [0, 0, 5, 0],
        ],
      ]);
      const target = tensor([[0, 1, 0, -1]], { dtype: "i32" });
      for (const metric of [
        new train.Accuracy({ ignoreIndex: -1 }),
        new train.TopKAccuracy(1, { ignoreIndex: -1 }),
      ]) {
        metric.update(output, target);
        expect(metric.compute()).toBeCloseTo(2 / 3, 12);
      }
      const confusion = new train.ConfusionMatrix({ ignoreIndex: -1 });
      confusion.update(output, target);
      expect(confusion.compute()).toEqual([
        [1, 0, 1],
        [0, 1, 0],
        [0, 0, 0],
      ]);
      const [with1, without] = [new train.Perplexity({ ignoreIndex: -1 }), new train.Perplexity()];
      with1.update(output, target);
      without.update(
        output.narrow({ dim: 2, start: 0, length: 3 }),
        target.narrow({ dim: 1, start: 0, length: 3 }),
      );
      expect(with1.compute()).toBeCloseTo(without.compute(), 6);
    });
  });

  const two = (): Tensor =>
    tensor([
      [1, 2],
      [3, 4],
    ]);
  const errors: [string, () => void, new (...a: never[]) => SimdgradError, RegExp][] = [
    [
      "a class above",
      () => new train.Accuracy().update(two(), labels(0, 2)),
      IndexOutOfRangeError,
      /target 2 at position 1 is outside \[0, 1\]/,
    ],
    [
      "a class below",
      () => new train.F1().update(two(), labels(-1, 0)),
      IndexOutOfRangeError,
      /F1: target -1 at position 0/,
    ],
    [
      "top-k",
      () => new train.TopKAccuracy(1).update(two(), labels(0, 5)),
      IndexOutOfRangeError,
      /target 5 at position 1/,
    ],
    [
      "perplexity",
      () => new train.Perplexity().update(two(), labels(0, 9)),
      IndexOutOfRangeError,
      /target 9 at position 1/,
    ],
    [
      "AUROC's labels",
      () => new train.AUROC().update(tensor([1, 2]), labels(0, 2)),
      IndexOutOfRangeError,
      /AUROC: target 2/,
    ],
    [
      "AUROC's scores",
      () => new train.AUROC().update(tensor([1, NaN]), labels(0, 1)),
      ValueError,
      /position 1 is NaN/,
    ],
    [
      "shapes of classes",
      () => new train.Accuracy().update(two(), labels(0, 1, 1)),
      ShapeError,
      /\[2, 2\].*\[3\]/,
    ],
    [
      "one column",
      () => new train.Accuracy().update(tensor([[1], [2]]), labels(0, 1)),
      ShapeError,
      /one class/,
    ],
    [
      "shapes of numbers",
      () => new train.MeanSquaredError().update(tensor([[1], [2]]), tensor([1, 2])),
      ShapeError,
      /\[2, 1\].*\[2\]/,
    ],
    ["k", () => new train.TopKAccuracy(0), ValueError, /k must be a whole number ≥ 1/],
    [
      "k above the classes",
      () => new train.TopKAccuracy(3).update(two(), labels(0, 1)),
      ValueError,
      /k must be/,
    ],
    ["an average", () => new train.F1({ average: "mean" as never }), ValueError, /got "mean"/],
    [
      "another metric's state",
      () => new train.F1().loadStateDict({ correct: 1, total: 2 }),
      ValueError,
      /no fitting classes, it has correct, total/,
    ],
  ];
  it.each(errors)("refuse %s", (_name, run, kind, text) => {
    let error: unknown = null;
    try {
      scope(run);
    } catch (e) {
      error = e;
    }
    expect(error).toBeInstanceOf(kind);
    expect(String(error)).toMatch(text);
  });

  it("that have counted nothing are NaN", () => {
    for (const metric of [
      new train.Accuracy(),
      new train.F1(),
      new train.AUROC(),
      new train.R2Score(),
      new train.Perplexity(),
      new train.MeanAbsoluteError(),
      new train.Mean(),
    ])
      expect(metric.compute()).toBeNaN();
    expect(new train.ConfusionMatrix().compute()).toEqual([]);
  });
});
