import { apply, applyMulti } from "../autograd/apply.ts";
import { isGradEnabled } from "../autograd/mode.ts";
import type { OpRecord, Saved } from "../autograd/node.ts";
import { ShapeError, ValueError } from "../errors.ts";
import * as k from "../program/kernels.gen.ts";
import { arange, ones, tensor } from "../tensor/create.ts";
import { composite } from "../tensor/lifetime.ts";
import { formatShape, type Shape } from "../tensor/shape.ts";
import { contiguous, empty, type Tensor } from "../tensor/tensor.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { castTo } from "./cast.ts";
import { matmul } from "./matmul.ts";
import { expand, permute, reshape, stack, transpose } from "./movement.ts";
import { sum } from "./reduce.ts";

/** How a grid becomes a table of taps of images h × w. */
interface Rule {
  readonly h: number;
  readonly w: number;
  /** 1: the nearest pixel; 4: the corners around; 16: a cubic's. */
  readonly taps: 1 | 4 | 16;
  /** 0 zeros, 1 border, 2 reflection. */
  readonly padding: number;
  readonly align: boolean;
}

/** Grid [n, oh, ow, 2] → weights [n, taps, oh, ow] and pixels of the same shape, i32. */
const tapsRecord: OpRecord<Rule> = {
  name: "gridTaps",
  forward([grid], rule, extras) {
    const places = contiguous(castTo(grid as Tensor, "f32"));
    const [n, oh, ow] = places.shape as [number, number, number, number];
    const weights = empty([n, rule.taps, oh, ow], "f32");
    const pixels = empty(weights.shape, "i32");
    const slopes = empty([n, 2, oh, ow], "f32");
    extras.push(slopes);
    const { h, w, taps, padding, align } = rule;
    if (weights.size > 0) {
      const out = [weights.ptr, pixels.ptr, slopes.ptr] as const;
      k.gridTaps_f32(...out, places.ptr, n, oh * ow, h, w, taps, padding, Number(align));
    }
    return [weights, pixels];
  },
  saves: { output: true },
  vjp: ([g], s, rule) => {
    if (g === null || g === undefined) return [null];
    if (rule.taps === 1) return [mul(permute(s.extra(0), [0, 2, 3, 1]), 0)];
    const planes =
      rule.taps === 16 || isGradEnabled()
        ? composedGrad(g, s)
        : apply(tapsGradRecord, [g, s.output, s.extra(0)], null);
    return [permute(planes, [0, 2, 3, 1])];
  },
};

/** The gradient of the grid as [n, 2, oh, ow], for four taps. Has none of its own: under createGraph the composed rule takes its place. */
const tapsGradRecord: OpRecord<null> = {
  name: "gridTapsGrad",
  forward([gradient, weights, slopes]) {
    const g = contiguous(gradient as Tensor);
    const out = empty((slopes as Tensor).shape, "f32");
    const [n, , oh, ow] = out.shape as [number, number, number, number];
    const sources = [g.ptr, (weights as Tensor).ptr, (slopes as Tensor).ptr] as const;
    if (out.size > 0) k.gridTapsGrad_f32(out.ptr, ...sources, n, oh * ow);
    return out;
  },
};

/**
 * How the weights along one dimension change with the place, from the weights themselves. With t the place past its pixel those of a
 * cubic are four polynomials of the third degree, and their derivatives combinations of them; those of two corners are 1 − t and t.
 */
const SLOPES = {
  2: [
    [-1, -1],
    [1, 1],
  ],
  4: [
    [-4, -0.75, 0, -2.75],
    [5.25, 0, -0.75, 4],
    [-4, 0.75, 0, -5.25],
    [2.75, 0, 0.75, 4],
  ],
};

/** The same in public ops, for any number of taps. The slopes are constant but where a place crosses an edge. */
function composedGrad(g: Tensor, s: Saved): Tensor {
  const [n, taps, ...places] = g.shape as [number, number, number, number];
  const side = taps === 4 ? 2 : 4;
  // [n, side, side, points]: rows of taps, from top to bottom.
  const cells = (t: Tensor): Tensor => reshape(t, [n, side, side, places[0] * places[1]]);
  const [weights, gradient, slopes] = [cells(s.output), cells(g), tensor(SLOPES[side])];
  const along = (dim: 1 | 2): Tensor => {
    const other = dim === 1 ? 2 : 1;
    const lines = sum(mul(gradient, sum(weights, { dim, keepdim: true })), { dim: other });
    return sum(mul(lines, matmul(slopes, sum(weights, { dim: other }))), { dim: 1 });
  };
  const both = stack([along(2), along(1)], { dim: 1 });
  return mul(reshape(both, [n, 2, ...places]), s.extra(0));
}

