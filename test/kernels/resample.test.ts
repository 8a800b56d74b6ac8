import { describe, expect, test } from "vitest";
import { expectClose, Kernels, noise, variants, type Buffer } from "./buffers.ts";

const SIZES = [1, 3, 4, 5, 15, 16, 17];
const filled = (length: number): number[] => new Array<number>(length).fill(0);

describe.each(variants)("resampling, %s", (variant) => {
  const kernels = new Kernels(variant);

  /** The table as the kernel makes it, from f64. */
  function table(size: number, count: number, kind: number, align = 0): [Buffer, Buffer, number] {
    const taps = [1, 1, 2, 4][kind] as number;
    const [places, weights] = [kernels.output("i32", taps * count), kernels.output("f32", taps * count)];
    const step = align ? (count > 1 ? (size - 1) / (count - 1) : 0) : size / count;
    const scale = Math.fround(step);
    kernels.run(
      "resampleTable_f32",
      places,
      weights,
      size,
      count,
      kind,
      align,
      scale,
      Math.fround(step - scale),
    );
    return [places, weights, taps];
  }

  test("tables: places inside, weights that add up to 1, whole steps exact", () => {
    for (const size of SIZES) {
      for (const count of [...SIZES, 48]) {
        for (const [kind, align] of [
          [0, 0],
          [1, 0],
          [2, 0],
          [2, 1],
          [3, 0],
          [3, 1],
        ] as const) {
          kernels.reset();
          const [places, weights, taps] = table(size, count, kind, align);
          expect(places.data.every((at) => at >= 0 && at < size)).toBe(true);
          for (let o = 0; o < count; o++) {
            const each = Array.from({ length: taps }, (_, tap) => tap * count + o);
            expect(each.reduce((sum, at) => sum + weights.at(at), 0)).toBeCloseTo(1, 5);
            if (kind === 0) expect(places.at(o)).toBe(Math.floor((o * size) / count));
            if (kind === 1) expect(places.at(o)).toBe(Math.floor(((2 * o + 1) * size) / (2 * count)));
            if (kind !== 2) continue;
            // The mean place of the taps is the place of the output.
            const mean = each.reduce((sum, at) => sum + weights.at(at) * places.at(at), 0);
            const place = align
              ? (o * (size - 1)) / Math.max(1, count - 1)
              : ((o + 0.5) * size) / count - 0.5;
            expect(mean).toBeCloseTo(Math.min(size - 1, Math.max(0, place)), 4);
          }
        }
      }
    }
  });

  test("weighted sums and their adjoint", () => {
    const shapes = SIZES.flatMap<[number, number, number, number]>((n) => [
      [2, n, 6, 1],
      [3, 5, n, 1],
      [2, 4, 7, n],
      [1, n, n + 1, 33],
      [0, 3, 4, 2],
    ]);
    for (const [outer, size, count, inner] of shapes) {
      for (const kind of [0, 2, 3]) {
        kernels.reset();
        const [places, weights, taps] = table(size, count, kind);
        const x = kernels.input("f32", noise(outer * size * inner));
        const out = kernels.output("f32", outer * count * inner);
        const rest = [places, weights, outer, size, count, inner, taps] as const;
        kernels.run("resample_f32", out, x, ...rest);
        const g = kernels.input("f32", noise(out.count, 5));
        const dx = kernels.output("f32", x.count);
        kernels.run("resampleGrad_f32", dx, g, ...rest);
        const [wanted, back] = [filled(out.count), filled(x.count)];
        for (let o = 0; o < out.count; o++) {
          const row = Math.floor(o / inner) % count;
          const start = Math.floor(o / (inner * count)) * size * inner + (o % inner);
          for (let tap = 0; tap < taps; tap++) {
            const from = start + places.at(tap * count + row) * inner;
            const w = weights.at(tap * count + row);
            (wanted[o] as number) += w * x.at(from);
            (back[from] as number) += w * g.at(o);
          }
        }
        expectClose(out.data, wanted, { what: `[${outer}, ${size} → ${count}, ${inner}]` });
        expectClose(dx.data, back, { absolute: 1e-5 });
      }
    }
  });

  test("fold adds what overlaps and leaves out the padding", () => {
    for (const w of SIZES) {
      for (const [kh, kw, sh, sw, ph, pw, dh, dw] of [
        [1, 1, 1, 1, 0, 0, 1, 1],
        [2, 3, 1, 1, 1, 2, 1, 1],
        [3, 2, 2, 1, 1, 1, 1, 2],
        [2, 3, 1, 2, 0, 3, 2, 1],
        [1, 2, 1, 3, 0, 5, 1, 4],
      ] as const) {
        const [planes, h] = [3, 5];
        const oh = Math.floor((h + 2 * ph - dh * (kh - 1) - 1) / sh) + 1;
        const ow = Math.floor((w + 2 * pw - dw * (kw - 1) - 1) / sw) + 1;
        if (ow < 1) continue;
        kernels.reset();
        const blocks = kernels.input("f32", noise(planes * kh * kw * oh * ow));
        const out = kernels.output("f32", planes * h * w);
        kernels.run("fold_f32", out, blocks, planes, h, w, kh, kw, oh, ow, sh, sw, ph, pw, dh, dw);
        const wanted = filled(out.count);
        for (let i = 0; i < blocks.count; i++) {
          const [x, y] = [i % ow, Math.floor(i / ow) % oh];
          const tap = Math.floor(i / (ow * oh)) % (kh * kw);
          const row = y * sh - ph + Math.floor(tap / kw) * dh;
          const column = x * sw - pw + (tap % kw) * dw;
          if (row < 0 || row >= h || column < 0 || column >= w) continue;
          const plane = Math.floor(i / (ow * oh * kh * kw));
          (wanted[(plane * h + row) * w + column] as number) += blocks.at(i);
        }
        expectClose(out.data, wanted);
      }
    }
  });
});

