import * as ops from "../../../src/ops/index.ts";
import { zeros, type Tensor } from "../../../src/index.ts";
import { at, fromFn, nd, padded, type Nd } from "../nd.ts";
import { exactly, f32, i32, type OpSpec } from "../spec.ts";

interface Blocks {
  readonly kernelSize: readonly [number, number];
  readonly stride?: readonly [number, number];
  readonly padding?: readonly [number, number];
  readonly dilation?: readonly [number, number];
}

/** For each window and tap of images h × w: [tap, window, row, column], inside or not. */
function* taps(h: number, w: number, b: Blocks): Generator<[number, number, number, number]> {
  const { stride: [sh, sw] = [1, 1], padding: [ph, pw] = [0, 0], dilation: [dh, dw] = [1, 1] } = b;
  const [kh, kw] = b.kernelSize;
  const oh = Math.floor((h + 2 * ph - dh * (kh - 1) - 1) / sh) + 1;
  const ow = Math.floor((w + 2 * pw - dw * (kw - 1) - 1) / sw) + 1;
  for (let tap = 0; tap < kh * kw; tap++) {
    for (let o = 0; o < oh * ow; o++) {
      const row = Math.floor(o / ow) * sh - ph + Math.floor(tap / kw) * dh;
      yield [tap, o, row, (o % ow) * sw - pw + (tap % kw) * dw];
    }
  }
}

/** Both as [planes, h, w] and [planes, taps, windows]. */
const lead = (shape: readonly number[]): number => shape.slice(0, -2).reduce((a, b) => a * b, 1);

function unfolded(x: Nd, b: Blocks): Nd {
  const [h, w] = x.shape.slice(-2) as [number, number];
  const all = [...taps(h, w, b)];
  const count = b.kernelSize[0] * b.kernelSize[1];
  const planes = nd([lead(x.shape), h, w], x.data);
  const values = Array.from({ length: lead(x.shape) }, (_, p) =>
    all.map(([, , row, column]) => padded(planes, [p, row, column])),
  ).flat();
  const c = x.shape.at(-3) as number;
  return nd([...x.shape.slice(0, -3), c * count, all.length / count], values);
}

function folded(x: Nd, b: Blocks, [h, w]: readonly [number, number]): Nd {
  const count = b.kernelSize[0] * b.kernelSize[1];
  const c = (x.shape.at(-2) as number) / count;
  const shape = [...x.shape.slice(0, -2), c, h, w];
  const out = new Float64Array(lead(shape) * h * w);
  const columns = nd([lead(shape), count, x.shape.at(-1) as number], x.data);
  for (let p = 0; p < lead(shape); p++) {
    for (const [tap, o, row, column] of taps(h, w, b)) {
      if (row < 0 || row >= h || column < 0 || column >= w) continue;
      out[(p * h + row) * w + column] =
        (out[(p * h + row) * w + column] as number) + at(columns, [p, tap, o]);
    }
  }
  return nd(shape, out);
}

const BLOCKS: readonly Blocks[] = [
  { kernelSize: [2, 2] },
  { kernelSize: [2, 3], stride: [1, 2], padding: [1, 0] },
  { kernelSize: [2, 2], dilation: [2, 1], padding: [0, 1], stride: [2, 3] },
];

interface Resize {
  readonly size?: number | readonly number[];
  readonly scaleFactor?: number | readonly number[];
  readonly mode?: ops.InterpolateMode;
  readonly alignCorners?: boolean;
}

/** Keys' cubic with a = −¾. */
function keys(t: number): number {
  const u = Math.abs(t);
  if (u <= 1) return 1.25 * u ** 3 - 2.25 * u ** 2 + 1;
  return u < 2 ? -0.75 * (u ** 3 - 5 * u ** 2 + 8 * u - 4) : 0;
}

