import { noGrad } from "../autograd/mode.ts";
import { DTypeError, ValueError } from "../errors.ts";
import * as k from "../program/kernels.gen.ts";
import { add, div } from "../ops/arithmetic.ts";
import { clamp_, mul_ } from "../ops/inplace.ts";
import { clamp } from "../ops/piecewise.ts";
import { norm } from "../ops/vectornorm.ts";
import { zeros } from "../tensor/create.ts";
import { composite, touch } from "../tensor/lifetime.ts";
import { contiguous, copyInto, empty, view, type Tensor } from "../tensor/tensor.ts";
import { witness } from "../tensor/witness.ts";
import type { Ptr } from "../wasm/heap.ts";
import { checkNumber } from "./options.ts";

function gradientsOf(name: string, parameters: Tensor | Iterable<Tensor>): Tensor[] {
  const list = Symbol.iterator in parameters ? [...parameters] : [parameters];
  const grads: Tensor[] = [];
  for (const p of list) {
    touch(p, name);
    if (witness !== null) witness.gradient(p, false);
    if (p.grad === null) continue;
    touch(p.grad, name);
    if (p.grad.dtype !== "f32")
      throw new DTypeError(`${name}: gradients are f32, this one is ${p.grad.dtype}`);
    grads.push(p.grad);
  }
  return grads;
}

export interface ClipGradNormOptions {
  /** The order of the norm: 2 by default, Infinity for the largest magnitude. */
  normType?: number;
  /** Refuse gradients that have NaN or infinities, which otherwise spread to all; this reads the norm. Default false. */
  errorIfNonfinite?: boolean;
}

/**
 * Scales the gradients down where their norm, taken as if they were one vector, is above `maxNorm`: times
 * min(1, maxNorm / (norm + 1e-6)). Call it between backward and step. PyTorch's `clip_grad_norm_`.
 * @returns the norm before, a scalar; 0 where there are no gradients.
 * @throws {ValueError} maxNorm is negative, or with errorIfNonfinite the norm is not finite; gradients are as they were.
 * @example
 * loss.backward();
 * const length = optim.clipGradNorm(model.parameters(), 1);
 */
export function clipGradNorm(
  parameters: Tensor | Iterable<Tensor>,
  maxNorm: number,
  options: ClipGradNormOptions = {},
): Tensor {
  checkNumber("clipGradNorm: maxNorm", maxNorm, 0, Infinity);
  const { normType = 2, errorIfNonfinite = false } = options;
  if (!(normType > 0)) throw new ValueError(`clipGradNorm: normType must be > 0, got ${normType}`);
  const grads = gradientsOf("clipGradNorm", parameters);
  if (grads.length === 0) return zeros([]);
  return noGrad(() =>
    composite("clipGradNorm", () => {
      const total = normType === 2 ? euclidean(grads) : norm(eachNorm(grads, normType), { p: normType });
      if (errorIfNonfinite && !Number.isFinite(total.item())) {
        throw new ValueError(
          `clipGradNorm: the gradients' norm is ${total.item()}; look for what makes it so with anomalyMode()`,
        );
      }
      const scale = clamp(div(maxNorm, add(total, 1e-6)), { max: 1 });
      for (const g of grads) mul_(g, scale);
      return total;
    }),
  );
}

/** √Σ x² over all, summed in double precision. */
function euclidean(grads: readonly Tensor[]): Tensor {
  const squares = empty([grads.length], "f32");
  for (const [i, g] of grads.entries()) {
    const dense = contiguous(g);
    k.sumSquares_f32((squares.ptr + 4 * i) as Ptr, dense.ptr, dense.size);
  }
  const total = empty([], "f32");
  k.sum_f32(total.ptr, squares.ptr, 1, grads.length, 1);
  k.sqrt_f32(total.ptr, total.ptr, 1);
  return total;
}

function eachNorm(grads: readonly Tensor[], p: number): Tensor {
  const filled = grads.filter((g) => g.size > 0);
  const norms = filled.length > 0 ? empty([filled.length], "f32") : zeros([1]);
  for (const [i, g] of filled.entries()) copyInto(view(norms, [], [], norms.offset + i), norm(g, { p }));
  return norms;
}

/**
 * Holds every element of the gradients within [−clipValue, clipValue]. PyTorch's `clip_grad_value_`.
 * @throws {ValueError} clipValue is negative.
 * @example
 * optim.clipGradValue(model.parameters(), 0.5);
 */
export function clipGradValue(parameters: Tensor | Iterable<Tensor>, clipValue: number): void {
  checkNumber("clipGradValue: clipValue", clipValue);
  noGrad(() => {
    for (const g of gradientsOf("clipGradValue", parameters)) clamp_(g, { min: -clipValue, max: clipValue });
  });
}
