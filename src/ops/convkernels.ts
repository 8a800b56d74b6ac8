import { parallelism } from "../program/emit.ts";
import * as k from "../program/kernels.gen.ts";
import type { Shape } from "../tensor/shape.ts";
import { withWorkspace } from "../tensor/storage.ts";
import type { Ptr } from "../wasm/heap.ts";

/** Which kernels a convolution and its gradients run on: a function of the shape alone, so the same everywhere. */

/** A convolution's whole geometry: x [n, c, h, w], weight [o, c / groups, kh, kw], result [n, o, oh, ow]. */
export interface Geometry {
  readonly x: Shape;
  readonly weight: Shape;
  readonly out: Shape;
  readonly stride: readonly [number, number];
  /** Leading padding; the trailing one follows from the sizes. */
  readonly padding: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly groups: number;
}

type Words = [
  ...input: [n: number, c: number, h: number, w: number],
  ...output: [o: number, oh: number, ow: number],
  ...taps: [kh: number, kw: number, sh: number, sw: number, ph: number, pw: number, dh: number, dw: number],
  groups: number,
];

function words(g: Geometry): Words {
  const [n, c, h, w] = g.x as [number, number, number, number];
  const [o, , kh, kw] = g.weight as [number, number, number, number];
  const [, , oh, ow] = g.out as [number, number, number, number];
  return [n, c, h, w, o, oh, ow, kh, kw, ...g.stride, ...g.padding, ...g.dilation, g.groups];
}

/** The most products of channels for which sums at all points of several groups of tiles are kept. */
const SUMS = 32768;

/**
 * Multiply-adds from which on tiles are worth their rounding: they err two to three times as much as plain sums (some 1e-6 of the sums'
 * size against 4e-7), and below they would save a dozen microseconds at most.
 */
const LEAST = 1e6;

/**
 * Whether tiles of Winograd's are faster than plain sums, where they can be used. `c` and `o` are the channels that are read and
 * written, oh × ow what is cut into tiles; the points of a tile cost six channels' products a channel, those of the weights
 * `weights` tiles' products.
 */
function tiled([n, c, , , o, oh, ow, kh, kw, sh, sw, , , dh, dw, groups]: Words, weights: number): boolean {
  if (kh !== 3 || kw !== 3 || sh !== 1 || sw !== 1 || dh !== 1 || dw !== 1 || groups !== 1) return false;
  const pairs = 9 * n * oh * ow * c * o;
  if (c < 8 || o < 8 || pairs < LEAST) return false;
  const tiles = n * Math.ceil(oh / 4) * Math.ceil(ow / 4);
  return pairs > 36 * (tiles * (c * o + 6 * (c + o)) + weights * c * o);
}

/** Whether every channel has a window of its own, of places side by side, at strides that vectors can take. */
const depthwise = ([, c, , , o, , , , , , sw, , , , dw, groups]: Words): boolean =>
  groups === c && o === c && c > 1 && sw <= 2 && dw === 1;

/** out = x convolved with weight, + bias unless that is 0. */
export function convolve(out: Ptr, x: Ptr, weight: Ptr, bias: Ptr, geometry: Geometry): void {
  const dims = words(geometry);
  const [n, c, h, w, o, oh, ow, kh, kw, sh, sw, ph, pw, dh] = dims;
  if (depthwise(dims)) {
    withWorkspace(k.depthwise_f32_workspace(oh, ow, kh, kw, sh, sw, dh, parallelism()), (workspace) => {
      const window = [kh, kw, sh, sw, ph, pw, dh] as const;
      k.depthwise_f32(out, x, weight, bias, 0, n, c, h, w, oh, ow, ...window, 1, 1, 0, workspace);
    });
    return;
  }
  if (tiled(dims, 16)) {
    withWorkspace(k.winogradWeights_f32_workspace(c, o, parallelism()), (points) => {
      k.winogradWeights_f32(points, weight, c, o, 9, c * 9, 0);
      withWorkspace(k.winograd_f32_workspace(c, o, ow, parallelism()), (workspace) => {
        k.winograd_f32(out, x, points, bias, 0, n, c, h, w, o, oh, ow, ph, pw, workspace);
      });
    });
    return;
  }
  withWorkspace(k.conv2d_f32_workspace(...dims, parallelism()), (workspace) => {
    k.conv2d_f32(out, x, weight, bias, 0, ...dims, workspace);
  });
}

/** dx of g = that of the result. With tiles it is a convolution of g by the weights turned about. */
export function inputGradient(dx: Ptr, g: Ptr, weight: Ptr, geometry: Geometry): void {
  const dims = words(geometry);
  const [n, c, h, w, o, oh, ow, kh, kw, sh, sw, ph, pw, dh, dw, groups] = dims;
  if (depthwise(dims)) {
    withWorkspace(k.depthwise_f32_workspace(h, w, kh, kw, 1, 1, dh, parallelism()), (workspace) => {
      const window = [kh, kw, 1, 1, (kh - 1) * dh - ph, kw - 1 - pw, dh] as const;
      k.depthwise_f32(dx, g, weight, 0 as Ptr, 0, n, c, oh, ow, h, w, ...window, sh, sw, 1, workspace);
    });
    return;
  }
  if (tiled([n, o, oh, ow, c, h, w, kh, kw, sh, sw, ph, pw, dh, dw, groups], 16)) {
    withWorkspace(k.winogradWeights_f32_workspace(o, c, parallelism()), (points) => {
      k.winogradWeights_f32(points, weight, o, c, c * 9, 9, 1);
      withWorkspace(k.winograd_f32_workspace(o, c, w, parallelism()), (workspace) => {
        k.winograd_f32(dx, g, points, 0 as Ptr, 0, n, o, oh, ow, c, h, w, 2 - ph, 2 - pw, workspace);
      });
    });
    return;
  }
  withWorkspace(k.conv2dInputGrad_f32_workspace(...dims, parallelism()), (workspace) => {
    k.conv2dInputGrad_f32(dx, g, weight, ...dims, workspace);
  });
}

/** dweight of g = that of the result. */
export function weightGradient(dweight: Ptr, g: Ptr, x: Ptr, geometry: Geometry): void {
  const dims = words(geometry);
  const [n, c, h, w, o, oh, ow, kh, kw, sh, sw, ph, pw, dh] = dims;
  if (depthwise(dims)) {
    withWorkspace(
      k.depthwiseWeightGrad_f32_workspace(oh, ow, kh, kw, sh, sw, dh, parallelism()),
      (workspace) => {
        const window = [kh, kw, sh, sw, ph, pw, dh] as const;
        k.depthwiseWeightGrad_f32(dweight, g, x, n, c, h, w, oh, ow, ...window, workspace);
      },
    );
    return;
  }
  if (c * o <= SUMS && tiled(dims, 24)) {
    withWorkspace(k.winogradSums_f32_workspace(n, c, o, oh, ow, parallelism()), (workspace) => {
      k.winogradSums_f32(g, x, n, c, h, w, o, oh, ow, ph, pw, workspace);
      k.winogradWeightGrad_f32(dweight, workspace, n, c, o, oh, ow);
    });
    return;
  }
  withWorkspace(k.conv2dWeightGrad_f32_workspace(...dims, parallelism()), (workspace) => {
    k.conv2dWeightGrad_f32(dweight, g, x, ...dims, workspace);
  });
}