/** Weights of the inputs of output o along a dimension of n that becomes m. */
function shares(o: number, n: number, m: number, r: Resize, factor: number | undefined): Map<number, number> {
  const { mode = "nearest", alignCorners = false } = r;
  const clip = (i: number): number => Math.min(n - 1, Math.max(0, i));
  if (mode === "area") {
    const [from, end] = [Math.floor((o * n) / m), Math.ceil(((o + 1) * n) / m)];
    return new Map(Array.from({ length: end - from }, (_, i) => [from + i, 1 / (end - from)]));
  }
  const step = factor === undefined ? n / m : 1 / factor;
  if (mode === "nearest") return new Map([[clip(Math.floor(o * step + 1e-9)), 1]]);
  if (mode === "nearest-exact") return new Map([[clip(Math.floor((o + 0.5) * step + 1e-9)), 1]]);
  let place = alignCorners ? (m > 1 ? (o * (n - 1)) / (m - 1) : 0) : (o + 0.5) * step - 0.5;
  const cubic = mode === "bicubic";
  if (!cubic) place = Math.max(0, n === m ? o : place);
  const out = new Map<number, number>();
  for (let i = Math.floor(place) - 1; i <= Math.floor(place) + 2; i++) {
    const weight = cubic ? keys(place - i) : Math.max(0, 1 - Math.abs(place - i));
    out.set(clip(i), (out.get(clip(i)) ?? 0) + weight);
  }
  return out;
}

function resized(x: Nd, r: Resize): Nd {
  let out = x;
  for (let d = 2; d < x.shape.length; d++) {
    const n = x.shape[d] as number;
    const pick = (v: number | readonly number[] | undefined): number | undefined =>
      typeof v === "object" ? v[d - 2] : v;
    const factor = pick(r.scaleFactor);
    const m = pick(r.size) ?? Math.floor(n * (factor as number));
    const from = out;
    out = fromFn(
      from.shape.map((s, e) => (e === d ? m : s)),
      (index) => {
        let total = 0;
        for (const [i, weight] of shares(index[d] as number, n, m, r, factor))
          total +=
            weight *
            at(
              from,
              index.map((at, e) => (e === d ? i : at)),
            );
        return total;
      },
    );
  }
  return out;
}

