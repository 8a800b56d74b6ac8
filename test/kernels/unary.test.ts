import { describe, expect, test } from "vitest";
import { Kernels, noise, variants, type KindName } from "./buffers.ts";
import * as special from "./special.ts";

interface Rule {
  readonly f: (x: number) => number;
  /** Bound in units in the last place; 0.5 is correctly rounded. */
  readonly ulp?: number;
  readonly params?: readonly number[];
  readonly kinds?: readonly [KindName, KindName];
}

const clamp = (x: number, lo: number, hi: number): number => (x < lo ? lo : x > hi ? hi : x);
const F = Math.fround;
const TRUTH = ["f32", "u8"] as const;
const INTEGER = ["i32", "i32"] as const;

const RULES: Record<string, Rule | readonly Rule[]> = {
  neg_f32: { f: (x) => -x },
  abs_f32: { f: Math.abs },
  sign_f32: { f: (x) => Number(x > 0) - Number(x < 0) },
  floor_f32: { f: Math.floor },
  ceil_f32: { f: Math.ceil },
  trunc_f32: { f: Math.trunc },
  round_f32: { f: special.roundHalfEven },
  sqrt_f32: { f: Math.sqrt },
  rsqrt_f32: { f: (x) => 1 / Math.sqrt(x), ulp: 1.6 },
  reciprocal_f32: { f: (x) => 1 / x },
  square_f32: { f: (x) => x * x },
  powScalar_f32: [0, 1, 2, 3, 0.5, -1, -0.5, 1.7, -2.5, 0.01, 17, -3, Infinity].map((e) => ({
    // C's rule, which JavaScript's ** breaks: 1 to any power is 1.
    f: (x: number) => (Math.abs(x) === 1 && Math.abs(e) === Infinity ? 1 : x ** F(e)),
    params: [e],
    ulp: e === 3 ? 1.5 : 0.6,
  })),
  clamp_f32: { f: (x) => clamp(x, -1, 2), params: [-1, 2] },
  exp_f32: { f: Math.exp, ulp: 1.2 },
  expm1_f32: { f: Math.expm1, ulp: 1.5 },
  log_f32: { f: Math.log, ulp: 0.9 },
  log1p_f32: { f: Math.log1p, ulp: 0.9 },
  log2_f32: { f: Math.log2, ulp: 1.4 },
  log10_f32: { f: Math.log10, ulp: 1.7 },
  sin_f32: { f: Math.sin, ulp: 1.6 },
  cos_f32: { f: Math.cos, ulp: 1.6 },
  tan_f32: { f: Math.tan, ulp: 3.4 },
  asin_f32: { f: Math.asin, ulp: 2.3 },
  acos_f32: { f: Math.acos, ulp: 1.3 },
  atan_f32: { f: Math.atan, ulp: 2.8 },
  sinh_f32: { f: Math.sinh, ulp: 1.6 },
  cosh_f32: { f: Math.cosh, ulp: 1.4 },
  asinh_f32: { f: Math.asinh, ulp: 1.7 },
  acosh_f32: { f: Math.acosh, ulp: 2 },
  atanh_f32: { f: Math.atanh, ulp: 2 },
  tanh_f32: { f: Math.tanh, ulp: 1.3 },
  tanhshrink_f32: { f: special.tanhshrink, ulp: 3 },
  sigmoid_f32: { f: special.sigmoid, ulp: 2 },
  erf_f32: { f: special.erf, ulp: 1.5 },
  relu_f32: { f: (x) => (x < 0 ? 0 : x) },
  relu6_f32: { f: (x) => clamp(x, 0, 6) },
  leakyRelu_f32: { f: (x) => (x > 0 ? x : x * F(0.01)), params: [0.01] },
  elu_f32: { f: (x) => (x > 0 ? x : 1.5 * Math.expm1(x)), params: [1.5], ulp: 2 },
  celu_f32: { f: (x) => (x > 0 ? x : Math.expm1(2 * x) / 2), params: [0.5], ulp: 1.5 },
  selu_f32: {
    f: (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x)),
    ulp: 2.5,
  },
  gelu_f32: { f: special.gelu, ulp: 5 },
  geluTanh_f32: { f: special.geluTanh, ulp: 3 },
  silu_f32: { f: special.silu, ulp: 3.2 },
  mish_f32: { f: special.mish, ulp: 4 },
  softplus_f32: [
    { f: (x) => (x > 20 ? x : special.softplus(x)), params: [1, 20], ulp: 1.6 },
    { f: (x) => (2 * x > 10 ? x : special.softplus(2 * x) / 2), params: [2, 10], ulp: 1.6 },
  ],
  logsigmoid_f32: { f: (x) => -special.softplus(-x), ulp: 1.6 },
  softsign_f32: { f: (x) => x / (1 + Math.abs(x)), ulp: 1.5 },
  softshrink_f32: { f: (x) => (Math.abs(x) <= 0.5 ? 0 : x - Math.sign(x) / 2), params: [0.5] },
  hardshrink_f32: { f: (x) => (Math.abs(x) <= 0.5 ? 0 : x), params: [0.5] },
  hardsigmoid_f32: { f: (x) => clamp(x + 3, 0, 6) / 6, ulp: 1.1 },
  hardswish_f32: { f: (x) => x * (clamp(x + 3, 0, 6) / 6), ulp: 2 },
  hardtanh_f32: { f: (x) => clamp(x, -1, 1), params: [-1, 1] },
  threshold_f32: { f: (x) => (x <= F(0.1) ? 7 : x), params: [0.1, 7] },
  isnan_f32: { f: (x) => Number(Number.isNaN(x)), kinds: TRUTH },
  isinf_f32: { f: (x) => Number(Math.abs(x) === Infinity), kinds: TRUTH },
  isfinite_f32: { f: (x) => Number(Number.isFinite(x)), kinds: TRUTH },
  neg_i32: { f: (x) => -x | 0, kinds: INTEGER },
  abs_i32: { f: (x) => Math.abs(x) | 0, kinds: INTEGER },
  sign_i32: { f: (x) => Math.sign(x), kinds: INTEGER },
  logicalNot_bool: { f: (x) => Number(x === 0), kinds: ["u8", "u8"] },
  cast_f32_i32: { f: (x) => clamp(Math.trunc(x) || 0, -(2 ** 31), 2 ** 31 - 1), kinds: ["f32", "i32"] },
  cast_f32_bool: { f: (x) => Number(x !== 0), kinds: TRUTH },
  cast_f32_u8: { f: (x) => clamp(Math.trunc(x) || 0, 0, 255), kinds: TRUTH },
  cast_i32_f32: { f: (x) => x, kinds: ["i32", "f32"] },
  cast_i32_bool: { f: (x) => Number(x !== 0), kinds: ["i32", "u8"] },
  cast_i32_u8: { f: (x) => x & 255, kinds: ["i32", "u8"] },
  cast_bool_f32: { f: (x) => x, kinds: ["u8", "f32"] },
  cast_bool_i32: { f: (x) => x, kinds: ["u8", "i32"] },
  cast_u8_f32: { f: (x) => x, kinds: ["u8", "f32"] },
  cast_u8_i32: { f: (x) => x, kinds: ["u8", "i32"] },
};

