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

  /** For tiles, whose sums share the errors of their neighbours: the largest, and the root mean square of all. */
  expectTiles(actual: readonly number[], what: string): void {
    const largest = this.sizes.reduce((a, b) => Math.max(a, b), 0);
    let [errors, squares] = [0, 0];
    for (const [at, is] of actual.entries()) {
      const should = this.values[at] as number;
      errors += (is - should) ** 2;
      squares += should ** 2;
      if (Math.abs(is - should) <= 1e-6 * largest) continue;
      throw new Error(`${what}: element ${at} is ${is}, should be ${should}`);
    }
    expect(Math.sqrt(errors / squares), what).toBeLessThan(2e-6);
  }
}

/** What one convolution and its gradients are to give; null if no window fits. */
function references(conv: Convolution) {
  const { n, c, h, w, o, kh, kw, sh, sw, ph, pw, dh, dw, groups } = conv;
  const oh = Math.floor((h + ph + conv.endH - (kh - 1) * dh - 1) / sh) + 1;
  const ow = Math.floor((w + pw + conv.endW - (kw - 1) * dw - 1) / sw) + 1;
  if (oh <= 0 || ow <= 0) return null;
  const [cg, og] = [c / groups, o / groups];
  const x = noise(n * c * h * w, 1);
  const weight = noise(o * cg * kh * kw, 2);
  const bias = noise(o, 3);
  const g = noise(n * o * oh * ow, 4);
  const out = new Sums(g.length);
  const biased = new Sums(g.length);
  const dx = new Sums(x.length);
  const dweight = new Sums(weight.length);
  for (let at = 0; at < g.length; at++) {
    const [ox, oy, oc] = [at % ow, Math.floor(at / ow) % oh, Math.floor(at / (oh * ow)) % o];
    const image = Math.floor(at / (o * oh * ow));
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
    biased.values[at] = out.values[at] as number;
    biased.sizes[at] = out.sizes[at] as number;
    biased.add(at, bias[oc] as number);
  }
  const dims = [n, c, h, w, o, oh, ow, kh, kw, sh, sw, ph, pw, dh, dw, groups];
  return { dims, oh, ow, x, weight, bias, g, out, biased, dx, dweight };
}

const relu = (x: number): number => (x < 0 ? 0 : x);

/** Checks the three kernels on one convolution. */
function check(kernels: Kernels, conv: Convolution): void {
  const refs = references(conv);
  if (refs === null) return;
  const { dims, x, weight, bias, g } = refs;
  const run = (name: string, sums: Sums, ...inputs: (Float32Array | number)[]): number[] => {
    kernels.reset();
    const args = inputs.map((values) => (typeof values === "number" ? values : kernels.input("f32", values)));
    const target = kernels.output("f32", sums.values.length);
    expect(kernels.run(name, target, ...args, ...dims, kernels.workspace(name, ...dims))).toBe(0);
    return target.data;
  };
  const what = JSON.stringify(conv);
  const out = run("conv2d_f32", refs.biased, x, weight, bias, 0);
  refs.biased.expect(out, `conv2d_f32 ${what}`);
  expect(run("conv2d_f32", refs.biased, x, weight, bias, 1)).toEqual(out.map(relu));
  refs.out.expect(run("conv2d_f32", refs.out, x, weight, 0, 0), `conv2d_f32 ${what}`);
  refs.dx.expect(run("conv2dInputGrad_f32", refs.dx, g, weight), `conv2dInputGrad_f32 ${what}`);
  refs.dweight.expect(run("conv2dWeightGrad_f32", refs.dweight, g, x), `conv2dWeightGrad_f32 ${what}`);
}

