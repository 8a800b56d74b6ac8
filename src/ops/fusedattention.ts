import { apply, applyMulti } from "../autograd/apply.ts";
import { isGradEnabled } from "../autograd/mode.ts";
import type { OpRecord } from "../autograd/node.ts";
import { parallelism } from "../program/emit.ts";
import * as kernels from "../program/kernels.gen.ts";
import { broadcastShapes, broadcastStrides, sizeOf, type Shape } from "../tensor/shape.ts";
import { withWorkspace } from "../tensor/storage.ts";
import { contiguous, empty, view, type Tensor } from "../tensor/tensor.ts";
import type { Ptr } from "../wasm/heap.ts";
import { add, mul } from "./arithmetic.ts";
import { castTo } from "./cast.ts";
import { matmul } from "./matmul.ts";
import { transpose } from "./movement.ts";
import { sumTo } from "./reduce.ts";
import { softmaxGradRecord } from "./softmax.ts";

/** Attention that keeps no matrix of scores; takes q, k, v and, if there is one, an f32 mask that is added to the scores. */

export interface AttentionRule {
  readonly scale: number;
  readonly isCausal: boolean;
}

const NAME = "scaledDotProductAttention";
const NULL = 0 as Ptr;

/** Softmax of scores along the last dimension, as attention has it: a row that sees nothing gives zeros. Attributes: causal. */
export const weightsRecord: OpRecord<boolean> = {
  name: "attentionSoftmax",
  forward([scores], causal) {
    const x = contiguous(scores as Tensor);
    const out = empty(x.shape, "f32");
    const [queries, keys] = x.shape.slice(-2) as [number, number];
    if (out.size > 0)
      kernels.attentionSoftmax_f32(out.ptr, x.ptr, out.size / keys, queries, keys, Number(causal));
    return out;
  },
  saves: { output: true },
  // Where a weight is 0, so is its score's gradient: softmax's own rule serves.
  vjp: ([g], s, _causal) => [apply(softmaxGradRecord, [g as Tensor, s.output], s.output.ndim - 1)],
};

interface Operand {
  readonly ptr: Ptr;
  /** In elements: batch, head, row, column. */
  readonly strides: readonly number[];
}

/** An operand spread to `shape`, as [batch, heads, rows, columns]; copied only where such strides cannot say it. */
function operand(t: Tensor, shape: Shape): Operand {
  const strides = broadcastStrides(t.shape, t.strides, shape);
  const columns = shape.at(-1) as number;
  const last = strides.at(-1) as number;
  if (shape.length <= 4 && (last === 0 || last === 1 || columns === 1))
    return { ptr: t.ptr, strides: [0, 0, ...strides.slice(0, -1), columns === 1 ? 1 : last].slice(-4) };
  const dense = contiguous(view(t, shape, strides, t.offset));
  const rows = shape.at(-2) as number;
  const size = rows * columns;
  return { ptr: dense.ptr, strides: [size * (shape.at(-3) ?? 1), size, columns, 1] };
}

/** A new tensor whose rows of one batch lie as those of `model` do: heads within rows where a model's features were split into heads. */
function emptyLike(model: Tensor, shape: Shape): Tensor {
  const [, head = 0, row = 0] = model.strides;
  if (shape.length !== 4 || model.ndim !== 4 || head >= row) return empty(shape, "f32");
  const [batch, heads, rows, columns] = shape as [number, number, number, number];
  const out = empty([batch, rows, heads, columns], "f32");
  return view(out, shape, [rows * heads * columns, columns, heads * columns, 1], out.offset);
}

interface Sizes {
  /** The leading dimensions of all operands together. */
  readonly batch: Shape;
  readonly queries: number;
  readonly keys: number;
  readonly width: number;
  readonly valueWidth: number;
}

function sizesOf([q, k, v]: readonly Tensor[]): Sizes {
  const leading = (t: Tensor | undefined): Shape => (t as Tensor).shape.slice(0, -2);
  const batch = [k, v].reduce<Shape>((b, t) => broadcastShapes(NAME, b, leading(t)), leading(q));
  const [queries, width] = (q as Tensor).shape.slice(-2) as [number, number];
  const [keys, valueWidth] = (v as Tensor).shape.slice(-2) as [number, number];
  return { batch, queries, keys, width, valueWidth };
}

interface Plan {
  /** Addresses of q, k, v and the mask. */
  readonly at: readonly [Ptr, Ptr, Ptr, Ptr];
  /** Queries of all heads. */
  readonly rows: number;
  readonly layout: number[];
}

