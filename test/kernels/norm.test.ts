import { describe, expect, test } from "vitest";
import { columnsOf, expectClose, Kernels, noise, variants, type Buffer } from "./buffers.ts";

const EPS = Math.fround(1e-5);
const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0);
const mean = (values: number[]): number => sum(values) / values.length;
const outputs = (kernels: Kernels, count: number, sizes: number): Buffer[] =>
  Array.from({ length: sizes }, () => kernels.output("f32", count));

/** Mean, biased variance and 1 / √(variance + eps), about `centre` where one is given. */
function statistics(x: number[], centre = mean(x)): { centre: number; variance: number; inverse: number } {
  const variance = mean(x.map((value) => (value - centre) ** 2));
  return { centre, variance, inverse: 1 / Math.sqrt(variance + EPS) };
}

/** Gradient of h = (x − centre) · inverse by x where both come of x; `centred` without the mean's share. */
function gradient(g: number[], h: number[], inverse: number, centred = true): number[] {
  const first = centred ? mean(g) : 0;
  const second = mean(g.map((value, i) => value * (h[i] as number)));
  return g.map((value, i) => inverse * (value - first - (h[i] as number) * second));
}

/** x [n, c, s] by channel, and back. */
function channels(x: number[], n: number, c: number, s: number): number[][] {
  return Array.from({ length: c }, (_, channel) =>
    Array.from({ length: n * s }, (__, i) => x[(Math.floor(i / s) * c + channel) * s + (i % s)] as number),
  );
}

