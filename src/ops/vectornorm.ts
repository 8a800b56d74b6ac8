import { apply } from "../autograd/apply.ts";
import type { OpRecord, Saved } from "../autograd/node.ts";
import { ValueError } from "../errors.ts";
import * as k from "../program/kernels.gen.ts";
import { composite } from "../tensor/lifetime.ts";
import { normalizeDims } from "../tensor/shape.ts";
import { contiguous, empty, type Tensor } from "../tensor/tensor.ts";
import { div, mul, pow } from "./arithmetic.ts";
import { castTo, to } from "./cast.ts";
import { eq } from "./compare.ts";
import { mapF32 } from "./define.ts";
import { clamp } from "./piecewise.ts";
import { reduceRuns, refuseEmpty, spread, sum, type ReduceOptions, type Reduction } from "./reduce.ts";
import { where } from "./select.ts";
import { abs, sign } from "./unary.ts";

export interface NormAttrs extends Reduction {
  readonly p: number;
}

const normRecord: OpRecord<NormAttrs> = {
  name: "norm",
  forward([input], attrs) {
    const x = castTo(input as Tensor, "f32");
    const { p } = attrs;
    if (!Number.isFinite(p)) {
      refuseEmpty("norm", x, attrs.dims);
      return reduceRuns(mapF32(x, k.abs_f32), attrs, p > 0 ? k.amax_f32 : k.amin_f32, "f32");
    }
    if (p === 0) {
      const counted = castTo(castTo(x, "bool"), "f32");
      return reduceRuns(counted, attrs, k.sum_f32, "f32");
    }
    const total = p === 2 && attrs.dims.length === x.ndim ? sumSquares(x, attrs) : sumPowers(x, attrs);
    if (p === 1) return total;
    return mapF32(total, (out, from, n) =>
      p === 2 ? k.sqrt_f32(out, from, n) : k.powScalar_f32(out, from, 1 / p, n),
    );
  },
  saves: { inputs: [0], output: true },
  vjp: ([g], s, attrs) => [normGrad(g as Tensor, s, attrs)],
};

function sumSquares(x: Tensor, { keepdim }: NormAttrs): Tensor {
  const dense = contiguous(x);
  const out = empty(keepdim ? x.shape.map(() => 1) : [], "f32");
  k.sumSquares_f32(out.ptr, dense.ptr, dense.size);
  return out;
}

function sumPowers(x: Tensor, attrs: NormAttrs): Tensor {
  const { p } = attrs;
  const powers = mapF32(x, p === 2 ? k.square_f32 : k.abs_f32);
  if (p !== 1 && p !== 2 && powers.size > 0) k.powScalar_f32(powers.ptr, powers.ptr, p, powers.size);
  return reduceRuns(powers, attrs, k.sum_f32, "f32");
}

/** x, with 1 for 0: what is divided by where the result is masked anyway. */
const nonzero = (x: Tensor): Tensor => where(eq(x, 0), 1, x);

/** sign(x)·|x|^(p−1)·‖x‖^(1−p), 0 where x or the norm is: PyTorch's subgradient. */
function normGrad(g: Tensor, s: Saved, attrs: NormAttrs): Tensor {
  const x = s.input(0);
  const { p } = attrs;
  const full = (t: Tensor): Tensor => spread(t, x.shape, attrs);
  if (p === 0) return mul(sign(x), 0);
  if (p === 1) return mul(full(g), sign(x));
  const y = s.output;
  if (!Number.isFinite(p)) {
    const hit = to(eq(abs(x), full(y)), "f32");
    const ties = sum(hit, { dim: attrs.dims, keepdim: attrs.keepdim });
    return mul(mul(sign(x), hit), full(div(g, nonzero(ties))));
  }
  const zero = eq(y, 0);
  const length = nonzero(y);
  if (p === 2) return mul(x, full(where(zero, 0, div(g, length))));
  const scale = full(where(zero, 0, mul(g, pow(length, 1 - p))));
  const size = abs(x);
  return mul(mul(sign(x), where(eq(size, 0), 0, pow(nonzero(size), p - 1))), scale);
}

export interface NormOptions extends ReduceOptions {
  /** The order: 2 by default; 0 counts what is not 0, ±Infinity takes the largest or smallest magnitude. */
  p?: number;
}

/**
 * (Σ |x|^p)^(1/p) over `dim` (default all). The gradient at 0 is 0, and ties of an infinite norm share it. PyTorch's
 * `torch.norm` / `linalg.vector_norm`.
 * @throws {ShapeError} an infinite norm of nothing.
 * @example
 * norm(tensor([3, 4])); // 5
 * norm(tensor([[1, -2], [3, 4]]), { p: 1, dim: 1 }); // [3, 7]
 */
export const norm = /* @__PURE__ */ Object.assign(
  (x: Tensor, options: NormOptions = {}): Tensor => {
    const p = options.p ?? 2;
    if (Number.isNaN(p)) throw new ValueError("norm: p must be a number, got NaN");
    return apply(normRecord, [x], {
      p,
      dims: normalizeDims("norm", options.dim, x.ndim),
      keepdim: options.keepdim ?? false,
    });
  },
  { record: normRecord },
);

/**
 * x divided by its norm along `dim`, or by eps where the norm is smaller: x / max(‖x‖ₚ, eps). PyTorch's `normalize`.
 * @param options p: 2 by default; dim: 1 by default; eps: 1e−12 by default.
 * @example
 * normalize(tensor([[3, 4]])); // [[0.6, 0.8]]
 */
export function normalize(
  x: Tensor,
  options: { p?: number; dim?: number | readonly number[]; eps?: number } = {},
): Tensor {
  const { p = 2, dim = 1, eps = 1e-12 } = options;
  return composite("normalize", () => div(x, clamp(norm(x, { p, dim, keepdim: true }), { min: eps })));
}
