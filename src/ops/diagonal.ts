import { apply } from "../autograd/apply.ts";
import type { OpRecord } from "../autograd/node.ts";
import { ShapeError, ValueError } from "../errors.ts";
import { fillWith } from "../tensor/create.ts";
import { formatShape, normalizeDim, type Shape } from "../tensor/shape.ts";
import { copyInto, empty, view, type Tensor } from "../tensor/tensor.ts";

export interface Diagonal {
  readonly offset: number;
  readonly dim1: number;
  readonly dim2: number;
}

/** The diagonal is evenly strided: a step along both dimensions at once. */
function along(x: Tensor, { offset, dim1, dim2 }: Diagonal): Tensor {
  const [rows, columns] = [x.shape[dim1] as number, x.shape[dim2] as number];
  const [down, right] = [x.strides[dim1] as number, x.strides[dim2] as number];
  const length = Math.max(0, Math.min(rows + Math.min(0, offset), columns - Math.max(0, offset)));
  const start = length === 0 ? 0 : offset > 0 ? offset * right : -offset * down;
  const rest = (sizes: Shape): number[] => sizes.filter((_, d) => d !== dim1 && d !== dim2);
  return view(x, [...rest(x.shape), length], [...rest(x.strides), down + right], x.offset + start);
}

const diagonalRecord: OpRecord<Diagonal> = {
  name: "diagonal",
  forward: ([x], which) => along(x as Tensor, which),
  vjp: ([g], s, which) => [apply(diagonalGradRecord, [g as Tensor], { which, shape: s.shape(0) })],
};

/** Zeros with g on the diagonal. */
const diagonalGradRecord: OpRecord<{ readonly which: Diagonal; readonly shape: Shape }> = {
  name: "diagonalGrad",
  forward([g], { which, shape }) {
    const out = empty(shape, "f32");
    fillWith(out, 0);
    copyInto(along(out, which), g as Tensor);
    return out;
  },
  vjp: ([v], _s, { which }) => [apply(diagonalRecord, [v as Tensor], which)],
};

export interface DiagonalOptions {
  /** 0 (default) is the main diagonal, positive ones lie above it, negative ones below. */
  offset?: number;
  /** The rows' dimension. Default 0. */
  dim1?: number;
  /** The columns' dimension. Default 1. */
  dim2?: number;
}

/**
 * The diagonals of the matrices that two dimensions span, as a last dimension in their place. A view. PyTorch's `diagonal`.
 * @throws {ShapeError} fewer than two dimensions, or one dimension named twice.
 * @example
 * diagonal(tensor([[1, 2], [3, 4]])); // [1, 4]
 */
export const diagonal = /* @__PURE__ */ Object.assign(
  (x: Tensor, options: DiagonalOptions = {}): Tensor => {
    const { offset = 0 } = options;
    const dim1 = normalizeDim("diagonal", options.dim1 ?? 0, x.ndim);
    const dim2 = normalizeDim("diagonal", options.dim2 ?? 1, x.ndim);
    if (dim1 === dim2)
      throw new ShapeError(`diagonal: needs two dimensions of ${formatShape(x.shape)}, got ${dim1} twice`);
    if (!Number.isInteger(offset))
      throw new ValueError(`diagonal: offset must be a whole number, got ${offset}`);
    return apply(diagonalRecord, [x], { offset, dim1, dim2 });
  },
  { record: diagonalRecord },
);
