import { ShapeError } from "../errors.ts";
import { composite, touch } from "../tensor/lifetime.ts";
import { contiguousStrides, formatShape, sameShape } from "../tensor/shape.ts";
import { zeros } from "../tensor/create.ts";
import { copyInto, empty, view, type Tensor } from "../tensor/tensor.ts";
import { fill_f32 } from "../program/kernels.gen.ts";
import type { Ptr } from "../wasm/heap.ts";
import { apply } from "./apply.ts";
import { grad } from "./backward.ts";
import { detach } from "./leaf.ts";
import { withGrad } from "./mode.ts";
import type { OpRecord } from "./node.ts";
import { lookRecord } from "./window.ts";

export interface FunctionalOptions {
  /** Record the result, for gradients of it with respect to inputs that require them. Default false. */
  createGraph?: boolean;
}

/** Inputs as the function gets them: leaves of their own, or with createGraph those of the caller where they are part of a graph. */
function leaves(op: string, inputs: readonly Tensor[], createGraph: boolean): Tensor[] {
  return inputs.map((t) => {
    touch(t, op);
    if (createGraph && t.requiresGrad) return t;
    const leaf = detach(t);
    leaf.requiresGrad = true;
    return leaf;
  });
}

function checkLike(op: string, what: string, v: Tensor, like: Tensor): void {
  touch(v, op);
  if (!sameShape(v.shape, like.shape))
    throw new ShapeError(
      `${op}: ${what} must have shape ${formatShape(like.shape)}, got ${formatShape(v.shape)}`,
    );
}

function checkVectors(op: string, inputs: readonly Tensor[], v: readonly Tensor[]): void {
  if (v.length !== inputs.length)
    throw new ShapeError(`${op}: needs one vector for each of the ${inputs.length} inputs, got ${v.length}`);
  inputs.forEach((t, i) => {
    checkLike(op, `vector ${i}`, v[i] as Tensor, t);
  });
}

/** Gradients, with zeros where none flows. */
function gradients(
  out: Tensor,
  inputs: readonly Tensor[],
  v: Tensor | null,
  options: { createGraph?: boolean; retainGraph?: boolean },
): Tensor[] {
  if (!out.requiresGrad) return inputs.map((t) => zeros(t.shape));
  const found = grad(out, inputs, {
    ...options,
    ...(v === null ? {} : { gradOutputs: [v] }),
    allowUnused: true,
  });
  return found.map((g, i) => g ?? zeros((inputs[i] as Tensor).shape));
}

/** Runs a differentiation: recording on, and what it makes on the way ends with it, or belongs to the graph of the result. */
const differentiate = <T>(op: string, fn: () => T): T => composite(op, () => withGrad(true, fn));

/**
 * The product of a vector with the Jacobian: the value of `fn` at the inputs, and the gradients of ⟨v, fn(inputs)⟩.
 * @param v of the value's shape; may be left out for one-element values.
 * @example
 * const [y, [gx]] = vjp((x) => x.exp(), [x], v); // gx = v · eˣ
 */
export function vjp(
  fn: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Tensor[],
  v: Tensor | null = null,
  options: FunctionalOptions = {},
): [value: Tensor, gradients: Tensor[]] {
  const createGraph = options.createGraph ?? false;
  return differentiate("vjp", () => {
    const xs = leaves("vjp", inputs, createGraph);
    const value = fn(...xs);
    if (v !== null) checkLike("vjp", "v", v, value);
    const found = gradients(value, xs, v, { createGraph });
    return [createGraph ? value : detach(value), found];
  });
}

/**
 * The product of the Jacobian with a vector: the value of `fn` at the inputs, and how it changes along `v`. By the gradient of a vjp with
 * respect to its vector (J. Townsend, "A new trick for calculating Jacobian vector products", 2017).
 * @param v one tensor an input, of its shape.
 * @example
 * const [y, dy] = jvp((x) => x.square(), [x], [v]); // dy = 2x · v
 */
export function jvp(
  fn: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Tensor[],
  v: readonly Tensor[],
  options: FunctionalOptions = {},
): [value: Tensor, change: Tensor] {
  checkVectors("jvp", inputs, v);
  const createGraph = options.createGraph ?? false;
  return differentiate("jvp", () => {
    const xs = leaves("jvp", inputs, createGraph);
    const value = fn(...xs);
    const probe = zeros(value.shape, { requiresGrad: true });
    const found = gradients(value, xs, probe, { createGraph: true });
    const change = along(found, v, probe, createGraph);
    return [createGraph ? value : detach(value), change];
  });
}

