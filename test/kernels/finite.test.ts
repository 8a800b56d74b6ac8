import { describe, expect, test } from "vitest";
import { Kernels, noise, variants } from "./buffers.ts";

describe.each(variants)("nonFinite_f32, %s", (variant) => {
  const kernels = new Kernels(variant);

  const find = (values: ArrayLike<number>, nanOnly: boolean): number => {
    kernels.reset();
    const x = kernels.input("f32", values);
    return kernels.run("nonFinite_f32", x, values.length, Number(nanOnly));
  };

  test("the first of any kind, wherever it stands", () => {
    for (const n of [0, 1, 3, 4, 5, 15, 16, 17, 100]) {
      const values = Array.from(noise(n, 3, 1e30));
      expect(find(values, false)).toBe(0);
      for (let at = 0; at < n; at++) {
        for (const bad of [NaN, Infinity, -Infinity]) {
          const spoilt = [...values];
          spoilt[at] = bad;
          if (at + 2 < n) spoilt[at + 2] = NaN;
          expect(find(spoilt, false)).toBe(at + 1);
          const nan = spoilt.findIndex(Number.isNaN);
          expect(find(spoilt, true)).toBe(nan + 1);
        }
      }
    }
  });

  test("lets the largest numbers, zeros and denormals be", () => {
    expect(find([3.4028234663852886e38, -3.4028234663852886e38, 0, -0, 2 ** -149, -(2 ** -126)], false)).toBe(
      0,
    );
  });
});