export const resampleSpecs = {
  unfold: {
    samples: [
      ...BLOCKS.map((attrs) => ({ inputs: [f32([1, 2, 4, 5])], attrs })),
      { inputs: [f32([2, 4, 5])], attrs: BLOCKS[1] },
      { inputs: [i32([2, 1, 3, 3], -5, 5)], attrs: BLOCKS[0] },
      { inputs: [exactly([0, 1, 3, 3], [])], attrs: BLOCKS[0] },
    ],
    call: ([x], b: Blocks) => ops.unfold(x as Tensor, b),
    reference: ([x], b: Blocks) => unfolded(x as Nd, b),
    errors: [
      [
        () => ops.unfold(zeros([4, 4]), { kernelSize: 2 }),
        "ShapeError",
        /unfold: takes \[n, c, h, w\] or \[c, h, w\], got \[4, 4\]/,
      ],
      [
        () => ops.unfold(zeros([1, 2, 2]), { kernelSize: 3 }),
        "ShapeError",
        /windows of \[3, 3\] with dilation \[1, 1\] do not fit into \[1, 2, 2\]/,
      ],
    ],
  },
  fold: {
    samples: [
      { inputs: [f32([1, 8, 12])], attrs: { ...BLOCKS[0], outputSize: [4, 5] } },
      { inputs: [f32([2, 6, 10])], attrs: { ...BLOCKS[1], outputSize: [4, 5] } },
      { inputs: [f32([4, 2])], attrs: { ...BLOCKS[2], outputSize: [4, 5] } },
    ],
    call: ([x], a: Blocks & { outputSize: [number, number] }) => ops.fold(x as Tensor, a),
    reference: ([x], a: Blocks & { outputSize: [number, number] }) => folded(x as Nd, a, a.outputSize),
    errors: [
      [
        () => ops.fold(zeros([1, 5, 4]), { outputSize: 3, kernelSize: 2 }),
        "ShapeError",
        /5 rows in \[1, 5, 4\] are no multiple of 2 · 2/,
      ],
      [
        () => ops.fold(zeros([1, 4, 5]), { outputSize: 3, kernelSize: 2 }),
        "ShapeError",
        /2 · 2 = 4 windows fit into \[3, 3\], the input \[1, 4, 5\] has 5/,
      ],
      [() => ops.fold(zeros([4]), { outputSize: 3, kernelSize: 2 }), "ShapeError", /takes \[n, c · kh · kw/],
    ],
  },
  interpolate: {
    samples: [
      ...(["nearest", "nearest-exact", "bilinear", "bicubic", "area"] as const).flatMap((mode) => [
        { inputs: [f32([1, 2, 3, 4])], attrs: { mode, size: [5, 7] } },
        { inputs: [f32([1, 1, 6, 5])], attrs: { mode, size: [4, 2] } },
        { inputs: [f32([2, 1, 3, 3])], attrs: { mode, size: [3, 5] } },
      ]),
      { inputs: [f32([1, 2, 4, 3])], attrs: { mode: "bilinear", scaleFactor: 1.7 } },
      { inputs: [f32([1, 1, 5, 4])], attrs: { scaleFactor: [2, 0.6] } },
      { inputs: [f32([1, 1, 4, 4])], attrs: { mode: "bicubic", scaleFactor: [1.3, 0.8] } },
      { inputs: [f32([1, 2, 3, 4])], attrs: { mode: "bilinear", size: [6, 1], alignCorners: true } },
      { inputs: [f32([1, 1, 3, 4])], attrs: { mode: "bicubic", size: 5, alignCorners: true } },
      { inputs: [f32([2, 2, 5])], attrs: { mode: "linear", size: 8 } },
      { inputs: [f32([1, 2, 5])], attrs: { mode: "area", size: [3] } },
      { inputs: [f32([1, 1, 2, 3, 2])], attrs: { mode: "trilinear", size: [3, 2, 4] } },
      { inputs: [f32([1, 1, 3, 2, 3])], attrs: { mode: "area", size: [2, 2, 2] } },
      { inputs: [f32([1, 2, 2, 2])], attrs: { mode: "bilinear", size: 2 } },
      { inputs: [i32([1, 1, 2, 3], -5, 5)], attrs: { size: 4 } },
      { inputs: [exactly([0, 1, 2, 2], [])], attrs: { size: 3 } },
    ],
    call: ([x], r: Resize) => ops.interpolate(x as Tensor, r),
    reference: ([x], r: Resize) => resized(x as Nd, r),
    errors: [
      [() => ops.interpolate(zeros([1, 1, 2]), {}), "ValueError", /give either size or scaleFactor/],
      [
        () => ops.interpolate(zeros([1, 1, 2]), { size: 2, mode: "cubic" as never }),
        "ValueError",
        /mode must be one of nearest, .*, got "cubic"/,
      ],
      [
        () => ops.interpolate(zeros([1, 1, 2]), { size: 2, mode: "bilinear" }),
        "ShapeError",
        /mode "bilinear" takes 4 dimensions, got \[1, 1, 2\]/,
      ],
      [
        () => ops.interpolate(zeros([1, 1, 2]), { size: 2, alignCorners: true }),
        "ValueError",
        /alignCorners is for linear and cubic modes, not "nearest"/,
      ],
      [
        () => ops.interpolate(zeros([1, 1, 2, 2]), { size: [2] }),
        "ValueError",
        /size must be a positive number, or 2 of them/,
      ],
      [
        () => ops.interpolate(zeros([1, 1, 2]), { scaleFactor: 0.3 }),
        "ShapeError",
        /\[2\] by \[0.3\] leaves nothing, \[0\]/,
      ],
      [
        () => ops.interpolate(zeros([1, 1, 0]), { size: 2 }),
        "ShapeError",
        /needs a pixel to resize, got \[1, 1, 0\]/,
      ],
    ],
  },
} satisfies Record<string, OpSpec>;