/** Sizes as the kernels take them: x [n, c, h, w], weights [n, taps, oh, ow]. */
function sizes(x: Shape, weights: Shape): [number, number, number, number, number] {
  const [n, c, h, w] = x as [number, number, number, number];
  const [, taps, oh, ow] = weights as [number, number, number, number];
  return [n, c, h * w, oh * ow, taps];
}

// The weighted sum of taps is linear in the image and in the weights, and so are its gradients: each is a gradient of the others.

/** x, weights, pixels → [n, c, oh, ow]. */
const sampleRecord: OpRecord<null> = {
  name: "gridSample",
  forward([image, table, pixels]) {
    const x = contiguous(castTo(image as Tensor, "f32"));
    const weights = contiguous(table as Tensor);
    const out = empty([...x.shape.slice(0, 2), ...weights.shape.slice(2)], "f32");
    const at = (pixels as Tensor).ptr;
    if (out.size > 0) k.sampleTaps_f32(out.ptr, x.ptr, weights.ptr, at, ...sizes(x.shape, weights.shape));
    return out;
  },
  saves: { inputs: [0, 1, 2] },
  vjp: ([g], s) => [
    s.needs(0) ? apply(imageGradRecord, [g as Tensor, s.input(1), s.input(2)], s.shape(0)) : null,
    s.needs(1) ? apply(weightGradRecord, [g as Tensor, s.input(0), s.input(2)], null) : null,
    null,
  ],
};

/** g, weights, pixels → the gradient of the image, of the shape given. */
const imageGradRecord: OpRecord<Shape> = {
  name: "gridSampleImageGrad",
  forward([gradient, table, pixels], shape) {
    const [g, weights] = [contiguous(gradient as Tensor), contiguous(table as Tensor)];
    const out = empty(shape, "f32");
    const at = (pixels as Tensor).ptr;
    if (out.size > 0)
      k.sampleTapsInputGrad_f32(out.ptr, g.ptr, weights.ptr, at, ...sizes(shape, weights.shape));
    return out;
  },
  saves: { inputs: [0, 1, 2] },
  vjp: ([v], s) => [
    s.needs(0) ? apply(sampleRecord, [v as Tensor, s.input(1), s.input(2)], null) : null,
    s.needs(1) ? apply(weightGradRecord, [s.input(0), v as Tensor, s.input(2)], null) : null,
    null,
  ],
};

/** g, x, pixels → the gradient of the weights. */
const weightGradRecord: OpRecord<null> = {
  name: "gridSampleWeightGrad",
  forward([gradient, image, pixels]) {
    const [g, x] = [contiguous(gradient as Tensor), contiguous(castTo(image as Tensor, "f32"))];
    const out = empty((pixels as Tensor).shape, "f32");
    const at = (pixels as Tensor).ptr;
    if (out.size > 0) k.sampleTapsWeightGrad_f32(out.ptr, g.ptr, x.ptr, at, ...sizes(x.shape, out.shape));
    return out;
  },
  saves: { inputs: [0, 1, 2] },
  vjp: ([v], s) => [
    s.needs(0) ? apply(sampleRecord, [s.input(1), v as Tensor, s.input(2)], null) : null,
    s.needs(1) ? apply(imageGradRecord, [s.input(0), v as Tensor, s.input(2)], s.shape(1)) : null,
    null,
  ],
};

const MODES = { bilinear: 4, nearest: 1, bicubic: 16 } as const;
const PADDINGS = { zeros: 0, border: 1, reflection: 2 } as const;

export interface GridSampleOptions {
  /** Between pixels; "bicubic" is Keys' with a = −¾ and may overshoot. Default "bilinear". */
  mode?: keyof typeof MODES;
  /**
   * What lies outside: zeros, the nearest edge pixel, or the image mirrored. Default "zeros". Moves a place inside before its pixels are
   * looked up; with "bicubic" each of them by itself.
   */
  paddingMode?: keyof typeof PADDINGS;
  /** Whether −1 and 1 are the middles of the corner pixels or their outer edges. Default false. */
  alignCorners?: boolean | null;
}

function choice<T>(what: string, table: Readonly<Record<string, T>>, name: string): T {
  const value = Object.hasOwn(table, name) ? table[name] : undefined;
  if (value === undefined)
    throw new ValueError(
      `gridSample: ${what} must be one of ${Object.keys(table).join(", ")}, got ${JSON.stringify(name)}`,
    );
  return value;
}

