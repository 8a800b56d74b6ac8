import { describe, expect, test } from "vitest";
import { Kernels, noise, variants } from "./buffers.ts";

interface Convolution {
  readonly n: number;
  readonly c: number;
  readonly h: number;
  readonly w: number;
  readonly o: number;
  readonly kh: number;
  readonly kw: number;
  readonly sh: number;
  readonly sw: number;
  readonly ph: number;
  readonly pw: number;
  /** The trailing padding: may be negative, as when the stride leaves a rest. */
  readonly endH: number;
  readonly endW: number;
  readonly dh: number;
  readonly dw: number;
  readonly groups: number;
}

function of(options: Partial<Convolution>): Convolution {
  const { ph = 0, pw = 0 } = options;
  const plain = { n: 2, c: 3, h: 7, w: 6, o: 5, kh: 3, kw: 3, sh: 1, sw: 1, dh: 1, dw: 1, groups: 1 };
  return { ...plain, ph, pw, endH: ph, endW: pw, ...options };
}

/** What is to be, in f64, and the sums of the terms' magnitudes. */
class Sums {
  readonly values: Float64Array;
  readonly sizes: Float64Array;

  constructor(count: number) {
    this.values = new Float64Array(count);
    this.sizes = new Float64Array(count);
  }

  add(at: number, term: number): void {
    this.values[at] = (this.values[at] as number) + term;
    this.sizes[at] = (this.sizes[at] as number) + Math.abs(term);
  }

  expect(actual: readonly number[], what: string): void {
    for (const [at, is] of actual.entries()) {
      const should = this.values[at] as number;
      if (Math.abs(is - should) <= 1e-6 * (this.sizes[at] as number)) continue;
      throw new Error(`${what}: element ${at} is ${is}, should be ${should}`);
    }
  }
}

/** Checks the three kernels on one convolution; does nothing if no window fits. */
function check(kernels: Kernels, conv: Convolution): void {
  const { n, c, h, w, o, kh, kw, sh, sw, ph, pw, dh, dw, groups } = conv;
  const oh = Math.floor((h + ph + conv.endH - (kh - 1) * dh - 1) / sh) + 1;
  const ow = Math.floor((w + pw + conv.endW - (kw - 1) * dw - 1) / sw) + 1;
  if (oh <= 0 || ow <= 0) return;
  const [cg, og] = [c / groups, o / groups];
  const x = noise(n * c * h * w, 1);
  const weight = noise(o * cg * kh * kw, 2);
  const bias = noise(o, 3);
  const g = noise(n * o * oh * ow, 4);
  const out = new Sums(g.length);
  const dx = new Sums(x.length);
  const dweight = new Sums(weight.length);
  for (let at = 0; at < g.length; at++) {
    const [ox, oy, oc] = [at % ow, Math.floor(at / ow) % oh, Math.floor(at / (oh * ow)) % o];
    const image = Math.floor(at / (o * oh * ow));
    out.add(at, bias[oc] as number);
    for (let tap = 0; tap < cg * kh * kw; tap++) {
      const channel = Math.floor(oc / og) * cg + Math.floor(tap / (kh * kw));
      const y = oy * sh - ph + (Math.floor(tap / kw) % kh) * dh;
      const column = ox * sw - pw + (tap % kw) * dw;
      if (y < 0 || y >= h || column < 0 || column >= w) continue;
      const from = ((image * c + channel) * h + y) * w + column;
      const by = oc * cg * kh * kw + tap;
      out.add(at, (x[from] as number) * (weight[by] as number));
      dx.add(from, (g[at] as number) * (weight[by] as number));
      dweight.add(by, (g[at] as number) * (x[from] as number));
    }
  }
  const dims = [n, c, h, w, o, oh, ow, kh, kw, sh, sw, ph, pw, dh, dw, groups];
  const run = (name: string, sums: Sums, ...inputs: (Float32Array | null)[]): void => {
    kernels.reset();
    const args = inputs.map((values) => (values === null ? 0 : kernels.input("f32", values)));
    const target = kernels.output("f32", sums.values.length);
    expect(kernels.run(name, target, ...args, ...dims, kernels.workspace(name, ...dims))).toBe(0);
    sums.expect(target.data, `${name} ${JSON.stringify(conv)}`);
  };
  run("conv2d_f32", out, x, weight, bias);
  run("conv2dInputGrad_f32", dx, g, weight);
  run("conv2dWeightGrad_f32", dweight, g, x);
  for (let at = 0; at < g.length; at++) {
    out.add(at, -(bias[Math.floor(at / (oh * ow)) % o] as number));
  }
  run("conv2d_f32", out, x, weight, null);
}

