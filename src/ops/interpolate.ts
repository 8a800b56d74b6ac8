import { apply } from "../autograd/apply.ts";
import type { OpRecord } from "../autograd/node.ts";
import { ShapeError, ValueError } from "../errors.ts";
import * as k from "../program/kernels.gen.ts";
import { composite } from "../tensor/lifetime.ts";
import { formatShape, type Shape } from "../tensor/shape.ts";
import { contiguous, empty, type Tensor } from "../tensor/tensor.ts";
import type { Ptr } from "../wasm/heap.ts";
import { adaptiveAvgPool2d } from "./avgpool.ts";
import { castTo, to } from "./cast.ts";
import { clone, reshape } from "./movement.ts";
import { around } from "./softmax.ts";

/** Kinds of tables that the kernel makes, and their taps. */
const KINDS = { nearest: [0, 1], nearestExact: [1, 1], linear: [2, 2], cubic: [3, 4] } as const;
type Kind = keyof typeof KINDS;

/** Resampling along one dimension, from `size` places to `count`. */
interface Resampling {
  readonly dim: number;
  readonly size: number;
  readonly count: number;
  readonly kind: Kind;
  readonly align: boolean;
  /** Steps of the input that one of the result takes. */
  readonly step: number;
}

type Kernel = (
  out: Ptr,
  x: Ptr,
  places: Ptr,
  weights: Ptr,
  outer: number,
  size: number,
  count: number,
  inner: number,
  taps: number,
) => number;

/** Runs a kernel with the table of a resampling; `shape` is that of the longer or shorter input. */
function run(source: Tensor, rule: Resampling, length: number, kernel: Kernel): Tensor {
  const x = contiguous(castTo(source, "f32"));
  const { dim, size, count, step } = rule;
  const out = empty(
    x.shape.map((n, d) => (d === dim ? length : n)),
    "f32",
  );
  if (out.size === 0) return out;
  const [kind, taps] = KINDS[rule.kind];
  const places = empty([taps, count], "i32");
  const weights = empty([taps, count], "f32");
  // Two f32 carry the step in double precision.
  const scale = Math.fround(step);
  k.resampleTable_f32(
    places.ptr,
    weights.ptr,
    size,
    count,
    kind,
    Number(rule.align),
    scale,
    Math.fround(step - scale),
  );
  const [outer, , inner] = around(x.shape, dim);
  kernel(out.ptr, x.ptr, places.ptr, weights.ptr, outer, size, count, inner, taps);
  return out;
}

const record: OpRecord<Resampling> = {
  name: "interpolate",
  forward: ([x], rule) => run(x as Tensor, rule, rule.count, k.resample_f32),
  vjp: ([g], _s, rule) => [apply(gradRecord, [g as Tensor], rule)],
};

const gradRecord: OpRecord<Resampling> = {
  name: "interpolateGrad",
  forward: ([g], rule) => run(g as Tensor, rule, rule.size, k.resampleGrad_f32),
  vjp: ([v], _s, rule) => [apply(record, [v as Tensor], rule)],
};

const MODES = {
  nearest: { kind: "nearest", spatial: [1, 2, 3] },
  "nearest-exact": { kind: "nearestExact", spatial: [1, 2, 3] },
  linear: { kind: "linear", spatial: [1] },
  bilinear: { kind: "linear", spatial: [2] },
  trilinear: { kind: "linear", spatial: [3] },
  bicubic: { kind: "cubic", spatial: [2] },
  area: { kind: null, spatial: [1, 2, 3] },
} as const satisfies Record<string, { kind: Kind | null; spatial: readonly number[] }>;

export type InterpolateMode = keyof typeof MODES;

export interface InterpolateOptions {
  /** Sizes of the result behind [n, c]: a number for all, or one each. Either this or `scaleFactor`. */
  size?: number | readonly number[] | null;
  /** How much larger the result is: a number for all dimensions, or one each; sizes are rounded down. */
  scaleFactor?: number | readonly number[] | null;
  /** Default "nearest". */
  mode?: InterpolateMode;
  /** Put the corner pixels' middles upon each other instead of the images' edges; linear and cubic modes only. Default false. */
  alignCorners?: boolean | null;
  /** Take the steps from the rounded sizes, not from `scaleFactor` itself. Default false. */
  recomputeScaleFactor?: boolean | null;
}

/** One positive number a spatial dimension. */
function perDimension(what: string, value: number | readonly number[], spatial: number): readonly number[] {
  const list = typeof value === "number" ? new Array<number>(spatial).fill(value) : value;
  if (list.length !== spatial || list.some((n) => !(n > 0 && Number.isFinite(n)))) {
    throw new ValueError(
      `interpolate: ${what} must be a positive number, or ${spatial} of them for this input, got ${JSON.stringify(value)}`,
    );
  }
  return list;
}

