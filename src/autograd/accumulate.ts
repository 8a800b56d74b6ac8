import { add_f32 } from "../program/kernels.gen.ts";
import { isContiguous } from "../tensor/shape.ts";
import { alias, copyInto, contiguous, empty, type Tensor } from "../tensor/tensor.ts";
import { countHandle, free } from "../tensor/handle.ts";
import { apply } from "./apply.ts";
import type { OpRecord } from "./node.ts";

/** Sum of two gradients of one shape. */
const accumulateRecord: OpRecord<null> = {
  name: "accumulate",
  forward([x, y]) {
    const a = contiguous(x as Tensor);
    const b = contiguous(y as Tensor);
    const out = empty(a.shape, "f32");
    if (out.size > 0) add_f32(out.ptr, a.ptr, b.ptr, [1, out.size, 1, 1]);
    return out;
  },
  vjp: ([g]) => [g as Tensor, g as Tensor],
};

/** Whether nobody else can see the storage, so that writing in place changes nothing else. */
const isExclusive = (t: Tensor): boolean => t.storage.refs === 1 && isContiguous(t.shape, t.strides);

/** The sum of two gradients in flight; takes over both handles. Must run inside a frame. */
export function accumulate(sum: Tensor, g: Tensor, createGraph: boolean): Tensor {
  if (!createGraph && isExclusive(sum)) {
    const dense = contiguous(g);
    if (sum.size > 0) add_f32(sum.ptr, sum.ptr, dense.ptr, [1, sum.size, 1, 1]);
    sum.storage.version++;
    free(g, "backward()");
    return sum;
  }
  const out = apply(accumulateRecord, [sum, g], null);
  free(sum, "backward()");
  free(g, "backward()");
  return out;
}

/** A gradient fit to stay on a leaf: dense and seen by nobody else. Takes over the handle. */
export function settleGradient(g: Tensor, createGraph: boolean): Tensor {
  if (createGraph || isExclusive(g)) return g;
  const own = empty(g.shape, "f32");
  copyInto(own, g);
  free(g, "backward()");
  return own;
}

/** Another handle of a gradient in flight, with its place in the graph. */
export function share(g: Tensor): Tensor {
  const t = alias(g);
  countHandle(1);
  // Where a leaf serves as the incoming gradient, gradients of gradients go to the leaf.
  if (t.node !== null || !t.requiresGrad) t.aliasOf = null;
  if (t.node !== null) {
    t.node.refs++;
    t.countsNode = true;
  }
  return t;
}
