import { apply } from "../autograd/apply.ts";
import type { OpRecord } from "../autograd/node.ts";
import { ShapeError } from "../errors.ts";
import { parallelism } from "../program/emit.ts";
import { gemm_f32, gemm_f32_workspace } from "../program/kernels.gen.ts";
import { composite } from "../tensor/lifetime.ts";
import { broadcastShapes, broadcastStrides, formatShape, sizeOf, type Shape } from "../tensor/shape.ts";
import { withWorkspace } from "../tensor/storage.ts";
import { contiguous, empty, view, type Tensor } from "../tensor/tensor.ts";
import type { Ptr } from "../wasm/heap.ts";
import { castTo } from "./cast.ts";
import { reshape, squeeze, transpose, unsqueeze } from "./movement.ts";
import { sum, sumTo } from "./reduce.ts";

interface Gemm {
  out: Tensor;
  a: Tensor;
  b: Tensor;
  bias: Tensor | null;
}

/** Emits out = a · b (+ bias) for matrices of any strides over one batch dimension: operands are [batch, m, k] and [batch, k, n]. */
function emit({ out, a, b, bias }: Gemm): void {
  if (out.size === 0) return;
  const [batch, m, k] = a.shape as [number, number, number];
  const n = b.shape[2] as number;
  const [aBatch, aRow, aCol] = a.strides as [number, number, number];
  const [bBatch, bRow, bCol] = b.strides as [number, number, number];
  withWorkspace(gemm_f32_workspace(m, n, k, parallelism()), (workspace) => {
    // prettier-ignore
    gemm_f32(
      out.ptr, a.ptr, b.ptr, bias?.ptr ?? (0 as Ptr), m, n, k, aRow, aCol, bRow, bCol, n,
      batch, aBatch, bBatch, m * n, 0, 0, workspace,
    );
  });
}

/** A stack of matrices with its batch dimensions spread to `batch` and merged into one; copies only where strides cannot say it. */
function asBatch(t: Tensor, batch: Shape): Tensor {
  const [rows, cols] = t.shape.slice(-2) as [number, number];
  const full = [...batch, rows, cols];
  const strides = broadcastStrides(t.shape, t.strides, full);
  const count = sizeOf(batch);
  const merged = mergedStride(batch, strides);
  const shape = [count, rows, cols];
  if (merged !== null) return view(t, shape, [merged, ...strides.slice(-2)], t.offset);
  const dense = contiguous(view(t, full, strides, t.offset));
  return view(dense, shape, [rows * cols, cols, 1], dense.offset);
}

/** The one stride that steps through all batch dimensions, or null. */
function mergedStride(batch: Shape, strides: Shape): number | null {
  let stride: number | null = null;
  let expected = 0;
  for (let d = batch.length - 1; d >= 0; d--) {
    if (batch[d] === 1) continue;
    const step = strides[d] as number;
    if (stride === null) stride = step;
    else if (step !== expected) return null;
    expected = step * (batch[d] as number);
  }
  return stride ?? 0;
}

const matmulRecord: OpRecord<null> = {
  name: "matmul",
  forward([left, right]) {
    const a = castTo(left as Tensor, "f32");
    const b = castTo(right as Tensor, "f32");
    const batch = broadcastShapes("matmul", a.shape.slice(0, -2), b.shape.slice(0, -2));
    const out = empty([...batch, a.shape.at(-2) as number, b.shape.at(-1) as number], "f32");
    emit({ out, a: asBatch(a, batch), b: asBatch(b, batch), bias: null });
    return out;
  },
  saves: { inputs: [0, 1] },
  vjp: ([g], s) => [
    s.needs(0) ? sumTo(matmul(g as Tensor, transpose(s.input(1), -2, -1)), s.shape(0)) : null,
    s.needs(1) ? sumTo(matmul(transpose(s.input(0), -2, -1), g as Tensor), s.shape(1)) : null,
  ],
};

/**
 * Matrix product by PyTorch's rules: vectors are taken as a row (left) or a column (right) and that dimension is dropped again; leading
 * dimensions broadcast. [m, k] · [k, n] → [m, n]; [..., m, k] · [..., k, n] → [..., m, n]. Computed in f32.
 * @throws {ShapeError} inner dimensions that differ, leading ones that do not broadcast, or a scalar.
 * @see https://pytorch.org/docs/stable/generated/torch.matmul.html
 * @example
 * matmul(tensor([[1, 2], [3, 4]]), tensor([[1], [10]])); // [[21], [43]]
 * matmul(ones([5, 2, 3]), ones([3, 4])).shape; // [5, 2, 4]
 */
