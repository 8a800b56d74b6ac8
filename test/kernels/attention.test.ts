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
});