/** Checks a 3 × 3 convolution of stride 1 and its gradients by tiles. */
function checkTiles(kernels: Kernels, conv: Convolution): void {
  const refs = references(conv);
  if (refs === null) throw new Error("no window fits");
  const { oh, ow, x, weight, bias, g } = refs;
  const { n, c, h, w, o, ph, pw } = conv;
  const what = JSON.stringify(conv);
  /** A convolution of y [n, k, high, wide] to [n, to, th, tw]. */
  const tiles = (
    y: Float32Array,
    by: Float32Array | null,
    activation: number,
    [k, high, wide]: number[],
    [to, th, tw]: number[],
    padding: number[],
    steps: number[],
  ): number[] => {
    kernels.reset();
    const points = kernels.workspace("winogradWeights_f32", k as number, to as number);
    const weights = kernels.input("f32", weight);
    const run = (name: string, ...args: Parameters<Kernels["run"]>[1][]): void =>
      expect(kernels.run(name, ...args)).toBe(0);
    run("winogradWeights_f32", points, weights, k as number, to as number, ...steps);
    const target = kernels.output("f32", n * (to as number) * (th as number) * (tw as number));
    const workspace = kernels.workspace("winograd_f32", k as number, to as number, tw as number);
    const sizes = [n, k, high, wide, to, th, tw, ...padding] as number[];
    const shift = by === null ? 0 : kernels.input("f32", by);
    run("winograd_f32", target, kernels.input("f32", y), points, shift, activation, ...sizes, workspace);
    return target.data;
  };
  const forward = (by: Float32Array | null, activation: number): number[] =>
    tiles(x, by, activation, [c, h, w], [o, oh, ow], [ph, pw], [9, c * 9, 0]);
  const out = forward(bias, 0);
  refs.biased.expectTiles(out, `winograd_f32 ${what}`);
  expect(forward(bias, 1)).toEqual(out.map(relu));
  refs.out.expectTiles(forward(null, 0), `winograd_f32 ${what}`);
  const dx = tiles(g, null, 0, [o, oh, ow], [c, h, w], [2 - ph, 2 - pw], [c * 9, 9, 1]);
  refs.dx.expectTiles(dx, `winograd_f32 turned about ${what}`);

  kernels.reset();
  const sums = kernels.workspace("winogradSums_f32", n, c, o, oh, ow);
  const gradient = kernels.input("f32", g);
  const sizes = [n, c, h, w, o, oh, ow, ph, pw];
  expect(kernels.run("winogradSums_f32", gradient, kernels.input("f32", x), ...sizes, sums)).toBe(0);
  const target = kernels.output("f32", weight.length);
  expect(kernels.run("winogradWeightGrad_f32", target, sums, n, c, o, oh, ow)).toBe(0);
  refs.dweight.expectTiles(target.data, `winogradWeightGrad_f32 ${what}`);
}

