import { describe, expect, test } from "vitest";
import { expectClose, Kernels, noise, variants } from "./buffers.ts";

interface Window {
  readonly planes: number;
  readonly h: number;
  readonly w: number;
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding?: readonly [number, number];
  readonly dilation?: readonly [number, number];
  readonly ceil?: boolean;
  /** Sizes of the result where strides are 0. */
  readonly adaptive?: readonly [number, number];
}
const two = [2, 2] as const;
const one = [1, 1] as const;
const three = [3, 3] as const;
const WINDOWS: Window[] = [
  { planes: 5, h: 28, w: 28, kernel: two, stride: two },
  { planes: 4, h: 14, w: 14, kernel: two, stride: two },
  { planes: 1, h: 8, w: 8, kernel: two, stride: two },
  { planes: 3, h: 9, w: 11, kernel: two, stride: two },
  { planes: 2, h: 9, w: 11, kernel: two, stride: two, ceil: true },
  { planes: 3, h: 7, w: 7, kernel: two, stride: two },
  { planes: 1, h: 2, w: 2, kernel: two, stride: two },
  { planes: 2, h: 11, w: 13, kernel: three, stride: two, padding: one },
  { planes: 2, h: 10, w: 12, kernel: three, stride: one, padding: one },
  { planes: 2, h: 10, w: 12, kernel: three, stride: one },
  { planes: 1, h: 9, w: 17, kernel: three, stride: two, ceil: true },
  { planes: 1, h: 10, w: 10, kernel: [2, 3], stride: [2, 3] },
  { planes: 2, h: 12, w: 15, kernel: three, stride: one, padding: one, dilation: [2, 3] },
  { planes: 2, h: 12, w: 15, kernel: [3, 2], stride: two, padding: one, dilation: two, ceil: true },
  { planes: 3, h: 7, w: 7, kernel: [7, 7], stride: [7, 7] },
  { planes: 1, h: 20, w: 40, kernel: [20, 40], stride: [20, 40] },
  { planes: 1, h: 3, w: 60, kernel: [3, 16], stride: [1, 1], padding: [1, 8] },
  { planes: 0, h: 4, w: 4, kernel: two, stride: two },
  { planes: 2, h: 2, w: 9, kernel: [2, 1], stride: one, padding: [1, 0], dilation: [3, 1] },
  { planes: 2, h: 7, w: 8, kernel: one, stride: [0, 0], adaptive: [4, 3] },
  { planes: 3, h: 9, w: 20, kernel: [1, 2], stride: [0, 2], adaptive: [2, 10] },
  { planes: 1, h: 3, w: 17, kernel: one, stride: [0, 0], adaptive: [5, 16] },
];

function sizeOf(
  size: number,
  kernel: number,
  stride: number,
  padding: number,
  dilation: number,
  ceil: boolean,
): number {
  const span = size + 2 * padding - dilation * (kernel - 1) - 1;
  const count = (ceil ? Math.ceil(span / stride) : Math.floor(span / stride)) + 1;
  // The last window starts within the input or the padding before it.
  return ceil && (count - 1) * stride >= size + padding ? count - 1 : count;
}

function geometry({
  h,
  w,
  kernel,
  stride,
  padding = [0, 0],
  dilation = one,
  ceil = false,
  adaptive,
}: Window) {
  if (adaptive) return { oh: adaptive[0], ow: adaptive[1], padding, dilation };
  const oh = sizeOf(h, kernel[0], stride[0], padding[0], dilation[0], ceil);
  const ow = sizeOf(w, kernel[1], stride[1], padding[1], dilation[1], ceil);
  return { oh, ow, padding, dilation };
}

/** The places within the plane that each window covers, row by row. */
function places(window: Window): number[][] {
  const { oh, ow, padding, dilation } = geometry(window);
  if (window.adaptive) return shares(window, oh, ow);
  return Array.from({ length: oh * ow }, (_, o) => {
    const top = Math.floor(o / ow) * window.stride[0] - padding[0];
    const left = (o % ow) * window.stride[1] - padding[1];
    return Array.from({ length: window.kernel[0] * window.kernel[1] }, (__, k) => {
      const iy = top + Math.floor(k / window.kernel[1]) * dilation[0];
      const ix = left + (k % window.kernel[1]) * dilation[1];
      return iy < 0 || ix < 0 || iy >= window.h || ix >= window.w ? -1 : iy * window.w + ix;
    }).filter((place) => place >= 0);
  });
}

/** The places of adaptive windows: from ⌊o · size / count⌋ to ⌈(o + 1) · size / count⌉. */
function shares({ h, w }: Window, oh: number, ow: number): number[][] {
  const along = (o: number, size: number, count: number): number[] => {
    const [from, end] = [Math.floor((o * size) / count), Math.ceil(((o + 1) * size) / count)];
    return Array.from({ length: end - from }, (_, i) => from + i);
  };
  return Array.from({ length: oh * ow }, (_, o) =>
    along(Math.floor(o / ow), h, oh).flatMap((y) => along(o % ow, w, ow).map((x) => y * w + x)),
  );
}

