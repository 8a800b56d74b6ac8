import { free, touch } from "../tensor/lifetime.ts";
import { leaveFamily, view, type Tensor } from "../tensor/tensor.ts";
import { witness } from "../tensor/witness.ts";

/**
 * The same values outside of the graph: a view that needs no gradient. Writing to it changes the values of both, and backward refuses
 * what had been saved before; but nothing that is recorded on one reaches the other.
 * @example
 * const target = net.forward(x).detach(); // no gradient flows into net through it
 */
export function detach(t: Tensor): Tensor {
  touch(t, "detach");
  const out = view(t, t.shape, t.strides, t.offset);
  leaveFamily(out);
  return out;
}

/** Frees a leaf's gradient, unless keep() holds it. */
export function dropGradient(t: Tensor): void {
  if (witness !== null) witness.gradient(t, true);
  if (t.grad !== null && !t.grad.kept) free(t.grad, "zeroGrad()");
  t.grad = null;
}
