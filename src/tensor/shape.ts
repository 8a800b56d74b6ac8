import { ShapeError } from "../errors.ts";

/** Sizes or strides, outermost dimension first; strides count elements. */
export type Shape = readonly number[];

export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const n of shape) size *= n;
  return size;
}

/** Row-major strides. */
export function contiguousStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    strides[d] = step;
    step *= shape[d] as number;
  }
  return strides;
}

/** Whether elements lie row-major without gaps; dimensions of size 1 may have any stride. */
export function isContiguous(shape: Shape, strides: Shape): boolean {
  let step = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    const n = shape[d] as number;
    if (n === 0) return true;
    if (n !== 1 && strides[d] !== step) return false;
    step *= n;
  }
  return true;
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let d = 0; d < a.length; d++) if (a[d] !== b[d]) return false;
  return true;
}

export const formatShape = (shape: Shape): string => `[${shape.join(", ")}]`;

/** Refuses what cannot be a shape: sizes must be whole numbers ≥ 0. */
export function checkShape(op: string, shape: Shape): void {
  for (const n of shape) {
    if (!Number.isSafeInteger(n) || n < 0) {
      throw new ShapeError(`${op}: sizes must be whole numbers ≥ 0, got ${formatShape(shape)}`);
    }
  }
}

/** NumPy's rule: align at the last dimension; sizes must be equal or 1. */
export function broadcastShapes(op: string, a: Shape, b: Shape): Shape {
  if (sameShape(a, b)) return a;
  const rank = Math.max(a.length, b.length);
  const out = new Array<number>(rank);
  for (let d = 1; d <= rank; d++) {
    const x = a[a.length - d] ?? 1;
    const y = b[b.length - d] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw new ShapeError(
        `${op}: shapes ${formatShape(a)} and ${formatShape(b)} do not broadcast: dimension −${d} is ${x} against ${y} (sizes must be equal, or one of them 1)`,
      );
    }
    out[rank - d] = x === 1 ? y : x;
  }
  return out;
}

/** Strides of a tensor seen as `target`: 0 along broadcast dimensions. The shapes must be compatible. */
export function broadcastStrides(shape: Shape, strides: Shape, target: Shape): number[] {
  const out = new Array<number>(target.length);
  const lead = target.length - shape.length;
  for (let d = 0; d < target.length; d++) {
    const n = d < lead ? 1 : (shape[d - lead] as number);
    out[d] = n === 1 && target[d] !== 1 ? 0 : d < lead ? 0 : (strides[d - lead] as number);
  }
  return out;
}

/** A dimension's index, counted from the end when negative. A scalar has dimension 0 and −1, as in PyTorch. */
export function normalizeDim(op: string, dim: number, rank: number): number {
  const bound = Math.max(rank, 1);
  if (!Number.isInteger(dim) || dim < -bound || dim >= bound) {
    throw new ShapeError(
      `${op}: dim ${dim} is outside [${-bound}, ${bound - 1}] of a tensor of rank ${rank}`,
    );
  }
  return dim < 0 ? dim + bound : dim;
}

/** Dimensions as a sorted list without repeats; undefined means all. */
export function normalizeDims(
  op: string,
  dim: number | readonly number[] | undefined,
  rank: number,
): number[] {
  if (dim === undefined) return Array.from({ length: rank }, (_, d) => d);
  if (typeof dim === "number")
    return rank === 0 ? (normalizeDim(op, dim, rank), []) : [normalizeDim(op, dim, rank)];
  const dims = dim.map((d) => normalizeDim(op, d, rank)).sort((x, y) => x - y);
  for (let i = 1; i < dims.length; i++) {
    if (dims[i] === dims[i - 1])
      throw new ShapeError(`${op}: dim ${dims[i]} appears twice in [${dim.join(", ")}]`);
  }
  return rank === 0 ? [] : dims;
}

/** Resolves a −1 and checks that the number of elements stays. */
export function resolveReshape(op: string, from: Shape, to: Shape): number[] {
  const size = sizeOf(from);
  const out = [...to];
  const hole = out.indexOf(-1);
  if (hole >= 0) {
    const known = out.reduce((product, n, d) => (d === hole ? product : product * n), 1);
    out[hole] = known === 0 ? 0 : size / known;
    if (out.lastIndexOf(-1) > hole)
      throw new ShapeError(`${op}: only one size may be −1, got ${formatShape(to)}`);
    if (known === 0 && size === 0)
      throw new ShapeError(`${op}: −1 is ambiguous for an empty tensor, got ${formatShape(to)}`);
  }
  for (const n of out) {
    if (!Number.isSafeInteger(n) || n < 0) {
      throw new ShapeError(
        `${op}: ${formatShape(from)} (${size} elements) does not fit into ${formatShape(to)}`,
      );
    }
  }
  if (sizeOf(out) !== size) {
    throw new ShapeError(
      `${op}: ${formatShape(from)} has ${size} elements, ${formatShape(to)} has ${sizeOf(out)}; the number of elements must stay`,
    );
  }
  return out;
}

/** Strides that show the same elements as `shape`, or null where only a copy can. */
export function viewStrides(from: Shape, strides: Shape, shape: Shape): number[] | null {
  if (isContiguous(from, strides)) return contiguousStrides(shape);
  const out = new Array<number>(shape.length).fill(0);
  // Walk both shapes from the end, in groups of equal element count; a group must be evenly strided in the source.
  let target = shape.length - 1;
  let d = from.length - 1;
  while (d >= 0) {
    if (from[d] === 1) {
      d--;
      continue;
    }
    let count = from[d] as number;
    const step = strides[d] as number;
    while (d > 0 && (from[d - 1] === 1 || strides[d - 1] === step * count)) {
      d--;
      count *= from[d] as number;
    }
    let stride = step;
    let filled = 1;
    while (target >= 0 && (filled < count || shape[target] === 1)) {
      const n = shape[target] as number;
      out[target] = stride;
      stride *= n;
      filled *= n;
      target--;
    }
    if (filled !== count) return null;
    d--;
  }
  return out;
}

/**
 * Merges neighbouring dimensions that every operand steps through evenly, and drops dimensions of size 1, so that kernels see the
 * fewest, longest loops. Returns [rank, shape…, strides of each operand…] as the kernels take it; rank is at least 1.
 */
export function collapse(shape: Shape, operands: readonly Shape[]): number[] {
  const dims: number[] = [];
  const steps: number[][] = operands.map(() => []);
  for (let d = 0; d < shape.length; d++) {
    const n = shape[d] as number;
    if (n === 1) continue;
    const last = dims.length - 1;
    let merges = last >= 0;
    for (let o = 0; merges && o < operands.length; o++) {
      merges = ((steps[o] as number[])[last] as number) === (operands[o]?.[d] as number) * n;
    }
    if (merges) dims[last] = (dims[last] as number) * n;
    else dims.push(n);
    const at = dims.length - 1;
    for (let o = 0; o < operands.length; o++) (steps[o] as number[])[at] = operands[o]?.[d] as number;
  }
  if (dims.length === 0) {
    dims.push(1);
    for (const step of steps) step.push(0);
  }
  const out = [dims.length, ...dims];
  for (const step of steps) out.push(...step);
  return out;
}