describe.each(variants)("sampling of grids, %s", (variant) => {
  const kernels = new Kernels(variant);

  test("tables name pixels inside or −1, whatever the grid holds", () => {
    for (const points of [0, ...SIZES]) {
      for (const taps of [1, 4]) {
        for (const padding of [0, 1, 2]) {
          for (const align of [0, 1]) {
            kernels.reset();
            const [n, h, w] = [2, 3, 4];
            const odd = [NaN, Infinity, -Infinity, 3e38, -3e38, 1, -1, 1e10];
            const grid = kernels.input(
              "f32",
              noise(n * points * 2, 3, 2.5).map((v, i) => (i % 3 === 0 ? (odd[i % 8] as number) : v)),
            );
            const [weights, pixels] = [
              kernels.output("f32", n * taps * points),
              kernels.output("i32", n * taps * points),
            ];
            const slopes = kernels.output("f32", n * 2 * points);
            kernels.run(
              "gridTaps_f32",
              ...[weights, pixels, slopes, grid, n, points, h, w, taps, padding, align],
            );
            expect(pixels.data.every((at) => at >= -1 && at < h * w)).toBe(true);
            expect(weights.data.every((v) => v >= 0 && v <= 1)).toBe(true);
            expect(slopes.data.every(Number.isFinite)).toBe(true);
            // Kept inside, only corners of weight 0 lie outside.
            if (padding > 0) expect(pixels.data.every((at, i) => at >= 0 || weights.at(i) === 0)).toBe(true);
          }
        }
      }
    }
  });

  test("16 taps are a cubic's in both directions, each kept inside by itself", () => {
    const weight = (t: number): number =>
      Math.abs(t) < 1
        ? 1.25 * Math.abs(t) ** 3 - 2.25 * t * t + 1
        : -0.75 * (Math.abs(t) - 1) * (Math.abs(t) - 2) ** 2;
    const reflected = (i: number, size: number, align: number): number => {
      const [low, high] = align ? [0, size - 1] : [-0.5, size - 0.5];
      if (low === high) return 0;
      let at = i;
      while (at < low || at > high) at = 2 * (at < low ? low : high) - at;
      return at;
    };
    const inside = (i: number, size: number, padding: number, align: number): number => {
      if (padding === 0) return i >= 0 && i < size ? i : -1;
      return padding === 1 ? Math.min(size - 1, Math.max(0, i)) : reflected(i, size, align);
    };
    for (const points of [0, ...SIZES]) {
      for (const [h, w] of [
        [3, 4],
        [1, 2],
        [1, 1],
      ] as const) {
        for (const [padding, align] of [0, 1, 2].flatMap((p) => [[p, 0] as const, [p, 1] as const])) {
          kernels.reset();
          const n = 2;
          // Powers of two, to be exact, and what is far away.
          const odd = [NaN, Infinity, -Infinity, 3e38, -1e10, 1, -1];
          const grid = kernels.input(
            "f32",
            noise(n * points * 2, 3, 3).map((v, i) =>
              i % 5 === 0 ? (odd[i % 7] as number) : Math.round(v * 16) / 16,
            ),
          );
          const [weights, pixels] = [
            kernels.output("f32", n * 16 * points),
            kernels.output("i32", n * 16 * points),
          ];
          const slopes = kernels.output("f32", n * 2 * points);
          kernels.run("gridTaps_f32", weights, pixels, slopes, grid, n, points, h, w, 16, padding, align);
          for (let i = 0; i < n * points; i++) {
            const [image, p] = [Math.floor(i / points), i % points];
            const axis = (d: 0 | 1, size: number): readonly [number, number] => {
              const given = grid.at(2 * i + d);
              const g = Number.isNaN(given) ? -1 : given;
              const span = align ? size - 1 : size;
              expect(slopes.at((image * 2 + d) * points + p)).toBe(span / 2);
              const place = ((g + 1) * span - (align ? 0 : 1)) / 2;
              return Number.isNaN(place) ? [-Infinity, 0] : [Math.floor(place), place - Math.floor(place)];
            };
            const [[left, fx], [top, fy]] = [axis(0, w), axis(1, h)];
            const far = Math.abs(left) > 1e6 || Math.abs(top) > 1e6;
            let total = 0;
            for (let tap = 0; tap < 16; tap++) {
              const at = (image * 16 + tap) * points + p;
              total += weights.at(at);
              expect(pixels.at(at)).toBeGreaterThanOrEqual(padding === 0 ? -1 : 0);
              expect(pixels.at(at)).toBeLessThan(h * w);
              // A mirror says nothing about infinity.
              if (far && padding === 2) continue;
              const [down, across] = [Math.floor(tap / 4) - 1, (tap % 4) - 1];
              const row = inside(top + down, h, padding, align);
              const column = inside(left + across, w, padding, align);
              expect(pixels.at(at)).toBe(row < 0 || column < 0 ? -1 : row * w + column);
              if (!far) expect(weights.at(at)).toBeCloseTo(weight(down - fy) * weight(across - fx), 6);
            }
            expect(total).toBeCloseTo(1, 6);
          }
        }
      }
    }
  });

  test("samples and both gradients", () => {
    for (const points of [0, ...SIZES, 33]) {
      for (const [n, c, hw, taps] of [
        [2, 3, 7, 4],
        [1, 1, 1, 1],
        [3, 2, 20, 1],
        [2, 2, 9, 16],
      ] as const) {
        kernels.reset();
        const x = kernels.input("f32", noise(n * c * hw));
        const weights = kernels.input("f32", noise(n * taps * points, 2));
        const pixels = kernels.input(
          "i32",
          Array.from(noise(n * taps * points, 7, 1), (v) => Math.floor(((v + 1) / 2) * (hw + 1)) - 1),
        );
        const g = kernels.input("f32", noise(n * c * points, 5));
        const out = kernels.output("f32", n * c * points);
        const [dx, dweights] = [kernels.output("f32", x.count), kernels.output("f32", weights.count)];
        const sizes = [n, c, hw, points, taps] as const;
        kernels.run("sampleTaps_f32", out, x, weights, pixels, ...sizes);
        kernels.run("sampleTapsInputGrad_f32", dx, g, weights, pixels, ...sizes);
        kernels.run("sampleTapsWeightGrad_f32", dweights, g, x, pixels, ...sizes);
        const [wanted, toImage, toWeights] = [filled(out.count), filled(x.count), filled(weights.count)];
        for (let o = 0; o < out.count; o++) {
          const plane = Math.floor(o / points);
          for (let tap = 0; tap < taps; tap++) {
            const entry = (Math.floor(plane / c) * taps + tap) * points + (o % points);
            if (pixels.at(entry) < 0) continue;
            const from = plane * hw + pixels.at(entry);
            (wanted[o] as number) += weights.at(entry) * x.at(from);
            (toImage[from] as number) += weights.at(entry) * g.at(o);
            (toWeights[entry] as number) += x.at(from) * g.at(o);
          }
        }
        expectClose(out.data, wanted);
        expectClose(dx.data, toImage, { absolute: 1e-5 });
        expectClose(dweights.data, toWeights);
      }
    }
  });

  test("the grid's gradient is that of the product of the fractions", () => {
    for (const points of [0, ...SIZES]) {
      kernels.reset();
      const n = 2;
      const [fx, fy] = [1, 2].map((seed) => noise(n * points, seed).map((v) => (v + 1) / 2)) as [
        Float32Array,
        Float32Array,
      ];
      const at = (image: number, tap: number, p: number): number => (image * 4 + tap) * points + p;
      const values = filled(n * 4 * points);
      for (let i = 0; i < n * points; i++) {
        const [image, p] = [Math.floor(i / points), i % points];
        const [u, v] = [fx[i] as number, fy[i] as number];
        for (const [tap, w] of [(1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v].entries())
          values[at(image, tap, p)] = w;
      }
      const weights = kernels.input("f32", values);
      const g = kernels.input("f32", noise(values.length, 3));
      const slopes = kernels.input("f32", noise(n * 2 * points, 4));
      const out = kernels.output("f32", n * 2 * points);
      kernels.run("gridTapsGrad_f32", out, g, weights, slopes, n, points);
      const wanted = filled(out.count);
      for (let i = 0; i < n * points; i++) {
        const [image, p] = [Math.floor(i / points), i % points];
        const [g0, g1, g2, g3] = [0, 1, 2, 3].map((tap) => g.at(at(image, tap, p))) as [
          number,
          number,
          number,
          number,
        ];
        const [u, v] = [fx[i] as number, fy[i] as number];
        const first = image * 2 * points + p;
        wanted[first] = ((1 - v) * (g1 - g0) + v * (g3 - g2)) * slopes.at(first);
        const second = first + points;
        wanted[second] = ((1 - u) * (g2 - g0) + u * (g3 - g1)) * slopes.at(second);
      }
      expectClose(out.data, wanted);
    }
  });
});
