import { applyMulti } from "../../autograd/apply.ts";
import { isGradEnabled } from "../../autograd/mode.ts";
import type { OpRecord } from "../../autograd/node.ts";
import { ValueError } from "../../errors.ts";
import { contiguous, empty, type Tensor } from "../../tensor/tensor.ts";
import { i32 } from "../../wasm/views.ts";
import { layerGradRecord } from "./backward.ts";
import { places, type Cell, type Rule } from "./cell.ts";
import { composedGrad } from "./composed.ts";
import { dense, multiply, NULL, order, plus, rowMajor, States, turned, withProduct } from "./memory.ts";

/**
 * The record of one layer in one direction over a whole sequence: x [time, batch, inputs] → the outputs [time, batch, hidden], the last
 * hidden state and (LSTM) the last cell state. One product for all steps' inputs, then for each step the product of the hidden state
 * with weights that were packed once, and one kernel for the gates. The reversed direction walks time backwards in place.
 */
export function layerRecord(cell: Cell): OpRecord<Rule> {
  const gradRecord = layerGradRecord(cell);
  return {
    name: cell.name,
    forward(inputs, rule, extras) {
      const at = places(cell, rule);
      const input = (i: number): Tensor => dense(inputs[i] as Tensor);
      const [x, wi, wh] = [input(at.x), input(at.wi), input(at.wh)];
      const [time, batch, features] = x.shape as [number, number, number];
      const hidden = wh.shape[1] as number;
      const [rows, wide] = [cell.gates * hidden, cell.width * hidden];
      const lengths = rule.lengths ? contiguous(inputs[at.lengths] as Tensor) : null;
      const bias = rule.bias ? cell.bias(input(at.bi), input(at.bh)).ptr : NULL;
      const gates = empty([time, batch, wide], "f32");
      const weight = turned(rowMajor(wi.ptr, features));
      multiply(rowMajor(gates.ptr, wide), rowMajor(x.ptr, features), weight, [time * batch, rows, features]);
      const h = States.from(inputs[at.h0] as Tensor, time, rule.reverse);
      const c = cell.hasCell ? States.from(inputs[at.c0] as Tensor, time, rule.reverse) : null;
      const tanhC = c && empty([time, batch, hidden], "f32");
      const y = lengths === null ? h.sequence() : empty([time, batch, hidden], "f32");
      const product = empty([batch, rows], "f32");
      withProduct(turned(rowMajor(wh.ptr, hidden)), [batch, rows, hidden], (multiplyHidden) => {
        for (const t of order(time, rule.reverse)) {
          multiplyHidden(product.ptr, rowMajor(h.before(t), hidden), false);
          const code = cell.step({
            ...{ t, time, batch, hidden, bias },
            relu: Number(rule.relu),
            lengths: lengths?.ptr ?? NULL,
            gates: plus(gates.ptr, t * batch * wide),
            h: h.after(t),
            hBefore: h.before(t),
            c: c?.after(t) ?? NULL,
            cBefore: c?.before(t) ?? NULL,
            tanhC: plus(tanhC?.ptr ?? NULL, t * batch * hidden),
            y: lengths === null ? NULL : plus(y.ptr, t * batch * hidden),
            product: product.ptr,
          });
          if (code !== 0) refuse(cell.name, lengths as Tensor, code, time);
        }
      });
      extras.push(h.all);
      if (cell.width > 1) extras.push(gates); // of one gate, the outputs tell it
      if (c && tanhC) extras.push(c.all, tanhC);
      return c ? [y, h.last(), c.last()] : [y, h.last()];
    },
    saves: { inputs: [0, 1, 2, 3, 4, 5, 6, 7] },
    vjp(grads, s, rule) {
      if (isGradEnabled()) return composedGrad(cell, grads, s, rule);
      const wanted = s.shapes.flatMap((_, i) => (s.needs(i) ? [i] : []));
      const present = grads.filter((g) => g !== null);
      const results = applyMulti(gradRecord, present, { grads, saved: s, rule, wanted });
      return s.shapes.map((_, i) => results[wanted.indexOf(i)] ?? null);
    },
  };
}

function refuse(op: string, lengths: Tensor, code: number, time: number): never {
  const value = i32[(lengths.ptr >>> 2) + code - 1] as number;
  throw new ValueError(
    `${op}: length ${value} of sequence ${code - 1} is outside [0, ${time}]; there are ${time} steps`,
  );
}