describe.each(variants)("convolution (%s)", (variant) => {
  const kernels = new Kernels(variant);

  test("strides, paddings, dilations, sizes of kernels and groups", () => {
    for (const s of [1, 2, 3]) {
      for (const p of [0, 1, 2, 4]) {
        for (const d of [1, 2, 3]) {
          for (const k of [1, 2, 3, 4]) {
            const [sw, kw, dw] = [(s % 3) + 1, (k % 3) + 1, (d % 2) + 1];
            const ends = { endH: (p + k) % 3, endW: (p + s) % 4 };
            const shape = { c: 4, o: 6, sh: s, ph: p, dh: d, kh: k, sw, kw, dw, pw: (p + 1) % 3, ...ends };
            check(kernels, of({ ...shape, groups: 1 + ((s + p + d + k) % 2) }));
          }
        }
      }
    }
  });

  test("layers of a network", () => {
    check(kernels, of({ c: 1, h: 28, w: 28, o: 16, ph: 1, pw: 1 }));
    check(kernels, of({ c: 16, h: 14, w: 14, o: 32, ph: 1, pw: 1 }));
    check(kernels, of({ c: 3, h: 17, w: 16, o: 9, kh: 7, kw: 7, sh: 2, sw: 2, ph: 3, pw: 3 }));
    check(kernels, of({ c: 40, h: 6, w: 5, o: 24, kh: 1, kw: 1 }));
    check(kernels, of({ c: 12, h: 9, w: 9, o: 12, groups: 12, ph: 1, pw: 1 }));
    check(kernels, of({ c: 6, h: 9, w: 9, o: 12, groups: 6, sh: 2, sw: 2, ph: 1, pw: 1 }));
  });

  test("more taps, pixels and images than a block holds", () => {
    check(kernels, of({ c: 40, h: 6, w: 6, o: 20, ph: 1, pw: 1 }));
    check(kernels, of({ c: 4, h: 1, w: 700, o: 9, kh: 1, kw: 5, pw: 2 }));
    check(kernels, of({ n: 70, c: 3, h: 2, w: 2, o: 9, kh: 2, kw: 2, ph: 1, pw: 1 }));
    check(kernels, of({ n: 1, c: 5, h: 24, w: 24, o: 3 }));
  });

  test("kernels beyond the image, strides beyond the kernel, pixels that no window meets", () => {
    check(kernels, of({ h: 3, w: 3, kh: 7, kw: 6, ph: 4, pw: 4 }));
    check(kernels, of({ h: 1, w: 1, kh: 5, kw: 5, ph: 2, pw: 2 }));
    check(kernels, of({ h: 11, w: 10, kh: 2, kw: 1, sh: 4, sw: 5 }));
    check(kernels, of({ h: 2, w: 3, kh: 1, kw: 1, sh: 5, sw: 7, ph: 1, pw: 2 }));
    check(kernels, of({ h: 9, w: 9, endH: -2, endW: -3 }));
    check(kernels, of({ h: 9, w: 9, sh: 2, sw: 2, dh: 2, dw: 4, kh: 2, kw: 2, ph: 3, pw: 1 }));
  });

  test("nothing to convolve", () => {
    check(kernels, of({ n: 0 }));
    check(kernels, of({ o: 0 }));
    check(kernels, of({ c: 0 }));
  });
});