describe.each(variants)("pooling, %s", (variant) => {
  const kernels = new Kernels(variant);

  test.each(WINDOWS)("max pooling, its gradient and its gather: %j", (window) => {
    const { planes, h, w, kernel, stride } = window;
    const { oh, ow, padding, dilation } = geometry(window);
    const covered = places(window);
    for (const special of [false, true]) {
      kernels.reset();
      // Few different values, so that ties come up; then NaN and −∞ among them.
      const values = Array.from(noise(planes * h * w, 2, 9), (value) => {
        const level = Math.round(value);
        return special && level === 4 ? NaN : special && level < 3 ? -Infinity : level;
      });
      const x = kernels.input("f32", values);
      const out = kernels.output("f32", planes * oh * ow);
      const index = kernels.output("i32", planes * oh * ow);
      const dims = [planes, h, w, oh, ow, ...kernel, ...stride, ...padding, ...dilation];
      expect(kernels.run("maxPool2d_f32", out, index, x, ...dims)).toBe(0);
      const alone = kernels.output("f32", planes * oh * ow);
      expect(kernels.run("maxPool2d_f32", alone, 0, x, ...dims)).toBe(0);
      expect(Array.from(alone.data)).toEqual(Array.from(out.data));
      const winners = Array.from({ length: planes }, (_, plane) =>
        covered.map((window) =>
          window.reduce((best, at) => {
            const [was, is] = [values[plane * h * w + best] as number, values[plane * h * w + at] as number];
            return is > was || Number.isNaN(is) ? at : best;
          }, window[0] ?? -1),
        ),
      ).flat();
      const planeOf = (o: number): number => Math.floor(o / (oh * ow));
      expect(index.data).toEqual(winners);
      expect(out.data).toEqual(
        winners.map((at, o) => (at < 0 ? -Infinity : values[planeOf(o) * h * w + at])),
      );

      const g = kernels.input("f32", noise(out.count, 5));
      const dx = kernels.output("f32", x.count);
      const expected = Array<number>(x.count).fill(0);
      for (const [o, at] of winners.entries())
        if (at >= 0) (expected[planeOf(o) * h * w + at] as number) += g.at(o);
      if (special) continue;
      kernels.run("maxPool2dGrad_f32", dx, g, index, planes, h * w, oh * ow);
      expectClose(dx.data, expected);
      const gathered = kernels.output("f32", out.count);
      kernels.run("maxPool2dGather_f32", gathered, x, index, planes, h * w, oh * ow);
      expect(gathered.data).toEqual(out.data.map((value) => (value === -Infinity ? 0 : value)));
    }
  });

  test.each(WINDOWS.filter(({ dilation }) => dilation === undefined))(
    "average pooling and its gradient: %j",
    (window) => {
      const { planes, h, w, kernel, stride } = window;
      const { oh, ow, padding } = geometry(window);
      const covered = places(window);
      for (const [countIncludePad, divisor] of [
        [1, 0],
        [0, 0],
        [1, 3],
      ] as const) {
        if (window.adaptive && countIncludePad === 1) continue;
        kernels.reset();
        const x = kernels.input("f32", noise(planes * h * w));
        const out = kernels.output("f32", planes * oh * ow);
        const dims = [planes, h, w, oh, ow, ...kernel, ...stride, ...padding, countIncludePad, divisor];
        expect(kernels.run("avgPool2d_f32", out, x, ...dims)).toBe(0);
        // Of the padding, what lies within it counts; a window of ceil mode may reach farther.
        const divisors = covered.map((window, o) => {
          if (divisor !== 0) return divisor;
          if (countIncludePad === 0) return window.length;
          const [top, left] = [Math.floor(o / ow) * stride[0], (o % ow) * stride[1]];
          const height = Math.min(top + kernel[0], h + 2 * padding[0]) - top;
          return height * (Math.min(left + kernel[1], w + 2 * padding[1]) - left);
        });
        const values = x.data;
        const expected = Array.from({ length: out.count }, (_, o) => {
          const plane = Math.floor(o / covered.length) * h * w;
          const window = covered[o % covered.length] as number[];
          return (
            window.reduce((total, at) => total + (values[plane + at] as number), 0) /
            (divisors[o % covered.length] as number)
          );
        });
        expectClose(out.data, expected);

        const g = kernels.input("f32", noise(out.count, 5));
        const dx = kernels.output("f32", x.count);
        kernels.run("avgPool2dGrad_f32", dx, g, ...dims);
        const gs = g.data;
        const grads = Array<number>(x.count).fill(0);
        for (const [o, value] of gs.entries()) {
          const plane = Math.floor(o / covered.length) * h * w;
          for (const at of covered[o % covered.length] as number[]) {
            (grads[plane + at] as number) += value / (divisors[o % covered.length] as number);
          }
        }
        expectClose(dx.data, grads);
      }
    },
  );
});