/** What both kernels take. */
function plan(inputs: readonly Tensor[], out: Tensor): Plan {
  const { batch, queries, keys, width, valueWidth } = sizesOf(inputs);
  const [q, k, v, mask] = inputs as [Tensor, Tensor, Tensor, Tensor?];
  const operands = [
    operand(q, [...batch, queries, width]),
    operand(k, [...batch, keys, width]),
    operand(v, [...batch, keys, valueWidth]),
  ] as const;
  const hidden = mask === undefined ? null : operand(mask, [...batch, queries, keys]);
  const layout = [batch.at(-1) ?? 1, queries, width, valueWidth];
  for (const { strides } of [...operands, operand(out, out.shape)]) layout.push(...strides.slice(0, 3));
  layout.push(...(hidden?.strides ?? [0, 0, 0, 0]));
  return {
    at: [operands[0].ptr, operands[1].ptr, operands[2].ptr, hidden?.ptr ?? NULL],
    rows: sizeOf(batch) * queries,
    layout,
  };
}

const f32s = (inputs: readonly Tensor[]): Tensor[] => inputs.map((t) => castTo(t, "f32"));

export const attentionRecord: OpRecord<AttentionRule> = {
  name: NAME,
  forward(given, { scale, isCausal }, extras) {
    const inputs = f32s(given);
    const { batch, queries, keys, width, valueWidth } = sizesOf(inputs);
    const out = emptyLike(inputs[0] as Tensor, [...batch, queries, valueWidth]);
    const logs = empty([sizeOf(batch), queries], "f32");
    extras.push(logs);
    const { at, rows, layout } = plan(inputs, out);
    withWorkspace(kernels.attention_f32_workspace(width, valueWidth, parallelism()), (workspace) => {
      kernels.attention_f32(out.ptr, logs.ptr, ...at, scale, Number(isCausal), rows, keys, layout, workspace);
    });
    return out;
  },
  saves: { inputs: [0, 1, 2, 3], output: true },
  vjp([g], s, rule) {
    const inputs = s.shapes.map((_, i) => s.input(i));
    const grads = isGradEnabled()
      ? composedGrad(g as Tensor, inputs as [Tensor, Tensor, Tensor, Tensor?], rule)
      : applyMulti(gradRecord, [g as Tensor, s.output, s.extra(0), ...inputs], rule);
    return s.shapes.map((shape, i) => (i < 3 && s.needs(i) ? sumTo(grads[i] as Tensor, shape) : null));
  },
};

/** All three gradients, spread to the common leading dimensions. */
const gradRecord: OpRecord<AttentionRule> = {
  name: `${NAME}Grad`,
  forward([incoming, out, logs, ...given], { scale, isCausal }) {
    const inputs = f32s(given);
    const [q, k, v] = inputs as [Tensor, Tensor, Tensor];
    const { batch, queries, keys, width, valueWidth } = sizesOf(inputs);
    const { at, rows, layout } = plan(inputs, out as Tensor);
    const g = operand(incoming as Tensor, [...batch, queries, valueWidth]);
    const dq = emptyLike(q, [...batch, queries, width]);
    const dk = emptyLike(k, [...batch, keys, width]);
    const dv = emptyLike(v, [...batch, keys, valueWidth]);
    for (const { strides } of [g, ...[dq, dk, dv].map((t) => operand(t, t.shape))])
      layout.push(...strides.slice(0, 3));
    const [ofQ, ofK, ofV, mask] = at;
    withWorkspace(kernels.attentionGrad_f32_workspace(width, valueWidth, parallelism()), (workspace) => {
      // prettier-ignore
      kernels.attentionGrad_f32(
        dq.ptr, dk.ptr, dv.ptr, g.ptr, ofQ, ofK, ofV, (out as Tensor).ptr, (logs as Tensor).ptr, mask,
        scale, Number(isCausal), rows, keys, layout, workspace,
      );
    });
    return [dq, dk, dv];
  },
};

/** The same gradients in public ops: differentiable again. */
function composedGrad(
  g: Tensor,
  [q, k, v, mask]: readonly [Tensor, Tensor, Tensor, Tensor?],
  { scale, isCausal }: AttentionRule,
): Tensor[] {
  const scaled = mul(q, scale);
  const products = matmul(scaled, transpose(k, -2, -1));
  const weights = apply(weightsRecord, [mask ? add(products, mask) : products], isCausal);
  const slopes = apply(softmaxGradRecord, [matmul(g, transpose(v, -2, -1)), weights], weights.ndim - 1);
  const turned = (t: Tensor): Tensor => transpose(t, -2, -1);
  return [mul(matmul(slopes, k), scale), matmul(turned(slopes), scaled), matmul(turned(weights), g)];
}
