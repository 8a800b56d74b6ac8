import { free, touch } from "../tensor/lifetime.ts";
import { view, type Tensor } from "../tensor/tensor.ts";

/** The same values outside of the graph: a view that needs no gradient. */
export function detach(t: Tensor): Tensor {
  touch(t, "detach");
  return view(t, t.shape, t.strides, t.offset);
}

/** Frees a leaf's gradient, unless keep() holds it. */
export function dropGradient(t: Tensor): void {
  if (t.grad !== null && !t.grad.kept) free(t.grad, "zeroGrad()");
  t.grad = null;
}
