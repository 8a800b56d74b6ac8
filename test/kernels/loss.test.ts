import { describe, expect, test } from "vitest";
import { columnsOf, expectClose, Kernels, noise, variants, type Buffer } from "./buffers.ts";

const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0);
const IGNORED = -100;

interface Case {
  readonly n: number;
  readonly classes: number;
  readonly inner: number;
  readonly weighted: boolean;
  readonly smoothing: number;
  readonly ignore: boolean;
}
const CASES: Case[] = [];
for (const [n, classes, inner] of [
  [64, 10, 1],
  [5, 3, 1],
  [1, 1000, 1],
  [17, 4, 1],
  [3, 5, 7],
  [2, 4, 16],
  [1, 2, 1],
  [0, 3, 1],
] as const) {
  for (const weighted of [false, true]) {
    for (const smoothing of [0, Math.fround(0.1)]) {
      for (const ignore of [false, true]) CASES.push({ n, classes, inner, weighted, smoothing, ignore });
    }
  }
}

function targetsOf({ n, classes, inner, ignore }: Case): number[] {
  return Array.from(noise(n * inner, 3), (value, i) =>
    ignore && i % 3 === 1 ? IGNORED : Math.floor(((value + 1) / 2) * classes) % classes,
  );
}

/** PyTorch's rule in f64: each sample's loss, gradient by its logits, and weight. */
function reference(logits: number[], y: number, weights: number[], smoothing: number) {
  const m = Math.max(...logits);
  const lse = m + Math.log(sum(logits.map((x) => Math.exp(x - m))));
  if (y === IGNORED) return { lse, loss: 0, weight: 0, grad: logits.map(() => 0) };
  const share = smoothing / logits.length;
  // The target as a distribution times weights.
  const q = weights.map((w, c) => w * (share + (c === y ? 1 - smoothing : 0)));
  const total = sum(q);
  return {
    lse,
    loss: sum(q.map((value, c) => value * (lse - (logits[c] as number)))),
    weight: weights[y] as number,
    grad: logits.map((x, c) => Math.exp(x - lse) * total - (q[c] as number)),
  };
}