/**
 * Samples of x [n, c, h, w] at the places of grid [n, oh, ow, 2] → [n, c, oh, ow]. A place is (x, y) in −1 … 1, from the left edge to the
 * right and from top to bottom; NaN counts as −1 (PyTorch's grid_sample). Gradients flow to the image and, but with "nearest", to the
 * grid.
 * @throws {ShapeError} other ranks, batches that differ, images without pixels; {ValueError} an unknown mode.
 * @example
 * const identity = tensor([[[1, 0, 0], [0, 1, 0]]]);
 * gridSample(tensor([[[[1, 2], [3, 4]]]]), affineGrid(identity, { size: [1, 1, 1, 1] })); // [[[[2.5]]]]
 */
export const gridSample = /* @__PURE__ */ Object.assign(
  (x: Tensor, grid: Tensor, options: GridSampleOptions = {}): Tensor => {
    const taps = choice("mode", MODES, options.mode ?? "bilinear");
    const padding = choice("paddingMode", PADDINGS, options.paddingMode ?? "zeros");
    if (x.ndim !== 4 || grid.ndim !== 4 || grid.shape[3] !== 2 || grid.shape[0] !== x.shape[0]) {
      throw new ShapeError(
        `gridSample: takes x [n, c, h, w] and a grid [n, oh, ow, 2], got ${formatShape(x.shape)} and ${formatShape(grid.shape)}`,
      );
    }
    const [h, w] = x.shape.slice(2) as [number, number];
    if (h === 0 || w === 0)
      throw new ShapeError(`gridSample: needs a pixel to sample, got ${formatShape(x.shape)}`);
    const rule = { h, w, taps, padding, align: options.alignCorners ?? false };
    return composite("gridSample", () => {
      const [weights, pixels] = applyMulti(tapsRecord, [grid], rule) as [Tensor, Tensor];
      return apply(sampleRecord, [x, weights, pixels], null);
    });
  },
  { record: sampleRecord },
);

/** Middles of n pixels from −1 to 1, or with `align` from corner to corner. */
function middles(n: number, align: boolean): Tensor {
  const steps = arange(n);
  if (!align) return sub(mul(add(steps, 0.5), 2 / n), 1);
  return n > 1 ? sub(mul(steps, 2 / (n - 1)), 1) : mul(steps, 0);
}

/**
 * The grid for gridSample that moves images by theta [n, 2, 3]: place (x, y) reads at theta · (x, y, 1). `size` is that of the result,
 * [n, c, h, w] → [n, h, w, 2]; or theta [n, 3, 4] and [n, c, d, h, w] → [n, d, h, w, 3] (PyTorch's affine_grid).
 * @throws {ShapeError} theta is not [n, 2, 3] or [n, 3, 4] with the size's n.
 * @example
 * affineGrid(tensor([[[1, 0, 0.5], [0, 1, 0]]]), { size: [1, 1, 1, 2] }); // [[[[0, 0], [1, 0]]]]
 */
export function affineGrid(
  theta: Tensor,
  options: { size: readonly number[]; alignCorners?: boolean | null },
): Tensor {
  const [n, , ...spatial] = options.size;
  const dims = spatial.length;
  const align = options.alignCorners ?? false;
  if (!options.size.every((m) => Number.isInteger(m) && m > 0) || (dims !== 2 && dims !== 3)) {
    throw new ValueError(
      `affineGrid: size must be [n, c, h, w] or [n, c, d, h, w] of whole numbers ≥ 1, got ${formatShape(options.size)}`,
    );
  }
  if (theta.ndim !== 3 || theta.shape[0] !== n || theta.shape[1] !== dims || theta.shape[2] !== dims + 1) {
    throw new ShapeError(
      `affineGrid: theta must be [${n}, ${dims}, ${dims + 1}] for size ${formatShape(options.size)}, got ${formatShape(theta.shape)}`,
    );
  }
  return composite("affineGrid", () => {
    // Coordinates in the order x, y, z: the last dimension first.
    const along = spatial.map((size, d) => {
      const shape = spatial.map((m, e) => (e === d ? m : 1));
      return expand(reshape(middles(size, align), shape), spatial);
    });
    const points = stack([...along.reverse(), ones(spatial)], { dim: dims });
    const places = matmul(reshape(points, [-1, dims + 1]), transpose(theta, 1, 2));
    return reshape(places, [theta.shape[0] as number, ...spatial, dims]);
  });
}