describe.each(variants)("norms, %s", (variant) => {
  const kernels = new Kernels(variant);

  const SHAPES = [
    ...[1, 3, 4, 5, 15, 16, 17].flatMap((s) => [
      [3, 2, s],
      [4, s, 1],
      [2, 3, s * 4],
      [s, 3, 1],
    ]),
    [64, 7, 49],
    [3, 0, 4],
  ] as [number, number, number][];

  test.each(SHAPES)("batch norm of [%i, %i, %i]", (n, c, s) => {
    for (const affine of [false, true]) {
      kernels.reset();
      const x = kernels.input(
        "f32",
        noise(n * c * s).map((value, i) => value + (i % 3) * 30),
      );
      const xs = channels(x.data, n, c, s);
      const [centre, variance, invstd] = outputs(kernels, c, 3) as [Buffer, Buffer, Buffer];
      kernels.run("batchNormStats_f32", centre, variance, invstd, x, n, c, s, EPS);
      const stats = xs.map((values) => statistics(values));
      expectClose(
        centre.data,
        stats.map((stat) => stat.centre),
        { absolute: 1e-7 },
      );
      expectClose(
        variance.data,
        stats.map((stat) => stat.variance),
        { absolute: 1e-10 },
      );
      const inverses = variance.data.map((value) => 1 / Math.sqrt(value + EPS));
      expectClose(invstd.data, inverses, { absolute: 0, relative: 1e-7 });
      const again = kernels.output("f32", c);
      kernels.run("invstd_f32", again, variance, c, EPS);
      expect(again.data).toEqual(invstd.data);

      const [weight, bias] = [kernels.input("f32", noise(c, 8)), kernels.input("f32", noise(c, 9))];
      const [w, b] = affine ? [weight, bias] : [0, 0];
      const scaleOf = (channel: number): number => (affine ? weight.at(channel) : 1);
      const out = kernels.output("f32", x.count);
      kernels.run("batchNorm_f32", out, x, centre, invstd, w, b, n, c, s);
      // From the kernel's own statistics, so that only this step is judged.
      const hs = xs.map((values, channel) =>
        values.map((value) => (value - centre.at(channel)) * invstd.at(channel)),
      );
      const expected = hs.map((h, channel) =>
        h.map((value) => value * scaleOf(channel) + (affine ? bias.at(channel) : 0)),
      );
      expectClose(channels(out.data, n, c, s).flat(), expected.flat(), { absolute: 5e-6 });

      const g = kernels.input("f32", noise(x.count, 4));
      const gs = channels(g.data, n, c, s);
      for (const training of [0, 1]) {
        const dx = kernels.output("f32", x.count);
        const [dweight, dbias] = outputs(kernels, c, 2) as [Buffer, Buffer];
        const rest = [g, x, centre, invstd, w, n, c, s, training] as const;
        kernels.run("batchNormGrad_f32", dx, dweight, dbias, ...rest);
        const inverse = (channel: number): number => invstd.at(channel) * scaleOf(channel);
        const grads = gs.map((values, channel) =>
          training === 1
            ? gradient(values, hs[channel] as number[], inverse(channel))
            : values.map((value) => value * inverse(channel)),
        );
        expectClose(channels(dx.data, n, c, s).flat(), grads.flat(), { relative: 1e-5, absolute: 1e-5 });
        const products = gs.map((values, channel) =>
          sum(values.map((value, i) => value * (hs[channel]?.[i] as number))),
        );
        expectClose(dweight.data, products, { relative: 1e-5, absolute: 2e-5 });
        expectClose(dbias.data, gs.map(sum));
        const alone = kernels.output("f32", x.count);
        kernels.run("batchNormGrad_f32", alone, 0, 0, ...rest);
        expect(alone.data).toEqual(dx.data);
        kernels.run("batchNormGrad_f32", 0, dweight, 0, ...rest);
      }
    }
  });

  test("a large mean costs the variance no digits", () => {
    for (const [n, c, s] of [
      [8, 2, 100],
      [800, 2, 1],
    ] as const) {
      kernels.reset();
      const x = kernels.input(
        "f32",
        noise(n * c * s).map((value) => 10000 + value),
      );
      const [centre, variance, invstd] = outputs(kernels, c, 3) as [Buffer, Buffer, Buffer];
      kernels.run("batchNormStats_f32", centre, variance, invstd, x, n, c, s, EPS);
      const stats = channels(x.data, n, c, s).map((values) => statistics(values));
      expectClose(
        variance.data,
        stats.map((stat) => stat.variance),
        { relative: 1e-6, absolute: 0 },
      );
    }
  });

  test("running statistics", () => {
    for (const c of [0, 1, 5, 17]) {
      kernels.reset();
      const [mean, variance] = [kernels.input("f32", noise(c, 1)), kernels.input("f32", noise(c, 2))];
      const [means, variances] = [kernels.output("f32", noise(c, 3)), kernels.output("f32", noise(c, 4))];
      const mix = (old: number[], batch: number[], factor: number): number[] =>
        old.map((value, i) => 0.9 * value + 0.1 * factor * (batch[i] as number));
      const expected = [mix(means.data, mean.data, 1), mix(variances.data, variance.data, 20 / 19)] as const;
      kernels.run("runningStats_f32", means, variances, mean, variance, c, Math.fround(0.1), 20);
      expectClose(means.data, expected[0], { absolute: 1e-7 });
      expectClose(variances.data, expected[1], { absolute: 1e-7 });
    }
  });

  const ROWS = [1, 3, 4, 5, 15, 16, 17, 1000].flatMap(
    (n) =>
      [
        [3, n],
        [n, 6],
      ] as [number, number][],
  );
  test.each(["layerNorm", "rmsNorm"])("%s", (name) => {
    const layer = name === "layerNorm";
    for (const [rows, n] of [...ROWS, [0, 4] as const]) {
      for (const affine of [false, true]) {
        kernels.reset();
        const x = kernels.input(
          "f32",
          noise(rows * n).map((value) => value + 3),
        );
        const [weight, bias] = [kernels.input("f32", noise(n, 8)), kernels.input("f32", noise(n, 9))];
        const [w, b] = affine ? [weight, bias] : [0, 0];
        const out = kernels.output("f32", x.count);
        const [centre, inverse] = outputs(kernels, rows, 2) as [Buffer, Buffer];
        const stored = layer ? [centre, inverse] : [inverse];
        const what = `${name} [${rows}, ${n}]`;
        kernels.run(`${name}_f32`, out, ...stored, x, w, ...(layer ? [b] : []), rows, n, EPS);
        const xs = columnsOf(x.data, rows, n, 1);
        const stats = xs.map((row) => statistics(row, layer ? mean(row) : 0));
        expectClose(
          inverse.data,
          stats.map((stat) => stat.inverse),
          { what, relative: 1e-5, absolute: 0 },
        );
        if (layer)
          expectClose(
            centre.data,
            stats.map((stat) => stat.centre),
            { what },
          );
        const hs = xs.map((row, r) => {
          const [m, scale] = [layer ? centre.at(r) : 0, inverse.at(r)];
          return row.map((value) => (value - m) * scale);
        });
        const scaled = (row: number[]): number[] =>
          affine ? row.map((value, i) => value * weight.at(i)) : row;
        const shift = (i: number): number => (affine && layer ? bias.at(i) : 0);
        expectClose(
          out.data,
          hs.flatMap((row) => scaled(row).map((value, i) => value + shift(i))),
          { what },
        );

        const g = kernels.input("f32", noise(x.count, 4));
        const dx = kernels.output("f32", x.count);
        const saved = layer ? [centre, inverse] : [inverse];
        kernels.run(`${name}Grad_f32`, dx, g, x, ...saved, w, rows, n);
        const gs = columnsOf(g.data, rows, n, 1);
        const grads = gs.flatMap((row, r) => gradient(scaled(row), hs[r] as number[], inverse.at(r), layer));
        expectClose(dx.data, grads, { what, relative: 1e-5, absolute: n === 1 ? 1e-3 : 1e-5 });
        const [dweight, dbias] = outputs(kernels, n, 2) as [Buffer, Buffer];
        kernels.run(`${name}ParamGrad_f32`, dweight, ...(layer ? [dbias] : []), g, x, ...saved, rows, n);
        const columns = columnsOf(g.data, 1, rows, n);
        const products = columns.map((column, i) =>
          sum(column.map((value, r) => value * (hs[r]?.[i] as number))),
        );
        expectClose(dweight.data, products, { what, relative: 1e-5, absolute: 1e-5 });
        if (layer) expectClose(dbias.data, columns.map(sum), { what });
      }
    }
  });

  const GROUPS = [1, 3, 4, 5, 15, 16, 17, 1000].flatMap<[number, number, number, number]>((s) => [
    [2, 3, 2, s],
    [3, 1, 4, s],
    [2, 5, 1, s],
  ]);
  test.each([...GROUPS, [0, 2, 2, 4] as const])("group norm of [%i, %i, %i, %i]", (n, groups, k, s) => {
    for (const affine of [false, true]) {
      kernels.reset();
      const [rows, c] = [n * groups, groups * k];
      const x = kernels.input("f32", noise(rows * k * s, 3, 2));
      const [weight, bias] = [kernels.input("f32", noise(c, 8)), kernels.input("f32", noise(c, 9))];
      const [w, b] = affine ? [weight, bias] : [0, 0];
      const [centre, inverse] = outputs(kernels, rows, 2) as [Buffer, Buffer];
      const out = kernels.output("f32", x.count);
      kernels.run("groupNorm_f32", out, centre, inverse, x, w, b, rows, groups, k, s, EPS);
      const xs = columnsOf(x.data, rows, k * s, 1);
      const stats = xs.map((row) => statistics(row));
      expectClose(
        centre.data,
        stats.map((stat) => stat.centre),
      );
      expectClose(
        inverse.data,
        stats.map((stat) => stat.inverse),
        { relative: 1e-5 },
      );
      const channelOf = (i: number): number => Math.floor(i / s) % c;
      const scale = (i: number): number => (affine ? weight.at(channelOf(i)) : 1);
      const hs = x.data.map((value, i) => {
        const row = Math.floor(i / (k * s));
        return (value - centre.at(row)) * inverse.at(row);
      });
      expectClose(
        out.data,
        hs.map((h, i) => h * scale(i) + (affine ? bias.at(channelOf(i)) : 0)),
        { absolute: 1e-5 },
      );

      const g = kernels.input("f32", noise(x.count, 4));
      const dx = kernels.output("f32", x.count);
      const [dots, sums] = outputs(kernels, rows * k, 2) as [Buffer, Buffer];
      const rest = [g, x, centre, inverse, w, rows, groups, k, s] as const;
      kernels.run("groupNormGrad_f32", dx, dots, sums, ...rest);
      const scaled = columnsOf(
        g.data.map((value, i) => value * scale(i)),
        rows,
        k * s,
        1,
      );
      const normal = columnsOf(hs, rows, k * s, 1);
      const grads = scaled.flatMap((row, r) => gradient(row, normal[r] as number[], inverse.at(r)));
      expectClose(dx.data, grads, { relative: 1e-4, absolute: k * s === 1 ? 1e-3 : 2e-5 });
      const perChannel = columnsOf(g.data, rows * k, s, 1);
      expectClose(sums.data, perChannel.map(sum), { absolute: 1e-5 });
      const products = perChannel.map((values, i) =>
        sum(values.map((value, j) => value * (hs[i * s + j] as number))),
      );
      expectClose(dots.data, products, { relative: 1e-5, absolute: 2e-5 });
      kernels.run("groupNormGrad_f32", 0, dots, sums, ...rest);
    }
  });
});