describe.each(variants)("losses, %s", (variant) => {
  const kernels = new Kernels(variant);

  test("crossEntropy_f32, its reduction and its gradient", () => {
    for (const item of CASES) {
      const { n, classes, inner, weighted, smoothing } = item;
      kernels.reset();
      const count = n * inner;
      const logits = kernels.input("f32", noise(n * classes * inner, 1, 5));
      const target = kernels.input("i32", targetsOf(item));
      const weight = kernels.input(
        "f32",
        weighted ? noise(classes, 9).map((w) => 1.5 + w) : Array<number>(classes).fill(1),
      );
      const pointer: Buffer | number = weighted ? weight : 0;
      const [losses, lse, sampleWeights] = [0, 0, 0].map(() => kernels.output("f32", count)) as [
        Buffer,
        Buffer,
        Buffer,
      ];
      const dims = [n, classes, inner, IGNORED, smoothing];
      const what = JSON.stringify(item);
      expect(
        kernels.run("crossEntropy_f32", losses, lse, sampleWeights, logits, target, pointer, ...dims),
      ).toBe(0);
      const expected = columnsOf(logits.data, n, classes, inner).map((x, i) =>
        reference(x, target.at(i), weight.data, smoothing),
      );
      expectClose(
        losses.data,
        expected.map(({ loss }) => loss),
        { what },
      );
      expectClose(
        lse.data,
        expected.map((sample) => sample.lse),
        { what },
      );
      expectClose(
        sampleWeights.data,
        expected.map((sample) => sample.weight),
        { what },
      );

      const [out, total] = [kernels.output("f32", 1), kernels.output("f32", 1)];
      kernels.run("crossEntropyReduce_f32", out, total, losses, sampleWeights, count);
      const weights = sum(sampleWeights.data);
      expectClose(total.data, [weights], { what });
      expectClose(out.data, [sum(losses.data) / weights], { what });

      const g = kernels.input("f32", noise(Math.max(1, count), 4));
      const dx = kernels.output("f32", logits.count);
      for (const [gStride, divisor] of [
        [0, total],
        [1, 0],
      ] as const) {
        const rest = [logits, lse, target, pointer, divisor, ...dims] as const;
        expect(kernels.run("crossEntropyGrad_f32", dx, g, gStride, ...rest)).toBe(0);
        const grads = expected.map(({ grad }, i) => {
          const scale = g.at(i * gStride) / (divisor === 0 ? 1 : total.at(0));
          return grad.map((value) => value * (value === 0 ? 0 : scale));
        });
        expectClose(columnsOf(dx.data, n, classes, inner).flat(), grads.flat(), { what });
      }
    }
  });

  test("nll_f32 and its gradient", () => {
    for (const item of CASES.filter(({ smoothing }) => smoothing === 0)) {
      const { n, classes, inner, weighted } = item;
      kernels.reset();
      const count = n * inner;
      const logProbs = kernels.input("f32", noise(n * classes * inner, 1, 5));
      const target = kernels.input("i32", targetsOf(item));
      const weight = kernels.input(
        "f32",
        noise(classes, 9).map((w) => 1.5 + w),
      );
      const weightOf = (y: number): number => (y === IGNORED ? 0 : weighted ? weight.at(y) : 1);
      const [losses, sampleWeights] = [kernels.output("f32", count), kernels.output("f32", count)];
      const dims = [n, classes, inner, IGNORED];
      const pointer: Buffer | number = weighted ? weight : 0;
      expect(kernels.run("nll_f32", losses, sampleWeights, logProbs, target, pointer, ...dims)).toBe(0);
      const groups = columnsOf(logProbs.data, n, classes, inner);
      const classOf = (i: number): number => target.at(i);
      expectClose(
        losses.data,
        groups.map((x, i) =>
          weightOf(classOf(i)) === 0 ? 0 : -weightOf(classOf(i)) * (x[classOf(i)] as number),
        ),
      );
      expectClose(
        sampleWeights.data,
        groups.map((_, i) => weightOf(classOf(i))),
      );

      const g = kernels.input("f32", noise(count, 4));
      const total = kernels.input("f32", [3]);
      const dx = kernels.output("f32", logProbs.count);
      expect(kernels.run("nllGrad_f32", dx, g, 1, target, pointer, total, ...dims)).toBe(0);
      const grads = groups.map((x, i) =>
        x.map((_, c) => (c === classOf(i) ? (-weightOf(c) * g.at(i)) / 3 : 0)),
      );
      expectClose(columnsOf(dx.data, n, classes, inner).flat(), grads.flat());
    }
  });

  test("a class out of range gives its position, and nothing is written", () => {
    for (const [wrong, at] of [
      [3, 4],
      [-1, 0],
      [2 ** 31 - 1, 5],
    ] as const) {
      kernels.reset();
      const target = kernels.input(
        "i32",
        [0, 1, 2, 0, 1, 2].map((y, i) => (i === at ? wrong : y)),
      );
      const x = kernels.input("f32", noise(18));
      const [a, b, c, dx] = [6, 6, 6, 18].map((count) => kernels.output("f32", count)) as [
        Buffer,
        Buffer,
        Buffer,
        Buffer,
      ];
      const before = [a, b, c, dx].map((buffer) => [...buffer.bytes()]);
      const dims = [6, 3, 1, IGNORED];
      expect(kernels.run("crossEntropy_f32", a, b, c, x, target, 0, ...dims, 0)).toBe(at + 1);
      expect(kernels.run("nll_f32", a, b, x, target, 0, ...dims)).toBe(at + 1);
      expect(kernels.run("crossEntropyGrad_f32", dx, x, 0, x, x, target, 0, 0, ...dims, 0)).toBe(at + 1);
      expect(kernels.run("nllGrad_f32", dx, x, 0, target, 0, 0, ...dims)).toBe(at + 1);
      expect([a, b, c, dx].map((buffer) => [...buffer.bytes()])).toEqual(before);
    }
  });

  test("an ignored class may be within range, and all may be ignored", () => {
    kernels.reset();
    const x = kernels.input("f32", [1, 2, 3, NaN, Infinity, 0]);
    const target = kernels.input("i32", [1, 1]);
    const [losses, lse, weights] = [0, 0, 0].map(() => kernels.output("f32", 2)) as [Buffer, Buffer, Buffer];
    kernels.run("crossEntropy_f32", losses, lse, weights, x, target, 0, 2, 3, 1, 1, 0);
    expect(losses.data).toEqual([0, 0]);
    const [out, total] = [kernels.output("f32", 1), kernels.output("f32", 1)];
    kernels.run("crossEntropyReduce_f32", out, total, losses, weights, 2);
    expect([out.data, total.data]).toEqual([[NaN], [0]]);
    const dx = kernels.output("f32", 6);
    kernels.run("crossEntropyGrad_f32", dx, x, 0, x, lse, target, 0, total, 2, 3, 1, 1, 0);
    expect(dx.data.map(Math.abs)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test("large logits keep their digits", () => {
    kernels.reset();
    const x = kernels.input("f32", [10000, 10000.5, 9999]);
    const target = kernels.input("i32", [0]);
    const [losses, lse, weights] = [0, 0, 0].map(() => kernels.output("f32", 1)) as [Buffer, Buffer, Buffer];
    kernels.run("crossEntropy_f32", losses, lse, weights, x, target, 0, 1, 3, 1, IGNORED, 0);
    expectClose(losses.data, [Math.log(1 + Math.exp(0.5) + Math.exp(-1))], { absolute: 0 });
  });

  test("bceWithLogits_f32 and its gradient", () => {
    for (const n of [0, 1, 3, 4, 5, 15, 16, 17, 1000]) {
      kernels.reset();
      const x = kernels.input("f32", noise(n, 1, 20));
      const target = kernels.input(
        "f32",
        noise(n, 2).map((t) => (t + 1) / 2),
      );
      const g = kernels.input("f32", noise(n, 3));
      const [losses, dx] = [kernels.output("f32", n), kernels.output("f32", n)];
      kernels.run("bceWithLogits_f32", losses, x, target, n);
      const ts = target.data;
      const loss = (v: number, i: number): number =>
        Math.max(v, 0) - v * (ts[i] as number) + Math.log1p(Math.exp(-Math.abs(v)));
      expectClose(losses.data, x.data.map(loss));
      kernels.run("bceWithLogitsGrad_f32", dx, g, x, target, n);
      const grad = (v: number, i: number): number => g.at(i) * (1 / (1 + Math.exp(-v)) - (ts[i] as number));
      expectClose(dx.data, x.data.map(grad));
    }
    kernels.reset();
    const x = kernels.input("f32", [200, -200, 3e38, -3e38, NaN]);
    const target = kernels.input("f32", [0, 0, 1, 0, 1]);
    const losses = kernels.output("f32", 5);
    kernels.run("bceWithLogits_f32", losses, x, target, 5);
    expect(losses.data).toEqual([200, 0, 0, 0, NaN]);
  });

  test("bce_f32", () => {
    for (const n of [0, 1, 3, 4, 5, 15, 16, 17, 1000]) {
      kernels.reset();
      const x = kernels.input(
        "f32",
        noise(n, 1).map((v) => (v + 1) / 2),
      );
      const target = kernels.input(
        "f32",
        noise(n, 2).map((t) => (t + 1) / 2),
      );
      const losses = kernels.output("f32", n);
      kernels.run("bce_f32", losses, x, target, n);
      const ts = target.data;
      const loss = (v: number, i: number): number =>
        -(ts[i] as number) * Math.log(v) - (1 - (ts[i] as number)) * Math.log1p(-v);
      expectClose(losses.data, x.data.map(loss));
    }
    kernels.reset();
    const x = kernels.input("f32", [0, 0, 1, 1, NaN, 2]);
    const losses = kernels.output("f32", 6);
    kernels.run("bce_f32", losses, x, kernels.input("f32", [0, 1, 0, 1, 1, 1]), 6);
    expect(losses.data).toEqual([0, 100, 100, 0, NaN, NaN]);
  });
});
