import { ShapeError, ValueError } from "../errors.ts";
import { arange, zeros } from "../tensor/create.ts";
import { composite } from "../tensor/lifetime.ts";
import { formatShape, normalizeDim, resolveReshape, type Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { add } from "./arithmetic.ts";
import { ge, le } from "./compare.ts";
import { cat, clone, expand, narrow, permute, reshape, select, unsqueeze } from "./movement.ts";
import { where } from "./select.ts";

/** Where elements go, made of views and joins. */

/** x with its entries moved `shift` places on along a dimension, round the end. */
function rolled(x: Tensor, shift: number, dim: number): Tensor {
  const n = x.shape[dim] as number;
  const by = n === 0 ? 0 : ((shift % n) + n) % n;
  if (by === 0) return x;
  const cut = n - by;
  const [head, tail] = [
    narrow(x, { dim, start: 0, length: cut }),
    narrow(x, { dim, start: cut, length: by }),
  ];
  return cat([tail, head], { dim });
}

/**
 * Entries moved `shifts` places on along `dims`, those that leave the end coming back at the beginning; without `dims`, of the flattened
 * x. PyTorch's `roll`.
 * @throws {ValueError} shifts that are not whole, or not one for each of `dims`.
 * @example
 * roll(tensor([1, 2, 3]), 1); // [3, 1, 2]
 */
export function roll(
  x: Tensor,
  shifts: number | readonly number[],
  options: { dims?: number | readonly number[] } = {},
): Tensor {
  const steps = [shifts].flat();
  const dims = options.dims === undefined ? undefined : [options.dims].flat();
  if (!steps.every(Number.isInteger) || steps.length !== (dims ?? [0]).length) {
    throw new ValueError(
      `roll: needs a whole number for each of dims, got shifts [${steps.join(", ")}] ${dims ? `for dims [${dims.join(", ")}]` : "without dims, where there is one"}`,
    );
  }
  const along = dims?.map((d) => normalizeDim("roll", d, x.ndim));
  return composite("roll", () => {
    const flat = along === undefined || x.ndim === 0;
    const start = flat ? reshape(x, [-1]) : x;
    const out = steps.reduce((t, shift, i) => rolled(t, shift, along?.[i] ?? 0), start);
    const shaped = flat ? reshape(out, x.shape) : out;
    return shaped.storage === x.storage ? clone(shaped) : shaped;
  });
}

function triangle(op: string, x: Tensor, diagonal: number, side: typeof ge): Tensor {
  if (x.ndim < 2)
    throw new ShapeError(`${op}: needs at least two dimensions (rows, columns), got ${formatShape(x.shape)}`);
  if (!Number.isInteger(diagonal))
    throw new ValueError(`${op}: diagonal must be a whole number, got ${diagonal}`);
  const [rows, columns] = x.shape.slice(-2) as [number, number];
  // Further out is all or nothing; the row numbers stay within i32.
  const bound = Math.max(-rows, Math.min(columns, diagonal));
  return composite(op, () => {
    const inside = side(add(unsqueeze(arange(rows), -1), bound), arange(columns));
    return where(inside, x, zeros([], { dtype: x.dtype }));
  });
}

/**
 * The matrices of the last two dimensions with 0 above a diagonal: 0 (default) is the main one, positive ones lie above it.
 * PyTorch's `tril`.
 * @throws {ShapeError} fewer than two dimensions.
 * @example
 * tril(tensor([[1, 2], [3, 4]])); // [[1, 0], [3, 4]]
 */
export const tril = (x: Tensor, options: { diagonal?: number } = {}): Tensor =>
  triangle("tril", x, options.diagonal ?? 0, ge);

/**
 * The matrices of the last two dimensions with 0 below a diagonal: 0 (default) is the main one, positive ones lie above it.
 * PyTorch's `triu`.
 * @throws {ShapeError} fewer than two dimensions.
 * @example
 * triu(tensor([[1, 2], [3, 4]])); // [[1, 2], [0, 4]]
 */
export const triu = (x: Tensor, options: { diagonal?: number } = {}): Tensor =>
  triangle("triu", x, options.diagonal ?? 0, le);

function checkFactor(op: string, name: string, factor: number): void {
  if (!Number.isInteger(factor) || factor < 1)
    throw new ValueError(`${op}: ${name} must be a whole number ≥ 1, got ${factor}`);
}

/**
 * Channels to space: [..., c·r², h, w] → [..., c, h·r, w·r] for an upscale factor r (Shi et al. 2016). PyTorch's `pixel_shuffle`.
 * @throws {ShapeError} fewer than three dimensions, or channels that r² does not divide.
 * @example
 * pixelShuffle(zeros([1, 8, 2, 3]), { upscaleFactor: 2 }).shape; // [1, 2, 4, 6]
 */
export function pixelShuffle(x: Tensor, options: { upscaleFactor: number }): Tensor {
  const r = options.upscaleFactor;
  checkFactor("pixelShuffle", "upscaleFactor", r);
  const [c, h, w] = x.shape.slice(-3) as [number, number, number];
  if (x.ndim < 3 || c % (r * r) !== 0) {
    throw new ShapeError(
      `pixelShuffle: takes [..., c, h, w] with c a multiple of ${r * r}, got ${formatShape(x.shape)}`,
    );
  }
  const lead = x.shape.slice(0, -3);
  const order = lead.map((_, d) => d);
  const at = lead.length;
  return composite("pixelShuffle", () => {
    const cells = reshape(x, [...lead, c / (r * r), r, r, h, w]);
    const turned = permute(cells, [...order, at, at + 3, at + 1, at + 4, at + 2]);
    return reshape(turned, [...lead, c / (r * r), h * r, w * r]);
  });
}

/**
 * Space to channels, the inverse of `pixelShuffle`: [..., c, h·r, w·r] → [..., c·r², h, w]. PyTorch's `pixel_unshuffle`.
 * @throws {ShapeError} fewer than three dimensions, or sizes that r does not divide.
 * @example
 * pixelUnshuffle(zeros([1, 2, 4, 6]), { downscaleFactor: 2 }).shape; // [1, 8, 2, 3]
 */
export function pixelUnshuffle(x: Tensor, options: { downscaleFactor: number }): Tensor {
  const r = options.downscaleFactor;
  checkFactor("pixelUnshuffle", "downscaleFactor", r);
  const [c, h, w] = x.shape.slice(-3) as [number, number, number];
  if (x.ndim < 3 || h % r !== 0 || w % r !== 0) {
    throw new ShapeError(
      `pixelUnshuffle: takes [..., c, h, w] with h and w multiples of ${r}, got ${formatShape(x.shape)}`,
    );
  }
  const lead = x.shape.slice(0, -3);
  const order = lead.map((_, d) => d);
  const at = lead.length;
  return composite("pixelUnshuffle", () => {
    const cells = reshape(x, [...lead, c, h / r, r, w / r, r]);
    const turned = permute(cells, [...order, at, at + 2, at + 4, at + 1, at + 3]);
    return reshape(turned, [...lead, c * r * r, h / r, w / r]);
  });
}

/**
 * One dimension as several; one of the sizes may be −1. A view where strides allow it. PyTorch's `unflatten`.
 * @throws {ShapeError} sizes whose product is not the dimension's.
 * @example
 * unflatten(zeros([2, 6]), 1, [3, -1]).shape; // [2, 3, 2]
 */
export function unflatten(x: Tensor, dim: number, sizes: Shape): Tensor {
  const d = normalizeDim("unflatten", dim, x.ndim);
  const parts = resolveReshape("unflatten", [x.shape[d] ?? 1], sizes);
  return reshape(x, [...x.shape.slice(0, d), ...parts, ...x.shape.slice(d + 1)]);
}

/**
 * The entries along `dim` (default 0), each without that dimension. Views. PyTorch's `unbind`.
 * @throws {ShapeError} a scalar.
 * @example
 * const [first, second] = unbind(tensor([[1, 2], [3, 4]])); // [1, 2], [3, 4]
 */
export function unbind(x: Tensor, options: { dim?: number } = {}): Tensor[] {
  const dim = normalizeDim("unbind", options.dim ?? 0, x.ndim);
  if (x.ndim === 0) throw new ShapeError("unbind: a scalar has no dimension to take apart");
  return Array.from({ length: x.shape[dim] as number }, (_, i) => select(x, dim, i));
}

/**
 * Coordinates of a grid: from vectors of n₀, n₁, … elements a tensor [n₀, n₁, …] each, that varies along its own dimension. Views.
 * PyTorch's `meshgrid`.
 * @param options indexing: "ij" (default), or "xy", which swaps the first two dimensions as plots have them.
 * @throws {ShapeError} a tensor of two dimensions or more.
 * @example
 * const [y, x] = meshgrid([arange(2), arange(3)]); // [[0, 0, 0], [1, 1, 1]], [[0, 1, 2], [0, 1, 2]]
 */
export function meshgrid(tensors: readonly Tensor[], options: { indexing?: "ij" | "xy" } = {}): Tensor[] {
  const indexing: string = options.indexing ?? "ij";
  if (indexing !== "ij" && indexing !== "xy")
    throw new ValueError(`meshgrid: indexing must be "ij" or "xy", got ${JSON.stringify(indexing)}`);
  tensors.forEach((t, i) => {
    if (t.ndim > 1)
      throw new ShapeError(`meshgrid: takes vectors and scalars, tensor ${i} is ${formatShape(t.shape)}`);
  });
  const swapped = indexing === "xy" && tensors.length > 1;
  const place = (i: number): number => (swapped && i < 2 ? 1 - i : i);
  const shape = tensors.map((_, d) => (tensors[place(d)] as Tensor).size);
  return tensors.map((t, i) =>
    composite("meshgrid", () => {
      const own = shape.map((n, d) => (d === place(i) ? n : 1));
      return expand(reshape(t, own), shape);
    }),
  );
}

/**
 * x repeated to `shape` by broadcasting, without copying: `expand` under PyTorch's other name.
 * @throws {ShapeError} a shape that x does not broadcast to.
 * @example
 * broadcastTo(tensor([1, 2]), [3, 2]).shape; // [3, 2]
 */
export const broadcastTo = (x: Tensor, shape: Shape): Tensor => expand(x, shape);