/** Checks a convolution of as many groups as channels, and its gradients. */
function checkDepthwise(kernels: Kernels, options: Partial<Convolution>): void {
  const conv = of({ c: 5, o: 5, groups: 5, ...options });
  const refs = references(conv);
  if (refs === null) throw new Error("no window fits");
  const { oh, ow, x, weight, bias, g } = refs;
  const { n, c, h, w, kh, kw, sh, sw, ph, pw, dh } = conv;
  const what = JSON.stringify(conv);
  const run = (
    name: string,
    sums: Sums,
    inputs: (Float32Array | number)[],
    rest: number[],
    shape: number[],
  ) => {
    kernels.reset();
    const args = inputs.map((values) => (typeof values === "number" ? values : kernels.input("f32", values)));
    const target = kernels.output("f32", sums.values.length);
    const workspace = kernels.workspace(name, ...shape);
    expect(kernels.run(name, target, ...args, n, c, ...rest, workspace)).toBe(0);
    return target.data;
  };
  const window = [kh, kw, sh, sw, ph, pw, dh];
  const [sizes, shape] = [
    [h, w, oh, ow, ...window],
    [oh, ow, kh, kw, sh, sw, dh],
  ];
  const forward = (by: Float32Array | number, activation: number): number[] =>
    run("depthwise_f32", refs.out, [x, weight, by, activation], [...sizes, 1, 1, 0], shape);
  const out = forward(bias, 0);
  refs.biased.expect(out, `depthwise_f32 ${what}`);
  expect(forward(bias, 1)).toEqual(out.map(relu));
  refs.out.expect(forward(0, 0), `depthwise_f32 ${what}`);
  const about = [oh, ow, h, w, kh, kw, 1, 1, (kh - 1) * dh - ph, kw - 1 - pw, dh, sh, sw, 1];
  const dx = run("depthwise_f32", refs.dx, [g, weight, 0, 0], about, [h, w, kh, kw, 1, 1, dh]);
  refs.dx.expect(dx, `depthwise_f32 turned about ${what}`);
  const dweight = run("depthwiseWeightGrad_f32", refs.dweight, [g, x], sizes, shape);
  refs.dweight.expect(dweight, `depthwiseWeightGrad_f32 ${what}`);
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

  test("tiles: sizes that are no multiples, paddings, tails of channels", () => {
    for (const [ph, pw] of [
      [0, 0],
      [1, 1],
      [2, 2],
      [3, 1],
      [0, 2],
    ] as const) {
      checkTiles(kernels, of({ c: 8, o: 8, h: 11, w: 7, ph, pw }));
      checkTiles(kernels, of({ c: 5, o: 11, h: 6, w: 19, ph, pw }));
      checkTiles(kernels, of({ n: 5, c: 17, o: 3, h: 3, w: 3, ph, pw }));
    }
    checkTiles(kernels, of({ n: 1, c: 1, o: 1, h: 3, w: 3 }));
    checkTiles(kernels, of({ n: 3, c: 9, o: 13, h: 12, w: 10, endH: 2, endW: 1 }));
  });

  test("tiles: many rows, blocks, groups and channels", () => {
    checkTiles(kernels, of({ n: 9, c: 16, o: 32, h: 14, w: 14, ph: 1, pw: 1 }));
    checkTiles(kernels, of({ n: 1, c: 300, o: 10, h: 5, w: 9, ph: 1, pw: 1 }));
    checkTiles(kernels, of({ n: 1, c: 64, o: 40, h: 9, w: 66, ph: 1, pw: 1 }));
    checkTiles(kernels, of({ n: 2, c: 8, o: 8, h: 66, w: 9, ph: 1, pw: 1 }));
  });

  test("a window a channel", () => {
    for (const s of [1, 2]) {
      for (const p of [0, 1, 2, 4]) {
        for (const d of [1, 2]) {
          for (const k of [1, 2, 3, 4, 5]) {
            const kw = (k % 3) + 2;
            const ends = { endH: (p + k) % 3, endW: (p + s) % 4 };
            const window = { sh: 3 - s, sw: s, ph: p, pw: (p + 1) % 3, dh: d, kh: k, kw };
            checkDepthwise(kernels, { h: 9, w: 10 + k, ...window, ...ends });
          }
        }
      }
    }
    for (const w of [3, 7, 8, 9, 15, 16, 17, 28, 33]) {
      checkDepthwise(kernels, { n: 3, h: 6, w, ph: 1, pw: 1 });
      checkDepthwise(kernels, { n: 3, h: 6, w, ph: 1, pw: 1, sh: 2, sw: 2 });
    }
    checkDepthwise(kernels, { n: 0 });
    checkDepthwise(kernels, { n: 1, h: 40, w: 300, ph: 1, pw: 1 });
    checkDepthwise(kernels, { h: 11, w: 9, kh: 1, kw: 1, sh: 4 });
    checkDepthwise(kernels, { h: 2, w: 2, kh: 5, kw: 5, ph: 4, pw: 4 });
  });

  test("nothing to convolve", () => {
    check(kernels, of({ n: 0 }));
    check(kernels, of({ o: 0 }));
    check(kernels, of({ c: 0 }));
  });
});