/** Sizes of the result and the factors, where those count. */
function target(
  spatial: Shape,
  { size = null, scaleFactor = null, recomputeScaleFactor = false }: InterpolateOptions,
): { sizes: readonly number[]; factors: readonly number[] | null } {
  if ((size === null) === (scaleFactor === null))
    throw new ValueError("interpolate: give either size or scaleFactor");
  if (scaleFactor === null) {
    const sizes = perDimension("size", size as number | readonly number[], spatial.length);
    if (!sizes.every(Number.isInteger))
      throw new ValueError(`interpolate: sizes must be whole numbers, got ${formatShape(sizes)}`);
    return { sizes, factors: null };
  }
  const factors = perDimension("scaleFactor", scaleFactor, spatial.length);
  const sizes = spatial.map((n, d) => Math.floor(n * (factors[d] as number)));
  if (sizes.some((n) => n < 1)) {
    throw new ShapeError(
      `interpolate: ${formatShape(spatial)} by [${factors.join(", ")}] leaves nothing, ${formatShape(sizes)}`,
    );
  }
  return { sizes, factors: recomputeScaleFactor ? null : factors };
}

/** Means of the windows that divide the image, one or two dimensions at a time: windows are rectangles, so means of means. */
function area(x: Tensor, sizes: readonly number[]): Tensor {
  const [n, c, ...spatial] = x.shape as [number, number, ...number[]];
  const last = spatial.at(-1) as number;
  const wide = sizes.at(-1) as number;
  if (spatial.length === 1) {
    const row = adaptiveAvgPool2d(reshape(x, [n, c, 1, last]), { outputSize: [1, wide] });
    return reshape(row, [n, c, wide]);
  }
  const [depth, height] = spatial.length === 2 ? [1, spatial[0] as number] : (spatial as [number, number]);
  const high = sizes.at(-2) as number;
  const flat = adaptiveAvgPool2d(reshape(x, [n, c * depth, height, last]), { outputSize: [high, wide] });
  if (spatial.length === 2) return flat;
  const deep = adaptiveAvgPool2d(reshape(flat, [n, c, depth, high * wide]), {
    outputSize: [sizes[0] as number, null],
  });
  return reshape(deep, [n, c, ...sizes]);
}

/**
 * Resizes x [n, c, …] of one to three further dimensions to `size` or by `scaleFactor` (PyTorch's interpolate). Modes: "nearest" (the pixel
 * at ⌊i · step⌋), "nearest-exact" (at ⌊(i + ½) · step⌋), "linear" [n, c, l], "bilinear" [n, c, h, w], "trilinear" [n, c, d, h, w],
 * "bicubic" [n, c, h, w] (Keys' with a = −¾), "area" (means, as adaptiveAvgPool). The step is input size / result size, or
 * 1 / scaleFactor; pixel i of the result lies at (i + ½) · step − ½, with `alignCorners` at i · (size − 1) / (result size − 1).
 * @throws {ShapeError} a rank that the mode does not take; {ValueError} unknown modes, both or neither of size and scaleFactor, or
 * alignCorners with a mode that has none.
 * @example
 * interpolate(tensor([[[1, 2]]]), { scaleFactor: 2 }); // [[[1, 1, 2, 2]]]
 * interpolate(zeros([1, 3, 8, 8]), { size: [16, 16], mode: "bilinear" }).shape; // [1, 3, 16, 16]
 */
export function interpolate(x: Tensor, options: InterpolateOptions): Tensor {
  const { mode = "nearest" } = options;
  const align = options.alignCorners ?? false;
  const spec = Object.hasOwn(MODES, mode) ? MODES[mode] : null;
  if (spec === null)
    throw new ValueError(`interpolate: mode must be one of ${Object.keys(MODES).join(", ")}, got "${mode}"`);
  const spatial = x.shape.slice(2);
  if (!(spec.spatial as readonly number[]).includes(spatial.length)) {
    throw new ShapeError(
      `interpolate: mode "${mode}" takes ${spec.spatial.map((n) => n + 2).join(", ")} dimensions, got ${formatShape(x.shape)}`,
    );
  }
  if (align && spec.kind !== "linear" && spec.kind !== "cubic")
    throw new ValueError(`interpolate: alignCorners is for linear and cubic modes, not "${mode}"`);
  if (spatial.some((n) => n < 1))
    throw new ShapeError(`interpolate: needs a pixel to resize, got ${formatShape(x.shape)}`);
  const { sizes, factors } = target(spatial, options);
  const { kind } = spec;
  return composite("interpolate", () => {
    if (kind === null) return area(x, sizes);
    const rules = sizes.flatMap((count, d): Resampling[] => {
      const size = spatial[d] as number;
      const factor = factors?.[d];
      let step = factor === undefined ? size / count : 1 / factor;
      if (align) step = count > 1 ? (size - 1) / (count - 1) : 0;
      // PyTorch copies rows that keep their length in linear modes, whatever the factor.
      const same = size === count && (step === 1 || kind === "linear");
      return same ? [] : [{ dim: d + 2, size, count, kind, align, step }];
    });
    // Rows that shrink go first, and the last dimension before others that grow: its kernel is the slower one.
    const order = (r: Resampling): number => (r.count < r.size ? r.dim - 10 : -r.dim);
    rules.sort((a, b) => order(a) - order(b));
    let out = x;
    for (const rule of rules) out = apply(record, [out], rule);
    return out === x ? clone(to(x, "f32")) : out;
  });
}
