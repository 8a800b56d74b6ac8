import { apply } from "../autograd/apply.ts";
import type { OpRecord } from "../autograd/node.ts";
import * as k from "../program/kernels.gen.ts";
import { zeros, ones } from "../tensor/create.ts";
import { normalizeDim, type Shape } from "../tensor/shape.ts";
import { contiguous, empty, type Tensor } from "../tensor/tensor.ts";
import type { Ptr } from "../wasm/heap.ts";
import { mul } from "./arithmetic.ts";
import { castTo } from "./cast.ts";
import { cat, narrow } from "./movement.ts";
import { around } from "./softmax.ts";

export interface Along {
  readonly dim: number;
  /** From the end. */
  readonly reverse: boolean;
}

type Kernel = (out: Ptr, x: Ptr, outer: number, n: number, inner: number, reversed: number) => number;

function scanned(input: Tensor, { dim, reverse }: Along, f32: Kernel, i32: Kernel): Tensor {
  const dtype = input.dtype === "f32" ? "f32" : "i32";
  const x = contiguous(castTo(input, dtype));
  const out = empty(x.shape, dtype);
  if (out.size > 0) (dtype === "f32" ? f32 : i32)(out.ptr, x.ptr, ...around(x.shape, dim), Number(reverse));
  return out;
}

const cumsumRecord: OpRecord<Along> = {
  name: "cumsum",
  forward: ([x], along) => scanned(x as Tensor, along, k.cumsum_f32, k.cumsum_i32),
  vjp: ([g], _s, { dim, reverse }) => [apply(cumsumRecord, [g as Tensor], { dim, reverse: !reverse })],
};

/**
 * Running sums along `dim`: out[i] = x[0] + … + x[i], added in f64. Bools and bytes are summed as i32. PyTorch's `cumsum`.
 * @example
 * cumsum(tensor([1, 2, 3]), { dim: 0 }); // [1, 3, 6]
 */
export const cumsum = /* @__PURE__ */ Object.assign(
  (x: Tensor, options: { dim: number }): Tensor =>
    apply(cumsumRecord, [x], { dim: normalizeDim("cumsum", options.dim, x.ndim), reverse: false }),
  { record: cumsumRecord },
);

/** out[i] = x[i − 1], with `edge` for what comes first; from the other end with `reverse`. */
function shifted(x: Tensor, { dim, reverse }: Along, edge: (shape: Shape) => Tensor): Tensor {
  if (x.ndim === 0) return edge([]);
  const n = x.shape[dim] as number;
  if (n === 0) return x;
  const first = edge(x.shape.map((size, d) => (d === dim ? 1 : size)));
  const rest = narrow(x, { dim, start: reverse ? 1 : 0, length: n - 1 });
  return cat(reverse ? [rest, first] : [first, rest], { dim });
}

const recurrenceRecord: OpRecord<Along> = {
  name: "recurrence",
  forward([input, factors], { dim, reverse }) {
    const x = contiguous(input as Tensor);
    const a = contiguous(factors as Tensor);
    const out = empty(x.shape, "f32");
    if (out.size > 0) k.recurrence_f32(out.ptr, x.ptr, a.ptr, ...around(x.shape, dim), Number(reverse));
    return out;
  },
  saves: { inputs: [1], output: true },
  vjp: ([g], s, along) => {
    // t[i] = g[i] + a[i + 1]·t[i + 1] is what reaches out[i], the same recurrence from the other end.
    const back = { dim: along.dim, reverse: !along.reverse };
    const t = recurrence(g as Tensor, shifted(s.input(1), back, zeros), back);
    return [t, s.needs(1) ? mul(t, shifted(s.output, along, zeros)) : null];
  },
};

/** out[i] = a[i]·out[i − 1] + x[i] along a dimension, beginning with 0. */
const recurrence = (x: Tensor, a: Tensor, along: Along): Tensor => apply(recurrenceRecord, [x, a], along);

const cumprodRecord: OpRecord<Along> = {
  name: "cumprod",
  forward: ([x], along) => scanned(x as Tensor, along, k.cumprod_f32, k.cumprod_i32),
  saves: { inputs: [0], output: true },
  vjp: ([g], s, along) => {
    // ∂L/∂x[i] = x[0]…x[i − 1] · S[i] with S[i] = g[i] + x[i + 1]·S[i + 1]: nothing is divided, so zeros are as any number.
    const back = { dim: along.dim, reverse: !along.reverse };
    const rest = recurrence(g as Tensor, shifted(s.input(0), back, zeros), back);
    return [mul(shifted(s.output, along, ones), rest)];
  },
};

/**
 * Running products along `dim`: out[i] = x[0]·…·x[i], multiplied in f64. The gradient is exact where there are zeros, too.
 * PyTorch's `cumprod`.
 * @example
 * cumprod(tensor([1, 2, 3]), { dim: 0 }); // [1, 2, 6]
 */
export const cumprod = /* @__PURE__ */ Object.assign(
  (x: Tensor, options: { dim: number }): Tensor =>
    apply(cumprodRecord, [x], { dim: normalizeDim("cumprod", options.dim, x.ndim), reverse: false }),
  { record: cumprodRecord },
);

/** For each element the product of all others along `dim`, exact where there are zeros, in any order of derivatives. */
export function productOfOthers(x: Tensor, dim: number): Tensor {
  const exclusive = (reverse: boolean): Tensor =>
    shifted(apply(cumprodRecord, [x], { dim, reverse }), { dim, reverse }, ones);
  return mul(exclusive(false), exclusive(true));
}
