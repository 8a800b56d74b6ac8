import { sum_f32 } from "../program/kernels.gen.ts";
import { fillWith } from "../tensor/create.ts";
import { isContiguous, sizeOf, type Shape } from "../tensor/shape.ts";
import { contiguous, copyInto, empty, view, type Tensor } from "../tensor/tensor.ts";
import { apply } from "./apply.ts";
import type { OpRecord } from "./node.ts";

/** Where a tensor lies in its storage, seen as a flat row of `size` elements. */
export interface Window {
  readonly shape: Shape;
  readonly strides: Shape;
  readonly offset: number;
  /** Elements of the whole storage. */
  readonly size: number;
}

export const windowOf = (t: Tensor): Window => ({
  shape: t.shape,
  strides: t.strides,
  offset: t.offset,
  size: t.storage.bytes / 4,
});

/** Whether two elements of the window may lie in one place. Enough for what views can make: sorted, each stride steps over all smaller ones. */
export function overlaps(shape: Shape, strides: Shape): boolean {
  const steps = shape
    .map((n, d) => [n, Math.abs(strides[d] as number)] as const)
    .filter(([n]) => n > 1)
    .sort((a, b) => a[1] - b[1]);
  if (sizeOf(shape) === 0) return false;
  let span = 0;
  for (const [n, stride] of steps) {
    if (stride <= span) return true;
    span += (n - 1) * stride;
  }
  return false;
}

const covers = (w: Window): boolean =>
  w.offset === 0 && sizeOf(w.shape) === w.size && isContiguous(w.shape, w.strides);

/** The window of a flat row: a view. Its gradient is `embed`. */
export const lookRecord: OpRecord<Window> = {
  name: "view",
  forward: ([flat], w) => {
    const x = contiguous(flat as Tensor);
    return view(x, w.shape, w.strides, x.offset + w.offset);
  },
  vjp: ([g], _s, w) => [apply(embedRecord, [g as Tensor], w)],
};

/** A flat row of zeros with the values in the window; what a repeated place gets is added up. The adjoint of `look`. */
export const embedRecord: OpRecord<Window> = {
  name: "viewGrad",
  forward: ([values], w) => {
    const g = values as Tensor;
    if (covers(w) && g.isContiguous) return view(g, [w.size], [1], g.offset);
    const out = empty([w.size], "f32");
    fillWith(out, 0);
    if (g.size === 0) return out;
    const once = w.shape.map((_, d) => d).filter((d) => w.strides[d] !== 0);
    const pick = (list: Shape): number[] => once.map((d) => list[d] as number);
    copyInto(view(out, pick(w.shape), pick(w.strides), w.offset), sumRepeats(g, w, once));
    return out;
  },
  vjp: ([v], _s, w) => [apply(lookRecord, [v as Tensor], w)],
};

/** Sums over the dimensions of stride 0, which show one place many times. */
function sumRepeats(g: Tensor, w: Window, once: readonly number[]): Tensor {
  if (once.length === g.ndim) return g;
  const repeated = w.shape.map((_, d) => d).filter((d) => w.strides[d] === 0);
  const order = [...once, ...repeated];
  const sorted = view(
    g,
    order.map((d) => g.shape[d] as number),
    order.map((d) => g.strides[d] as number),
    g.offset,
  );
  const dense = contiguous(sorted);
  const out = empty(
    once.map((d) => g.shape[d] as number),
    "f32",
  );
  sum_f32(out.ptr, dense.ptr, out.size, g.size / out.size, 1);
  return out;
}

/** A flat row with zeros in the window. Its own adjoint. */
export const eraseRecord: OpRecord<Window> = {
  name: "viewErase",
  forward: ([flat], w) => {
    const out = empty([w.size], "f32");
    copyInto(out, flat as Tensor);
    const zero = empty([], "f32");
    fillWith(zero, 0);
    copyInto(view(out, w.shape, w.strides, w.offset), zero);
    return out;
  },
  vjp: ([v], _s, w) => [apply(eraseRecord, [v as Tensor], w)],
};

/** A flat row whose window was overwritten: recorded only, the values are in place already. Inputs: the row before, the new values. */
export const overwriteRecord: OpRecord<Window> = {
  name: "overwrite",
  forward: () => [],
  vjp: ([g], s, w) => [
    s.needs(0) ? apply(eraseRecord, [g as Tensor], w) : null,
    s.needs(1) ? apply(lookRecord, [g as Tensor], w) : null,
  ],
};
