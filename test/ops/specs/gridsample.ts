import * as ops from "../../../src/ops/index.ts";
import { zeros, type Tensor } from "../../../src/index.ts";
import { at, fromFn, padded, type Nd } from "../nd.ts";
import { exactly, f32, type Input, type OpSpec } from "../spec.ts";

/** The place in pixels of a coordinate, step by step as the documentation tells it. */
const free = (g: number, size: number, a: ops.GridSampleOptions): number =>
  a.alignCorners ? ((g + 1) / 2) * (size - 1) : ((g + 1) * size - 1) / 2;

/** A place kept inside. */
function kept(place: number, size: number, a: ops.GridSampleOptions): number {
  const align = a.alignCorners ?? false;
  let x = place;
  if (a.paddingMode === "reflection") {
    const [low, high] = align ? [0, size - 1] : [-0.5, size - 0.5];
    if (high === low) x = 0;
    else while (x < low || x > high) x = x < low ? 2 * low - x : 2 * high - x;
  }
  return (a.paddingMode ?? "zeros") === "zeros" ? x : Math.min(size - 1, Math.max(0, x));
}

const place = (g: number, size: number, a: ops.GridSampleOptions): number => kept(free(g, size, a), size, a);

/** Keys' weight of a pixel at a distance, by the formulas of his paper with a = −¾. */
function keys(distance: number): number {
  const [s, a] = [Math.abs(distance), -0.75];
  if (s >= 2) return 0;
  return s < 1 ? (a + 2) * s ** 3 - (a + 3) * s ** 2 + 1 : a * (s ** 3 - 5 * s ** 2 + 8 * s - 4);
}

function sampled(x: Nd, grid: Nd, a: ops.GridSampleOptions): Nd {
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const [, oh, ow] = grid.shape as [number, number, number, number];
  return fromFn([n, c, oh, ow], (index) => {
    const [i, channel, y, z] = index as [number, number, number, number];
    const column = place(at(grid, [i, y, z, 0]), w, a);
    const row = place(at(grid, [i, y, z, 1]), h, a);
    const pixel = (r: number, s: number): number => padded(x, [i, channel, r, s]);
    if (a.mode === "bicubic") {
      const [v, u] = [free(at(grid, [i, y, z, 1]), h, a), free(at(grid, [i, y, z, 0]), w, a)];
      let value = 0;
      for (let r = Math.floor(v) - 1; r < v + 2; r++) {
        for (let s = Math.floor(u) - 1; s < u + 2; s++)
          value += pixel(kept(r, h, a), kept(s, w, a)) * keys(v - r) * keys(u - s);
      }
      return value;
    }
    if (a.mode === "nearest") {
      const even = (v: number): number => (v % 1 === 0.5 ? 2 * Math.round(v / 2) : Math.round(v));
      return pixel(even(row), even(column));
    }
    let total = 0;
    for (const r of [Math.floor(row), Math.floor(row) + 1]) {
      for (const s of [Math.floor(column), Math.floor(column) + 1])
        total += pixel(r, s) * (1 - Math.abs(row - r)) * (1 - Math.abs(column - s));
    }
    return total;
  });
}

/** A grid that reaches outside on all sides; away from edges of pixels, where there is no derivative. */
function grid(shape: readonly number[], x: readonly [number, number]): Input {
  const [h, w] = x;
  const raw = f32([...shape, 2], -2.4, 2.4);
  return exactly(
    raw.shape,
    [...raw.values].map((v, i) => {
      const unit = 4 * (i % 2 === 0 ? (w - 1) * w : (h - 1) * h);
      const away = Math.abs(v * unit - 2 * Math.round((v * unit) / 2)) / unit;
      return away < 0.005 ? v + 0.01 : v;
    }),
  );
}

const ALL: readonly ops.GridSampleOptions[] = (["zeros", "border", "reflection"] as const).flatMap(
  (paddingMode) => [
    { paddingMode },
    { paddingMode, alignCorners: true },
    { paddingMode, mode: "nearest" as const },
    { paddingMode, mode: "bicubic" as const },
    { paddingMode, mode: "bicubic" as const, alignCorners: true },
  ],
);