/** Derivatives: out = g · f′(y or x), to an absolute bound relative to |g|. */
const SLOPES: Record<string, (y: number) => number> = {
  reluGrad_f32: (y) => (y <= 0 ? 0 : 1),
  tanhGrad_f32: (y) => 1 - y * y,
  sigmoidGrad_f32: (y) => y * (1 - y),
  geluGrad_f32: special.geluSlope,
  geluTanhGrad_f32: special.geluTanhSlope,
  siluGrad_f32: special.siluSlope,
  mishGrad_f32: special.mishSlope,
  hardswishGrad_f32: (x) => (x <= -3 ? 0 : x >= 3 ? 1 : x / 3 + 0.5),
};

const SIZES = [0, 1, 3, 4, 5, 15, 16, 17, 1000];

function inputs(kind: KindName, count: number): ArrayLike<number> {
  if (kind === "u8") return Uint8Array.from({ length: count }, (_, i) => (i * 7) % 3);
  const values = special.everywhere(count);
  return kind === "i32" ? new Int32Array(values.buffer) : values;
}

const cases = Object.entries(RULES).flatMap(([name, rules]) =>
  [rules].flat().map((rule: Rule) => ({ name, rule, label: [name, ...(rule.params ?? [])].join(" ") })),
);

describe.each(variants)("maps of one operand, %s", (variant) => {
  const kernels = new Kernels(variant);

  test.each(cases)("$label over the whole range", ({ name, rule }) => {
    kernels.reset();
    const [from, to] = rule.kinds ?? ["f32", "f32"];
    const x = kernels.input(from, inputs(from, 1 << 14));
    const out = kernels.output(to, x.count);
    expect(kernels.run(name, out, x, ...(rule.params ?? []), x.count)).toBe(0);
    const values = x.data;
    const at = (i: number): number => values[i] as number;
    special.expectUlp(
      out.data,
      // + 0: integers have no −0.
      (i) => (to === "f32" ? rule.f(at(i)) : rule.f(at(i)) + 0),
      rule.ulp ?? 0.5,
      (i) => String(at(i)),
    );
  });

  test.each(cases)("$label: any size, any place, in place", ({ name, rule }) => {
    const [from, to] = rule.kinds ?? ["f32", "f32"];
    const all = inputs(from, 1000);
    kernels.reset();
    const params = rule.params ?? [];
    const whole = kernels.output(to, 1000);
    kernels.run(name, whole, kernels.input(from, all), ...params, 1000);
    for (const n of SIZES) {
      kernels.reset();
      const values = Array.from(all).slice(0, n);
      const out = kernels.output(to, n);
      expect(kernels.run(name, out, kernels.input(from, values), ...params, n)).toBe(0);
      expect(out.data).toEqual(whole.data.slice(0, n));
      if (from !== to) continue;
      const both = kernels.output(from, values);
      kernels.run(name, both, both, ...params, n);
      expect(both.data).toEqual(out.data);
    }
    // The tail computes what the body does.
    kernels.reset();
    for (const value of Array.from(all).slice(0, 40)) {
      const out = kernels.output(to, 7);
      kernels.run(name, out, kernels.input(from, Array<number>(7).fill(value)), ...params, 7);
      expect(new Set(out.data).size).toBe(1);
      kernels.reset();
    }
  });

  // Vectors in step take another way than single ones, as long as no value is extreme.
  test.each(["exp_f32", "sigmoid_f32", "silu_f32", "tanh_f32", "gelu_f32"])("%s: vectors in step", (name) => {
    kernels.reset();
    const x = kernels.input("f32", noise(1 << 12, 3, 60));
    const out = kernels.output("f32", x.count);
    expect(kernels.run(name, out, x, x.count)).toBe(0);
    const rule = RULES[name] as Rule;
    const at = (i: number): number => x.data[i] as number;
    special.expectUlp(
      out.data,
      (i) => rule.f(at(i)),
      rule.ulp ?? 0.5,
      (i) => String(at(i)),
    );
    const alone = kernels.output("f32", x.count);
    for (let i = 0; i < x.count; i += 8) kernels.run(name, alone.ptr + 4 * i, x.ptr + 4 * i, 8);
    expect(alone.data).toEqual(out.data);
  });

  test.each(Object.entries(SLOPES))("%s", (name, slope) => {
    for (const n of [...SIZES, 1 << 13]) {
      kernels.reset();
      const y = kernels.input("f32", n > 1000 ? special.everywhere(n) : noise(n, 5, 3));
      const g = kernels.input("f32", noise(n, 7, 2));
      const out = kernels.output("f32", n);
      expect(kernels.run(name, out, g, y, n)).toBe(0);
      const [gs, ys] = [g.data, y.data];
      out.data.forEach((is, i) => {
        const [gi, yi] = [gs[i] as number, ys[i] as number];
        const should = gi * slope(yi);
        if (Number.isNaN(should) || Math.abs(should) > 1e30) return;
        if (Math.abs(is - should) > 4e-7 * Math.max(Math.abs(gi), Math.abs(should)))
          throw new Error(
            `${name} at g = ${String(gi)}, ${String(yi)}: ${String(is)}, should be ${String(should)}`,
          );
      });
    }
  });
});
