import { ShapeError } from "../errors.ts";
import { composite } from "../tensor/lifetime.ts";
import { formatShape, sizeOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { add, mul } from "./arithmetic.ts";
import { matmul } from "./matmul.ts";
import { permute, reshape, squeeze, unsqueeze } from "./movement.ts";

/** Products for operands of a stated rank: `matmul` without its broadcasting, and what is made of it. */

function checkRanks(op: string, x: Tensor, xRank: number, y: Tensor, yRank: number): void {
  if (x.ndim === xRank && y.ndim === yRank) return;
  throw new ShapeError(
    `${op}: takes tensors of ${xRank} and ${yRank} dimensions, got ${formatShape(x.shape)} and ${formatShape(y.shape)}; matmul takes any`,
  );
}

/**
 * Matrix product of two matrices: [m, k] · [k, n] → [m, n].
 * @see https://pytorch.org/docs/stable/generated/torch.mm.html
 * @example
 * mm(ones([2, 3]), ones([3, 1])); // [[3], [3]]
 */
export function mm(x: Tensor, y: Tensor): Tensor {
  checkRanks("mm", x, 2, y, 2);
  return matmul(x, y);
}

/**
 * Product of a matrix and a vector: [m, k] · [k] → [m].
 * @see https://pytorch.org/docs/stable/generated/torch.mv.html
 * @example
 * mv(ones([2, 3]), ones([3])); // [3, 3]
 */
export function mv(x: Tensor, y: Tensor): Tensor {
  checkRanks("mv", x, 2, y, 1);
  return matmul(x, y);
}

/**
 * Inner product of two vectors of one length, a scalar.
 * @see https://pytorch.org/docs/stable/generated/torch.dot.html
 * @example
 * dot(tensor([1, 2]), tensor([3, 4])); // 11
 */
export function dot(x: Tensor, y: Tensor): Tensor {
  checkRanks("dot", x, 1, y, 1);
  return matmul(x, y);
}

/**
 * Products of the matrices of two batches, pair by pair: [b, m, k] · [b, k, n] → [b, m, n]. Nothing broadcasts.
 * @see https://pytorch.org/docs/stable/generated/torch.bmm.html
 * @example
 * bmm(ones([5, 2, 3]), ones([5, 3, 4])).shape; // [5, 2, 4]
 */
export function bmm(x: Tensor, y: Tensor): Tensor {
  checkBatch("bmm", x, y);
  return matmul(x, y);
}

function checkBatch(op: string, x: Tensor, y: Tensor): void {
  checkRanks(op, x, 3, y, 3);
  if (x.shape[0] !== y.shape[0]) {
    throw new ShapeError(
      `${op}: batches differ, ${formatShape(x.shape)} · ${formatShape(y.shape)} (${x.shape[0]} ≠ ${y.shape[0]}); matmul broadcasts a batch of 1`,
    );
  }
}

export interface AddmmOptions {
  /** Factor of what is added. Default 1; with 0 its NaN and infinities do not count. */
  beta?: number;
  /** Factor of the product. Default 1. */
  alpha?: number;
}

const scaled = (t: Tensor, factor: number): Tensor => (factor === 1 ? t : mul(t, factor));

function sumOf(op: string, t: Tensor, product: Tensor, { beta = 1, alpha = 1 }: AddmmOptions): Tensor {
  const lead = product.ndim - t.ndim;
  if (lead < 0 || t.shape.some((n, d) => n !== 1 && n !== product.shape[d + lead])) {
    throw new ShapeError(
      `${op}: what is added, ${formatShape(t.shape)}, does not broadcast to the product ${formatShape(product.shape)}`,
    );
  }
  return beta === 0 ? scaled(product, alpha) : add(scaled(t, beta), scaled(product, alpha));
}

/**
 * beta · t + alpha · x y for matrices [m, k] and [k, n]; t broadcasts to [m, n].
 * @see https://pytorch.org/docs/stable/generated/torch.addmm.html
 * @example
 * addmm(tensor([1, 2]), ones([2, 3]), ones([3, 2]), { alpha: 0.5 }); // [[2.5, 3.5], [2.5, 3.5]]
 */
export function addmm(t: Tensor, x: Tensor, y: Tensor, options: AddmmOptions = {}): Tensor {
  checkRanks("addmm", x, 2, y, 2);
  return composite("addmm", () => sumOf("addmm", t, matmul(x, y), options));
}

/**
 * beta · t + alpha · x y for batches of matrices [b, m, k] and [b, k, n]; t broadcasts to [b, m, n].
 * @see https://pytorch.org/docs/stable/generated/torch.baddbmm.html
 * @example
 * baddbmm(zeros([1]), ones([1, 2, 3]), ones([1, 3, 2]), { alpha: 0.5 }); // [[[1.5, 1.5], [1.5, 1.5]]]
 */
export function baddbmm(t: Tensor, x: Tensor, y: Tensor, options: AddmmOptions = {}): Tensor {
  checkBatch("baddbmm", x, y);
  return composite("baddbmm", () => sumOf("baddbmm", t, matmul(x, y), options));
}

/**
 * A product of two inputs for each output: yₒ = x1ᵀ Wₒ x2 + bₒ for x1 [..., in1], x2 [..., in2] of equal leading dimensions, weight
 * [out, in1, in2], bias [out] → [..., out].
 * @throws {ShapeError} sizes that differ.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.bilinear.html
 * @example
 * bilinear(tensor([1, 2]), tensor([3, 4]), ones([1, 2, 2])); // [21]
 */
export function bilinear(x1: Tensor, x2: Tensor, weight: Tensor, bias?: Tensor | null): Tensor {
  const [out, in1, in2] = weight.shape as [number, number, number];
  const lead = x1.shape.slice(0, -1);
  const fits =
    weight.ndim === 3 &&
    x1.ndim > 0 &&
    x1.ndim === x2.ndim &&
    lead.every((n, d) => n === x2.shape[d]) &&
    x1.shape.at(-1) === in1 &&
    x2.shape.at(-1) === in2;
  if (!fits) {
    throw new ShapeError(
      `bilinear: takes x1 [..., in1], x2 [..., in2] and weight [out, in1, in2], got ${formatShape(x1.shape)}, ${formatShape(x2.shape)} and ${formatShape(weight.shape)}`,
    );
  }
  if (bias && (bias.ndim !== 1 || bias.shape[0] !== out))
    throw new ShapeError(`bilinear: bias must be [${out}], got ${formatShape(bias.shape)}`);
  return composite("bilinear", () => {
    const rows = sizeOf(lead);
    // First over in1, one product for all outputs; then over in2, one for each row.
    const table = reshape(permute(weight, [1, 0, 2]), [in1, out * in2]);
    const half = reshape(matmul(reshape(x1, [rows, in1]), table), [rows, out, in2]);
    const y = reshape(squeeze(matmul(half, unsqueeze(reshape(x2, [rows, in2]), -1)), { dim: -1 }), [
      ...lead,
      out,
    ]);
    return bias ? add(y, bias) : y;
  });
}