export const gridSampleSpecs = {
  gridSample: {
    samples: [
      ...ALL.map((attrs) => ({ inputs: [f32([1, 2, 3, 3]), grid([1, 2, 3], [3, 3])], attrs })),
      { inputs: [f32([2, 1, 2, 4]), grid([2, 1, 5], [2, 4])], attrs: {} },
      { inputs: [f32([1, 3, 1, 1]), grid([1, 2, 2], [2, 2])], attrs: { paddingMode: "border" } },
      { inputs: [exactly([0, 1, 2, 2], []), exactly([0, 1, 1, 2], [])], attrs: {} },
      { inputs: [f32([2, 1, 2, 4]), grid([2, 1, 5], [2, 4])], attrs: { mode: "bicubic" } },
      {
        inputs: [f32([1, 2, 1, 1]), grid([1, 2, 2], [2, 2])],
        attrs: { mode: "bicubic", paddingMode: "reflection", alignCorners: true },
      },
      { inputs: [exactly([0, 1, 2, 2], []), exactly([0, 1, 1, 2], [])], attrs: { mode: "bicubic" } },
    ],
    call: ([x, g], a: object) => ops.gridSample(x as Tensor, g as Tensor, a),
    reference: ([x, g], a: ops.GridSampleOptions) => sampled(x as Nd, g as Nd, a),
    errors: [
      [
        () => ops.gridSample(zeros([1, 1, 2, 2]), zeros([2, 1, 1, 2])),
        "ShapeError",
        /takes x \[n, c, h, w\] and a grid \[n, oh, ow, 2\], got \[1, 1, 2, 2\] and \[2, 1, 1, 2\]/,
      ],
      [
        () => ops.gridSample(zeros([1, 1, 2, 2]), zeros([1, 1, 1, 2]), { mode: "cubic" as never }),
        "ValueError",
        /mode must be one of bilinear, nearest, bicubic, got "cubic"/,
      ],
      [
        () => ops.gridSample(zeros([1, 1, 2, 2]), zeros([1, 1, 1, 2]), { paddingMode: "wrap" as never }),
        "ValueError",
        /paddingMode must be one of zeros, border, reflection/,
      ],
      [
        () => ops.gridSample(zeros([1, 1, 0, 2]), zeros([1, 1, 1, 2])),
        "ShapeError",
        /needs a pixel to sample, got \[1, 1, 0, 2\]/,
      ],
    ],
  },
  affineGrid: {
    samples: [
      { inputs: [f32([2, 2, 3])], attrs: { size: [2, 1, 2, 3] } },
      { inputs: [f32([1, 2, 3])], attrs: { size: [1, 3, 1, 4], alignCorners: true } },
      { inputs: [f32([1, 3, 4])], attrs: { size: [1, 1, 2, 3, 2], alignCorners: true } },
    ],
    call: ([theta], a: { size: number[] }) => ops.affineGrid(theta as Tensor, a),
    reference: ([theta], { size, alignCorners = false }: { size: number[]; alignCorners?: boolean }) => {
      const spatial = size.slice(2);
      const middle = (i: number, n: number): number => {
        if (!alignCorners) return (2 * i + 1) / n - 1;
        return n > 1 ? (2 * i) / (n - 1) - 1 : 0;
      };
      return fromFn([size[0] as number, ...spatial, spatial.length], (index) => {
        const point = index.slice(1, -1).map((i, d) => middle(i, spatial[d] as number));
        return [...point.reverse(), 1].reduce(
          (total, v, j) => total + v * at(theta as Nd, [index[0] as number, index.at(-1) as number, j]),
          0,
        );
      });
    },
    errors: [
      [
        () => ops.affineGrid(zeros([2, 2, 3]), { size: [1, 1, 2, 2] }),
        "ShapeError",
        /theta must be \[1, 2, 3\] for size \[1, 1, 2, 2\], got \[2, 2, 3\]/,
      ],
      [
        () => ops.affineGrid(zeros([1, 2, 3]), { size: [1, 2] }),
        "ValueError",
        /size must be \[n, c, h, w\] or \[n, c, d, h, w\]/,
      ],
    ],
  },
} satisfies Record<string, OpSpec>;