/** The gradient of Σ ⟨v, g⟩ with respect to `x`. */
function along(gs: readonly Tensor[], v: readonly Tensor[], x: Tensor, createGraph: boolean): Tensor {
  const parts = gs.flatMap((g, i) => (g.requiresGrad ? [[g, v[i] as Tensor] as const] : []));
  if (parts.length === 0) return zeros(x.shape);
  const [found] = grad(
    parts.map(([g]) => g),
    x,
    { gradOutputs: parts.map(([, w]) => w), createGraph, retainGraph: true, allowUnused: true },
  );
  return found ?? zeros(x.shape);
}

/**
 * The product of the Hessian of a one-element function with a vector: the value at the inputs, and how the gradients change along `v`. It
 * costs about two backward passes and never forms the Hessian (B. Pearlmutter, "Fast exact multiplication by the Hessian", 1994).
 * @param v one tensor an input, of its shape.
 * @example
 * const [y, [hv]] = hvp((x) => x.pow(3).sum(), [x], [v]); // hv = 6x · v
 */
export function hvp(
  fn: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Tensor[],
  v: readonly Tensor[],
  options: FunctionalOptions = {},
): [value: Tensor, products: Tensor[]] {
  checkVectors("hvp", inputs, v);
  const createGraph = options.createGraph ?? false;
  return differentiate("hvp", () => {
    const xs = leaves("hvp", inputs, createGraph);
    const value = fn(...xs);
    const first = gradients(value, xs, null, { createGraph: true });
    const products = xs.map((x) => along(first, v, x, createGraph));
    return [createGraph ? value : detach(value), products];
  });
}

/** Rows of one size as one flat row. */
const stackRecord: OpRecord<number> = {
  name: "rows",
  forward(rows, n) {
    const out = empty([rows.length * n], "f32");
    rows.forEach((row, i) => {
      copyInto(view(out, row.shape, contiguousStrides(row.shape), i * n), row);
    });
    return out;
  },
  vjp: ([g], s, n) =>
    s.shapes.map((shape, i) =>
      apply(lookRecord, [g as Tensor], {
        shape,
        strides: contiguousStrides(shape),
        offset: i * n,
        size: s.shapes.length * n,
      }),
    ),
};

/**
 * All first derivatives of `fn` at x: [...shape of the value, ...shape of x], by one backward pass for each element of the value.
 * @example
 * jacobian((x) => x.square(), tensor([1, 2])); // [[2, 0], [0, 4]]
 */
export function jacobian(fn: (x: Tensor) => Tensor, x: Tensor, options: FunctionalOptions = {}): Tensor {
  const createGraph = options.createGraph ?? false;
  return differentiate("jacobian", () => {
    const [leaf] = leaves("jacobian", [x], createGraph) as [Tensor];
    const value = fn(leaf);
    const shape = [...value.shape, ...x.shape];
    if (!value.requiresGrad || value.size === 0 || x.size === 0) return zeros(shape);
    const rows: Tensor[] = [];
    for (let i = 0; i < value.size; i++) {
      const seed = zeros(value.shape);
      fill_f32((seed.ptr + 4 * i) as Ptr, 1, 1);
      rows.push(
        ...gradients(value, [leaf], seed, { createGraph, retainGraph: createGraph || i < value.size - 1 }),
      );
    }
    const flat = apply(stackRecord, rows, x.size);
    return apply(lookRecord, [flat], {
      shape,
      strides: contiguousStrides(shape),
      offset: 0,
      size: flat.size,
    });
  });
}

/**
 * All second derivatives of a one-element function at x: [...shape of x, ...shape of x], by one backward pass for each element of x.
 * @throws {ShapeError} the value of `fn` has more than one element.
 * @example
 * hessian((x) => x.pow(3).sum(), tensor([1, 2])); // [[6, 0], [0, 12]]
 */
export function hessian(fn: (x: Tensor) => Tensor, x: Tensor, options: FunctionalOptions = {}): Tensor {
  return jacobian((at) => gradients(fn(at), [at], null, { createGraph: true })[0] as Tensor, x, options);
}
