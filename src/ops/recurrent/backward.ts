import type { OpRecord, Saved } from "../../autograd/node.ts";
import { sum_f32 } from "../../program/kernels.gen.ts";
import { fillWith } from "../../tensor/create.ts";
import { contiguous, copyInto, empty, type Tensor } from "../../tensor/tensor.ts";
import { places, type Cell, type Rule } from "./cell.ts";
import {
  dense,
  multiply,
  NULL,
  order,
  part,
  plus,
  rowMajor,
  States,
  turned,
  withProduct,
  type Matrix,
} from "./memory.ts";

export interface Backward {
  readonly grads: readonly (Tensor | null)[];
  readonly saved: Saved;
  readonly rule: Rule;
  /** The inputs whose gradients are asked for. */
  readonly wanted: readonly number[];
}

/**
 * A layer's gradients: against the order of the steps the gates' kernel and the product that leads to the step before, then one
 * product each for the input and the two weights, and one sum for the biases. Has no gradient of its own: under createGraph the
 * composed rule takes its place.
 */
export function layerGradRecord(cell: Cell): OpRecord<Backward> {
  return {
    name: `${cell.name}Grad`,
    forward(_, { grads, saved, rule, wanted }) {
      const at = places(cell, rule);
      const [x, wi, wh] = [at.x, at.wi, at.wh].map((i) => dense(saved.input(i))) as [Tensor, Tensor, Tensor];
      const [time, batch, features] = x.shape as [number, number, number];
      const hidden = wh.shape[1] as number;
      const [rows, wide, steps] = [cell.gates * hidden, cell.width * hidden, time * batch];
      const h = new States(saved.extra(0), rule.reverse);
      const gates = cell.width > 1 ? saved.extra(1).ptr : NULL;
      const c = cell.hasCell ? new States(saved.extra(2), rule.reverse) : null;
      const tanhC = cell.hasCell ? saved.extra(3).ptr : NULL;
      const lengths = rule.lengths ? contiguous(saved.input(at.lengths)).ptr : NULL;
      const dy = grads[0] ? dense(grads[0]).ptr : NULL;
      const dh = startFrom(grads[1] ?? null, [batch, hidden]);
      const dc = cell.hasCell ? startFrom(grads[2] ?? null, [batch, hidden]) : null;
      const dgates = empty([time, batch, wide], "f32");
      const walk = order(time, !rule.reverse);
      withProduct(rowMajor(wh.ptr, hidden), [batch, hidden, rows], (multiplyHidden) => {
        for (const t of walk) {
          const own = plus(dgates.ptr, t * batch * wide);
          cell.stepGrad({
            ...{ t, time, batch, hidden, lengths },
            relu: Number(rule.relu),
            gates: plus(gates, t * batch * wide),
            h: h.after(t),
            hBefore: h.before(t),
            c: c?.after(t) ?? NULL,
            cBefore: c?.before(t) ?? NULL,
            tanhC: plus(tanhC, t * batch * hidden),
            dgates: own,
            dh: dh.ptr,
            dc: dc?.ptr ?? NULL,
            dy: plus(dy, t * batch * hidden),
          });
          if (t === walk.at(-1) && !wanted.includes(at.h0)) continue;
          const block = rowMajor(plus(own, cell.hiddenBlock * hidden), wide);
          multiplyHidden(dh.ptr, block, cell.bypass || rule.lengths);
        }
      });

      const gradients = (block: number): Matrix => rowMajor(plus(dgates.ptr, block * hidden), wide);
      const ofInput = (): Tensor => {
        const out = empty(x.shape, "f32");
        for (const [i, { weight, gradient, count }] of cell.inputBlocks.entries()) {
          const used = rowMajor(plus(wi.ptr, weight * hidden * features), features);
          const sizes = [steps, features, count * hidden] as const;
          multiply(rowMajor(out.ptr, features), gradients(gradient), used, sizes, i > 0);
        }
        return out;
      };
      const ofInputWeight = (): Tensor => {
        const out = empty(wi.shape, "f32");
        for (const { weight, gradient, count } of cell.inputBlocks) {
          const target = rowMajor(plus(out.ptr, weight * hidden * features), features);
          const sizes = [count * hidden, features, steps] as const;
          multiply(target, turned(gradients(gradient)), rowMajor(x.ptr, features), sizes);
        }
        return out;
      };
      const ofHiddenWeight = (): Tensor => {
        const out = empty(wh.shape, "f32");
        const before = rowMajor(h.before(0), hidden);
        multiply(rowMajor(out.ptr, hidden), turned(gradients(cell.hiddenBlock)), before, [
          rows,
          hidden,
          steps,
        ]);
        return out;
      };
      let sums: Tensor | null = null;
      const summed = (): Tensor => {
        if (sums !== null) return sums;
        sums = empty([wide], "f32");
        sum_f32(sums.ptr, dgates.ptr, 1, steps, wide);
        return sums;
      };
      const ofInputBias = (): Tensor => {
        const out = empty([rows], "f32");
        for (const { weight, gradient, count } of cell.inputBlocks) {
          const size = count * hidden;
          copyInto(part(out, weight * hidden, size), part(summed(), gradient * hidden, size));
        }
        return out;
      };
      const ofHiddenBias = (): Tensor => {
        const out = empty([rows], "f32");
        copyInto(out, part(summed(), cell.hiddenBlock * hidden, rows));
        return out;
      };
      const rules = new Map<number, () => Tensor>([
        [at.x, ofInput],
        [at.h0, () => dh],
        [at.wi, ofInputWeight],
        [at.wh, ofHiddenWeight],
        [at.bi, ofInputBias],
        [at.bh, ofHiddenBias],
      ]);
      if (dc !== null) rules.set(at.c0, () => dc);
      return wanted.map((i) => (rules.get(i) as () => Tensor)());
    },
  };
}

/** A gradient to start from, in memory of its own. */
function startFrom(g: Tensor | null, shape: readonly number[]): Tensor {
  const out = empty(shape, "f32");
  if (g === null) fillWith(out, 0);
  else copyInto(out, g);
  return out;
}
