import { DTypeError, ShapeError, ValueError } from "../errors.ts";
import { repeatIndex_i32 } from "../program/kernels.gen.ts";
import { composite } from "../tensor/lifetime.ts";
import { formatShape, normalizeDim, type Shape } from "../tensor/shape.ts";
import { contiguous, empty, type Tensor } from "../tensor/tensor.ts";
import { i32 } from "../wasm/views.ts";
import { castTo } from "./cast.ts";
import { indexSelect } from "./indexing.ts";
import { clone, expand, reshape } from "./movement.ts";
import { sum } from "./reduce.ts";

function checkCount(op: string, count: number): void {
  if (!Number.isInteger(count) || count < 0) {
    throw new ValueError(`${op}: repeats must be whole numbers ≥ 0, got ${count}`);
  }
}

/** x in blocks: each dimension of `from` spread to that of `to`, then merged into `shape`. Always a tensor of its own. */
function spreadOut(x: Tensor, from: Shape, to: Shape, shape: Shape): Tensor {
  const out = reshape(expand(reshape(x, from), to), shape);
  return out.storage === x.storage ? clone(out) : out;
}

function repeated(op: string, x: Tensor, repeats: readonly number[]): Tensor {
  for (const count of repeats) checkCount(op, count);
  const rank = Math.max(x.ndim, repeats.length);
  const sizes = [...Array<number>(rank - x.ndim).fill(1), ...x.shape];
  const counts = [...Array<number>(rank - repeats.length).fill(1), ...repeats];
  return composite(op, () =>
    spreadOut(
      x,
      sizes.flatMap((n) => [1, n]),
      sizes.flatMap((n, d) => [counts[d] as number, n]),
      sizes.map((n, d) => n * (counts[d] as number)),
    ),
  );
}

/**
 * x set side by side `repeats[d]` times along each dimension d; with fewer numbers than dimensions they count from the last, with more
 * x gets leading dimensions of size 1. PyTorch's `tile`.
 * @throws {ValueError} a repeat that is not a whole number ≥ 0.
 * @example
 * tile(tensor([1, 2]), [2]); // [1, 2, 1, 2]
 */
export const tile = (x: Tensor, repeats: readonly number[]): Tensor => repeated("tile", x, repeats);

/**
 * `tile` with a number for every dimension of x, as PyTorch's `Tensor.repeat`.
 * @throws {ShapeError} fewer repeats than dimensions.
 * @example
 * repeat(tensor([1, 2]), [2, 1]); // [[1, 2], [1, 2]]
 */
export function repeat(x: Tensor, repeats: readonly number[]): Tensor {
  if (repeats.length < x.ndim) {
    throw new ShapeError(
      `repeat: needs a number for each of the ${x.ndim} dimensions of ${formatShape(x.shape)}, got [${repeats.join(", ")}]; tile takes fewer`,
    );
  }
  return repeated("repeat", x, repeats);
}

/** The position of each element of the result, from the number of times that each of x stands in it. */
function positions(repeats: Tensor, n: number): Tensor {
  if (repeats.dtype === "f32" || repeats.dtype === "bool") {
    throw new DTypeError(
      `repeatInterleave: repeats must be whole numbers (i32), got ${repeats.dtype}; convert with to(repeats, "i32")`,
    );
  }
  if (repeats.ndim > 1 || repeats.size !== n) {
    throw new ShapeError(
      `repeatInterleave: repeats must be a number, or one for each of the ${n} entries, got ${formatShape(repeats.shape)}`,
    );
  }
  const total = sum(repeats).item();
  const counts = contiguous(castTo(repeats, "i32"));
  const out = empty([Math.max(0, total)], "i32");
  const code = n === 0 ? 0 : repeatIndex_i32(out.ptr, counts.ptr, n, out.size);
  if (code !== 0) {
    const value = i32[(counts.ptr >>> 2) + code - 1] as number;
    throw new ValueError(
      `repeatInterleave: repeats must be whole numbers ≥ 0, got ${value} at position ${code - 1}`,
    );
  }
  return out;
}

/**
 * Each entry along `dim` so many times in a row; without `dim`, each element of the flattened x. PyTorch's `repeat_interleave`.
 * @param repeats a number, or an i32 tensor with one for each entry (which is read, as the result's size depends on it).
 * @throws {ValueError} a repeat below 0.
 * @throws {ShapeError} a tensor of repeats whose size is not that of the dimension.
 * @example
 * repeatInterleave(tensor([1, 2]), 2); // [1, 1, 2, 2]
 * repeatInterleave(tensor([1, 2]), tensor([1, 3], { dtype: "i32" })); // [1, 2, 2, 2]
 */
export function repeatInterleave(
  x: Tensor,
  repeats: number | Tensor,
  options: { dim?: number } = {},
): Tensor {
  const op = "repeatInterleave";
  const given = options.dim === undefined ? undefined : normalizeDim(op, options.dim, x.ndim);
  return composite(op, () => {
    const source = given === undefined || x.ndim === 0 ? reshape(x, [-1]) : x;
    const dim = given ?? 0;
    const { shape } = source;
    const count = typeof repeats !== "number" && repeats.size === 1 ? repeats.item() : repeats;
    if (typeof count !== "number")
      return indexSelect(source, positions(count, shape[dim] as number), { dim });
    checkCount(op, count);
    const with1 = [...shape.slice(0, dim + 1), 1, ...shape.slice(dim + 1)];
    return spreadOut(
      source,
      with1,
      with1.map((n, d) => (d === dim + 1 ? count : n)),
      shape.map((n, d) => (d === dim ? n * count : n)),
    );
  });
}