export const matmul = /* @__PURE__ */ Object.assign(
  (x: Tensor, y: Tensor): Tensor => {
    if (x.ndim === 0 || y.ndim === 0) {
      throw new ShapeError(
        `matmul: operands need a dimension, got ${formatShape(x.shape)} · ${formatShape(y.shape)}; use mul for scalars`,
      );
    }
    const k = x.shape.at(-1) as number;
    const rows = y.shape.at(y.ndim === 1 ? -1 : -2) as number;
    if (k !== rows) {
      throw new ShapeError(
        `matmul: inner dimensions differ, ${formatShape(x.shape)} · ${formatShape(y.shape)} (${k} ≠ ${rows})`,
      );
    }
    if (x.ndim === 2 && y.ndim === 2) return apply(matmulRecord, [x, y], null);
    return composite("matmul", () => {
      if (x.ndim > 2 && y.ndim <= 2) {
        // One tall product instead of a batch of small ones.
        const b = y.ndim === 1 ? unsqueeze(y, 1) : y;
        const flat = apply(matmulRecord, [reshape(x, [sizeOf(x.shape.slice(0, -1)), k]), b], null);
        return reshape(flat, [...x.shape.slice(0, -1), ...y.shape.slice(1)]);
      }
      const a = x.ndim === 1 ? unsqueeze(x, 0) : x;
      const b = y.ndim === 1 ? unsqueeze(y, 1) : y;
      let out = apply(matmulRecord, [a, b], null);
      if (y.ndim === 1) out = squeeze(out, { dim: -1 });
      if (x.ndim === 1) out = squeeze(out, { dim: y.ndim === 1 ? -1 : -2 });
      return out;
    });
  },
  { record: matmulRecord },
);

const linearRecord: OpRecord<null> = {
  name: "linear",
  forward([x, weight, bias]) {
    const [a, w] = [castTo(x as Tensor, "f32"), castTo(weight as Tensor, "f32")];
    const [n, k] = w.shape as [number, number];
    const out = empty([a.shape[0] as number, n], "f32");
    const b = bias === undefined ? null : contiguous(castTo(bias, "f32"));
    const rows = view(a, [1, ...a.shape], [0, ...a.strides], a.offset);
    const columns = view(w, [1, k, n], [0, w.strides[1] as number, w.strides[0] as number], w.offset);
    emit({ out, a: rows, b: columns, bias: b });
    return out;
  },
  saves: { inputs: [0, 1] },
  vjp: ([incoming], s) => {
    const g = incoming as Tensor;
    return [
      s.needs(0) ? matmul(g, s.input(1)) : null,
      s.needs(1) ? matmul(transpose(g, 0, 1), s.input(0)) : null,
      s.shapes.length > 2 && s.needs(2) ? sum(g, { dim: 0 }) : null,
    ];
  },
};

/**
 * x · weightᵀ + bias: x [..., in], weight [out, in], bias [out] → [..., out]. PyTorch's `linear`.
 * @throws {ShapeError} sizes that do not go together.
 * @example
 * linear(tensor([[1, 2]]), tensor([[3, 4], [5, 6]]), tensor([0, 100])); // [[11, 117]]
 */
export const linear = /* @__PURE__ */ Object.assign(
  (x: Tensor, weight: Tensor, bias?: Tensor | null): Tensor => {
    const features = x.shape.at(-1);
    if (weight.ndim !== 2 || features !== weight.shape[1]) {
      throw new ShapeError(
        `linear: the input's last dimension must be the weight's second, got ${formatShape(x.shape)} and weight ${formatShape(weight.shape)} [out, in]`,
      );
    }
    if (bias && (bias.ndim !== 1 || bias.shape[0] !== weight.shape[0])) {
      throw new ShapeError(`linear: bias must be [${weight.shape[0]}], got ${formatShape(bias.shape)}`);
    }
    const inputs = (t: Tensor): Tensor[] => (bias ? [t, weight, bias] : [t, weight]);
    if (x.ndim === 2) return apply(linearRecord, inputs(x), null);
    return composite("linear", () => {
      const rows = sizeOf(x.shape.slice(0, -1));
      const flat = apply(linearRecord, inputs(reshape(x, [rows, features as number])), null);
      return reshape(flat, [...x.shape.slice(0, -1), weight.shape[0] as number]);
    });
  },
  { record: linearRecord },
);

/**
 * x yᵀ of two vectors. [n] and [m] → [n, m].
 * @throws {ShapeError} an operand that is no vector.
 * @example
 * outer(tensor([1, 2]), tensor([3, 4])); // [[3, 4], [6, 8]]
 */
export function outer(x: Tensor, y: Tensor): Tensor {
  if (x.ndim !== 1 || y.ndim !== 1) {
    throw new ShapeError(`outer: takes two vectors, got ${formatShape(x.shape)} and ${formatShape(y.shape)}`);
  }
  return composite("outer", () => matmul(unsqueeze(x, 1), unsqueeze(y, 0)));
}
