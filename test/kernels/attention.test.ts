import { describe, expect, test } from "vitest";
import { expectClose, Kernels, noise, variants } from "./buffers.ts";

/** Rows of zeros where nothing takes part, else softmax over the first `seen`. */
function softmax(row: number[], seen: number): number[] {
  const m = Math.max(...row.slice(0, seen));
  const e = row.map((x, i) => (i < seen && m > -Infinity ? Math.exp(x - m) : 0));
  const total = e.reduce((a, b) => a + b, 0);
  return e.map((x) => (total === 0 ? 0 : x / total));
}

describe.each(variants)("attention, %s", (variant) => {
  const kernels = new Kernels(variant);

  test.each([0, 1])("attentionSoftmax_f32, causal = %i", (causal) => {
    for (const keys of [1, 3, 4, 5, 15, 16, 17]) {
      for (const [heads, queries] of [
        [2, keys],
        [3, 1],
        [1, keys + 3],
        [2, 5],
        [0, 4],
      ] as const) {
        kernels.reset();
        const rows = heads * queries;
        const values = Array.from(noise(rows * keys, keys, 9));
        // One row that sees nothing, and single keys that are hidden.
        for (let i = 0; i < values.length; i++) {
          if (Math.floor(i / keys) === 1 || i % 7 === 3) values[i] = -Infinity;
        }
        const x = kernels.input("f32", values);
        const out = kernels.output("f32", x.count);
        expect(kernels.run("attentionSoftmax_f32", out, x, rows, queries, keys, causal)).toBe(0);
        const expected = Array.from({ length: rows }, (_, row) =>
          softmax(
            x.data.slice(row * keys, (row + 1) * keys),
            causal ? Math.min(keys, (row % queries) + 1) : keys,
          ),
        ).flat();
        expectClose(out.data, expected, { what: `${heads} × ${queries} × ${keys}` });
      }
    }
  });

  test("NaN spoils its row only", () => {
    kernels.reset();
    const x = kernels.input("f32", [0, NaN, 0, 0]);
    const out = kernels.output("f32", 4);
    kernels.run("attentionSoftmax_f32", out, x, 2, 2, 2, 0);
    expect(out.data).toEqual([NaN, NaN, 0.5, 0.5]);
  });

  const shapes = [
    { queries: 4, keys: 3, width: 1, values: 1 },
    { queries: 65, keys: 67, width: 5, values: 3 },
    { queries: 130, keys: 64, width: 8, values: 17 },
    { queries: 6, keys: 140, width: 16, values: 8 },
  ];
  const cases = shapes.flatMap((shape) =>
    [0, 1].flatMap((causal) => ["none", "rows", "keys"].map((mask) => ({ ...shape, causal, mask }))),
  );

  test.each(cases)("fused, $queries × $keys, $width and $values, causal = $causal, mask: $mask", (c) => {
    kernels.reset();
    const heads = 5;
    const { queries, keys, width, values, causal, mask: kind } = c;
    const scale = Math.fround(0.7);
    const q = kernels.input("f32", noise(heads * queries * width, 1, 2));
    const k = kernels.input("f32", noise(heads * keys * width, 2, 2));
    const v = kernels.input("f32", noise(heads * keys * values, 3, 2));
    const g = kernels.input("f32", noise(heads * queries * values, 4, 2));
    // One row in eleven sees nothing; or the same for all queries of all heads.
    const rows = kind === "rows" ? queries : 1;
    const mask = kernels.input(
      "f32",
      Array.from({ length: rows * keys }, (_, i) =>
        (kind === "rows" && Math.floor(i / keys) % 11 === 3) || i % 5 === 2 ? -Infinity : (i % 7) / 7,
      ),
    );
    const out = kernels.output("f32", heads * queries * values);
    const logs = kernels.output("f32", heads * queries);
    const [dq, dk, dv] = [q, k, v].map((t) => kernels.output("f32", t.count)) as [
      typeof out,
      typeof out,
      typeof out,
    ];
    // Heads lie within rows in q and out, before them elsewhere.
    const within = (n: number): number[] => [queries * heads * n, n, heads * n];
    const before = (m: number, n: number): number[] => [heads * m * n, m * n, n];
    const layout = [heads, queries, width, values];
    layout.push(...within(width), ...before(keys, width), ...before(keys, values), ...within(values));
    layout.push(0, 0, kind === "rows" ? keys : 0, 1, ...before(queries, values), ...within(width));
    layout.push(...before(keys, width), ...before(keys, values));
    const words = kernels.input("i32", layout);
    const room = kernels.workspace("attention_f32", width, values);
    const gradRoom = kernels.workspace("attentionGrad_f32", width, values);
    const own = kind === "none" ? 0 : mask;
    expect(
      kernels.run(
        "attention_f32",
        out,
        logs,
        q,
        k,
        v,
        own,
        scale,
        causal,
        heads * queries,
        keys,
        words,
        room,
      ),
    ).toBe(0);
    // prettier-ignore
    expect(
      kernels.run("attentionGrad_f32", dq, dk, dv, g, q, k, v, out, logs, own, scale, causal, heads * queries, keys, words, gradRoom),
    ).toBe(0);

    const [outs, dqs, dks, dvs] = [out, q, k, v].map((t) => new Float64Array(t.count)) as [
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    const [qd, kd, vd, gd, md] = [q, k, v, g, mask].map((t) => t.data) as [
      number[],
      number[],
      number[],
      number[],
      number[],
    ];
    for (let h = 0; h < heads; h++) {
      const ofQ = (i: number, d: number): number => (i * heads + h) * width + d;
      const ofOut = (i: number, d: number): number => (i * heads + h) * values + d;
      const ofK = (j: number, d: number): number => (h * keys + j) * width + d;
      const ofV = (j: number, d: number): number => (h * keys + j) * values + d;
      const ofG = (i: number, d: number): number => (h * queries + i) * values + d;
      const sum = (n: number, f: (d: number) => number): number => {
        let total = 0;
        for (let d = 0; d < n; d++) total += f(d);
        return total;
      };
      const get = (a: ArrayLike<number>, i: number): number => a[i] as number;
      for (let i = 0; i < queries; i++) {
        const scores = Array.from({ length: keys }, (_, j) => {
          const added = kind === "none" ? 0 : get(md, kind === "rows" ? i * keys + j : j);
          return sum(width, (d) => get(qd, ofQ(i, d)) * get(kd, ofK(j, d))) * scale + added;
        });
        const weights = softmax(scores, causal ? Math.min(keys, i + 1) : keys);
        for (let d = 0; d < values; d++)
          outs[ofOut(i, d)] = sum(keys, (j) => get(weights, j) * get(vd, ofV(j, d)));
        const mean = sum(values, (d) => get(gd, ofG(i, d)) * get(outs, ofOut(i, d)));
        weights.forEach((w, j) => {
          const slope = w * (sum(values, (d) => get(gd, ofG(i, d)) * get(vd, ofV(j, d))) - mean) * scale;
          for (let d = 0; d < width; d++) {
            dqs[ofQ(i, d)] = get(dqs, ofQ(i, d)) + slope * get(kd, ofK(j, d));
            dks[ofK(j, d)] = get(dks, ofK(j, d)) + slope * get(qd, ofQ(i, d));
          }
          for (let d = 0; d < values; d++) dvs[ofV(j, d)] = get(dvs, ofV(j, d)) + w * get(gd, ofG(i, d));
        });
      }
    }
    expectClose(out.data, outs, { what: "out", absolute: 1e-5, relative: 1e-5 });
    expectClose(dq.data, dqs, { what: "dq", absolute: 1e-5, relative: 1e-5 });
    expectClose(dk.data, dks, { what: "dk", absolute: 1e-5, relative: 1e-5 });
    expectClose(dv.data, dvs, { what: "dv", absolute: 1e-5, relative: 1e-5 });
  });
});
