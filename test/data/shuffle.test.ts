import { describe, expect, it } from "vitest";
import { ValueError } from "../../src/errors.ts";
import { permutationArray, philox4x32 } from "../../src/data/shuffle.ts";
import type { Words4 } from "../../src/data/shuffle.ts";

const hex = (words: Words4): string => words.map((word) => word.toString(16).padStart(8, "0")).join(" ");

describe("philox4x32", () => {
  // The known answers of Random123 (kat_vectors).
  it.each<[string, number, number, string]>([
    ["zeros", 0, 0, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"],
    ["ones", 0xffffffff, 0xffffffff, "408f276d 41c83b0e a20bc7c6 6d5451fd"],
  ])("gives the known answer for %s", (_, counter, key, answer) => {
    expect(hex(philox4x32([counter, counter, counter, counter], [key, key]))).toBe(answer);
  });

  it("gives the known answer for digits of pi", () => {
    const counter: Words4 = [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344];
    expect(hex(philox4x32(counter, [0xa4093822, 0x299f31d0]))).toBe("d16cfe09 94fdcceb 5001e420 24126ea1");
  });
});

describe("permutationArray", () => {
  it.each([0, 1, 2, 5, 1000])("is a permutation of %i", (n) => {
    const order = permutationArray(n, 3, 0);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
  });

  it("depends on seed and epoch and nothing else", () => {
    expect(permutationArray(100, 1, 2)).toEqual(permutationArray(100, 1, 2));
    expect(permutationArray(100, 1, 2)).not.toEqual(permutationArray(100, 1, 3));
    expect(permutationArray(100, 1, 2)).not.toEqual(permutationArray(100, 2, 2));
    expect(permutationArray(100, 1, 2)).not.toEqual(permutationArray(100, 1 + 2 ** 32, 2));
    expect(permutationArray(100, 1, 2)).not.toEqual(permutationArray(100, -1, 2));
  });

  it("gives each order of four about equally often", () => {
    const counts = new Map<string, number>();
    const draws = 24_000;
    for (let epoch = 0; epoch < draws; epoch++) {
      const order = permutationArray(4, 12, epoch).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    let chiSquare = 0;
    for (const count of counts.values()) chiSquare += (count - draws / 24) ** 2 / (draws / 24);
    // 99.9th percentile for 23 degrees of freedom; the draws are always the same.
    expect(chiSquare).toBeLessThan(49.7);
  });

  it.each<[number, number]>([
    [-1, 0],
    [1.5, 0],
    [2 ** 31, 0],
    [10, NaN],
    [10, 0.5],
  ])("refuses n = %d, seed = %d", (n, seed) => {
    expect(() => permutationArray(n, seed, 0)).toThrow(ValueError);
  });
});
