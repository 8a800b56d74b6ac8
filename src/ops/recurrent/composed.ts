import type { Saved } from "../../autograd/node.ts";
import { zeros } from "../../tensor/create.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { add } from "../arithmetic.ts";
import { gt } from "../compare.ts";
import { linear, matmul } from "../matmul.ts";
import { reshape, select, stack, transpose } from "../movement.ts";
import { sum } from "../reduce.ts";
import { where } from "../select.ts";
import { places, type Cell, type ComposedResult, type Rule } from "./cell.ts";
import { order } from "./memory.ts";

interface Moment {
  readonly t: number;
  readonly h: Tensor;
  readonly result: ComposedResult;
  /** Which sequences are not over yet, bool [batch, 1]; null: all. */
  readonly live: Tensor | null;
}

/** A layer's gradients step by step in public ops, from its inputs alone: differentiable again. */
export function composedGrad(
  cell: Cell,
  grads: readonly (Tensor | null)[],
  s: Saved,
  rule: Rule,
): (Tensor | null)[] {
  const at = places(cell, rule);
  const optional = (i: number): Tensor | null => (i < 0 ? null : s.input(i));
  const [x, wi, wh] = [s.input(at.x), s.input(at.wi), s.input(at.wh)];
  const [time, batch, features] = x.shape as [number, number, number];
  const [rows, hidden] = wh.shape as [number, number];
  const lengths = optional(at.lengths);
  const remaining = lengths && reshape(lengths, [batch, 1]);

  const moments: Moment[] = [];
  const products = linear(x, wi, optional(at.bi));
  let h = s.input(at.h0);
  let c = optional(at.c0);
  for (const t of order(time, rule.reverse)) {
    const ofHidden = linear(h, wh, optional(at.bh));
    const result = cell.composed({ ofInput: select(products, 0, t), ofHidden, h, c, relu: rule.relu });
    const live = remaining && gt(remaining, t);
    moments.push({ t, h, result, live });
    h = live ? where(live, result.h, h) : result.h;
    if (c && result.c) c = live ? where(live, result.c, c) : result.c;
  }

  let dh = grads[1] ?? zeros([batch, hidden]);
  let dc = cell.hasCell ? (grads[2] ?? zeros([batch, hidden])) : null;
  const ofInput = new Array<Tensor>(time);
  const ofHidden = new Array<Tensor>(time);
  const before = new Array<Tensor>(time);
  for (const { t, h: previous, result, live } of moments.reverse()) {
    const own = grads[0] ? add(dh, select(grads[0], 0, t)) : dh;
    const step = result.grad(live ? where(live, own, 0) : own, live && dc ? where(live, dc, 0) : dc);
    ofInput[t] = step.ofInput;
    ofHidden[t] = step.ofHidden;
    before[t] = previous;
    let next = matmul(step.ofHidden, wh);
    if (step.h) next = add(next, step.h);
    dh = live ? add(next, where(live, 0, dh)) : next;
    if (dc && step.c) dc = live ? add(step.c, where(live, 0, dc)) : step.c;
  }

  const flat = (steps: readonly Tensor[], width: number): Tensor =>
    reshape(stack(steps), [time * batch, width]);
  const inputs = flat(ofInput, rows);
  const states = flat(ofHidden, rows);
  const out = new Array<Tensor | null>(s.shapes.length).fill(null);
  out[at.x] = reshape(matmul(inputs, wi), x.shape);
  out[at.h0] = dh;
  if (dc) out[at.c0] = dc;
  out[at.wi] = matmul(transpose(inputs, 0, 1), reshape(x, [time * batch, features]));
  out[at.wh] = matmul(transpose(states, 0, 1), flat(before, hidden));
  if (rule.bias) {
    out[at.bi] = sum(inputs, { dim: 0 });
    out[at.bh] = sum(states, { dim: 0 });
  }
  return out;
}
