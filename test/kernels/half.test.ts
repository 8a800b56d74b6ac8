import { describe, expect, test } from "vitest";
import { Kernels, noise, variants } from "./buffers.ts";

const words = new Uint32Array(1);
const float = new Float32Array(words.buffer);
const bitsOf = (x: number): number => {
  float[0] = x;
  return words[0] as number;
};
const ofBits = (bits: number): number => {
  words[0] = bits;
  return float[0] as number;
};

/** The value of a format with this many bits of exponent and fraction, by its definition. */
function decode(bits: number, exponentBits: number, fractionBits: number): number {
  const sign = bits >>> 15 === 0 ? 1 : -1;
  const exponent = (bits >>> fractionBits) & (2 ** exponentBits - 1);
  const fraction = (bits & (2 ** fractionBits - 1)) / 2 ** fractionBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  if (exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias));
}

const FORMATS = [
  { name: "f16", exponent: 5, fraction: 10 },
  { name: "bf16", exponent: 8, fraction: 7 },
];
const ALL = Uint16Array.from({ length: 65536 }, (_, i) => i);

describe.each(variants)("f16 and bf16, %s", (variant) => {
  const kernels = new Kernels(variant);

  const convert = (name: string, from: "u16" | "f32", to: "u16" | "f32", x: ArrayLike<number>): number[] => {
    kernels.reset();
    const out = kernels.output(to, x.length);
    expect(kernels.run(name, out, kernels.input(from, x), x.length)).toBe(0);
    return out.data;
  };

  describe.each(FORMATS)("$name", ({ name, exponent, fraction }) => {
    const values = Array.from(ALL, (bits) => decode(bits, exponent, fraction));
    const toF32 = (x: ArrayLike<number>): number[] => convert(`cast_${name}_f32`, "u16", "f32", x);
    const fromF32 = (x: ArrayLike<number>): number[] => convert(`cast_f32_${name}`, "f32", "u16", x);

    test("every value becomes its f32, and comes back", () => {
      expect(toF32(ALL)).toEqual(values);
      const back = fromF32(Float32Array.from(values));
      const expected = Array.from(ALL, (bits, i) => (Number.isNaN(values[i]) ? back[i] : bits));
      expect(back).toEqual(expected);
    });

    test("rounds to nearest, ties to even, subnormals and overflow among them", () => {
      // Between each two neighbours: the middle, which is a tie, and the f32 next to it on both sides.
      const infinity = (2 ** exponent - 1) << fraction;
      const cases: number[] = [];
      const expected: number[] = [];
      for (let low = 0; low < infinity; low++) {
        const above = low + 1 === infinity ? 2 ** (2 ** (exponent - 1)) : (values[low + 1] as number);
        const middle = ((values[low] as number) + above) / 2;
        const bits = bitsOf(middle);
        if (ofBits(bits) !== middle) continue; // below the subnormals of f32
        for (const sign of [0, 0x8000]) {
          cases.push(...[bits - 1, bits, bits + 1].map((b) => (sign === 0 ? ofBits(b) : -ofBits(b))));
          expected.push(low | sign, (low % 2 === 0 ? low : low + 1) | sign, (low + 1) | sign);
        }
      }
      expect(cases.length).toBeGreaterThan(180_000);
      expect(fromF32(Float32Array.from(cases))).toEqual(expected);
    });

    test("keeps NaN, infinities and the sign of zero; what is too large is infinite", () => {
      const infinity = (2 ** exponent - 1) << fraction;
      const x = [Infinity, -Infinity, 0, -0, 3.4028234663852886e38, -3.4028234663852886e38, 2 ** -149];
      expect(fromF32(x)).toEqual([infinity, infinity | 0x8000, 0, 0x8000, infinity, infinity | 0x8000, 0]);
      const nans = new Float32Array(Uint32Array.of(0x7fc00000, 0x7f800001, 0xffffffff, 0x7fffffff).buffer);
      for (const bits of fromF32(nans)) expect(decode(bits, exponent, fraction)).toBeNaN();
    });

    test.each([0, 1, 2, 3, 4, 5, 15, 16, 17, 1000])("%i elements", (n) => {
      const x = noise(n, 3, 100);
      const bits = fromF32(x);
      const back = toF32(bits);
      for (let i = 0; i < n; i++) {
        const near = Math.abs(x[i] as number) * 2 ** -(fraction + 1);
        expect(Math.abs((back[i] as number) - (x[i] as number))).toBeLessThanOrEqual(near + 2 ** -25);
      }
    });
  });
});
