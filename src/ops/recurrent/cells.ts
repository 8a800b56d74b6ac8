import { ShapeError } from "../../errors.ts";
import * as k from "../../program/kernels.gen.ts";
import { copyInto, empty, type Tensor } from "../../tensor/tensor.ts";
import { relu, sigmoid, tanh } from "../activation.ts";
import { add, mul, sub } from "../arithmetic.ts";
import { to } from "../cast.ts";
import { gt } from "../compare.ts";
import { cat, split } from "../movement.ts";
import { square } from "../unary.ts";
import type { Cell } from "./cell.ts";
import { part } from "./memory.ts";

const whole = (count: number): Cell["inputBlocks"] => [{ weight: 0, gradient: 0, count }];

/** Both biases of gates that add them: one sum for all steps. */
function together(ofInput: Tensor, ofHidden: Tensor): Tensor {
  const out = empty(ofInput.shape, "f32");
  k.add_f32(out.ptr, ofInput.ptr, ofHidden.ptr, [1, out.size, 1, 1]);
  return out;
}

/** A [batch, n · hidden] tensor by its blocks. */
const blocks = (t: Tensor, n: number): Tensor[] => split(t, (t.shape[1] as number) / n, { dim: 1 });

const slope = (s: Tensor): Tensor => mul(s, sub(1, s));

/** h = tanh(W x + b + U h + d), or relu. */
export const rnnCellRule: Cell = {
  name: "rnn",
  gates: 1,
  width: 1,
  hasCell: false,
  inputBlocks: whole(1),
  hiddenBlock: 0,
  bypass: false,
  bias: together,
  step: (s) =>
    // prettier-ignore
    k.rnnStep_f32(
      s.h, s.y, s.gates, s.product, s.bias, s.hBefore, s.lengths, s.t, s.time, s.relu, s.batch, s.hidden,
    ),
  stepGrad(s) {
    k.rnnGrad_f32(s.dgates, s.dh, s.dy, s.h, s.lengths, s.t, s.relu, s.batch, s.hidden);
  },
  composed(s) {
    const sum = add(s.ofInput, s.ofHidden);
    const h = s.relu ? relu(sum) : tanh(sum);
    return {
      h,
      c: null,
      grad(dh) {
        const d = mul(dh, s.relu ? to(gt(h, 0), "f32") : sub(1, square(h)));
        return { ofInput: d, ofHidden: d, h: null, c: null };
      },
    };
  },
};

/** i, f, g, o, in this order: c = f·c + i·g, h = o·tanh c. */
export const lstmCellRule: Cell = {
  name: "lstm",
  gates: 4,
  width: 4,
  hasCell: true,
  inputBlocks: whole(4),
  hiddenBlock: 0,
  bypass: false,
  bias: together,
  step: (s) =>
    // prettier-ignore
    k.lstmStep_f32(
      s.h, s.c, s.tanhC, s.y, s.gates, s.product, s.bias, s.hBefore, s.cBefore, s.lengths, s.t, s.time, s.batch, s.hidden,
    ),
  stepGrad(s) {
    // prettier-ignore
    k.lstmGrad_f32(
      s.dgates, s.dh, s.dc, s.dy, s.gates, s.tanhC, s.cBefore, s.lengths, s.t, s.batch, s.hidden,
    );
  },
  composed(s) {
    const before = s.c as Tensor;
    const [a, b, v, d] = blocks(add(s.ofInput, s.ofHidden), 4) as [Tensor, Tensor, Tensor, Tensor];
    const [input, forget, value, output] = [sigmoid(a), sigmoid(b), tanh(v), sigmoid(d)];
    const c = add(mul(forget, before), mul(input, value));
    const squashed = tanh(c);
    return {
      h: mul(output, squashed),
      c,
      grad(dh, dc) {
        const total = add(dc as Tensor, mul(mul(dh, output), sub(1, square(squashed))));
        const gates = [
          mul(mul(total, value), slope(input)),
          mul(mul(total, before), slope(forget)),
          mul(mul(total, input), sub(1, square(value))),
          mul(mul(dh, squashed), slope(output)),
        ];
        const all = cat(gates, { dim: 1 });
        return { ofInput: all, ofHidden: all, h: null, c: mul(total, forget) };
      },
    };
  },
};

/**
 * r, z, n, in this order: n = tanh(W x + b + r·(U h + d)), h = (1 − z)·n + z·h. A step keeps r, z, n and U h + d; its gradient stands in
 * the order n, r, z, U h + d, in which both the input's and the hidden state's blocks are neighbours.
 */
export const gruCellRule: Cell = {
  name: "gru",
  gates: 3,
  width: 4,
  hasCell: false,
  inputBlocks: [
    { weight: 0, gradient: 1, count: 2 },
    { weight: 2, gradient: 0, count: 1 },
  ],
  hiddenBlock: 1,
  bypass: true,
  bias(ofInput, ofHidden) {
    const hidden = ofInput.size / 3;
    if (!Number.isInteger(hidden))
      throw new ShapeError(`gru: a bias has 3 · hidden values, got ${ofInput.size}`);
    const out = empty([4 * hidden], "f32");
    k.add_f32(out.ptr, ofInput.ptr, ofHidden.ptr, [1, 2 * hidden, 1, 1]);
    copyInto(part(out, 2 * hidden, hidden), part(ofInput, 2 * hidden, hidden));
    copyInto(part(out, 3 * hidden, hidden), part(ofHidden, 2 * hidden, hidden));
    return out;
  },
  step: (s) =>
    // prettier-ignore
    k.gruStep_f32(
      s.h, s.y, s.gates, s.product, s.bias, s.hBefore, s.lengths, s.t, s.time, s.batch, s.hidden,
    ),
  stepGrad(s) {
    k.gruGrad_f32(s.dgates, s.dh, s.dy, s.gates, s.hBefore, s.lengths, s.t, s.batch, s.hidden);
  },
  composed(s) {
    const [xr, xz, xn] = blocks(s.ofInput, 3) as [Tensor, Tensor, Tensor];
    const [hr, hz, q] = blocks(s.ofHidden, 3) as [Tensor, Tensor, Tensor];
    const r = sigmoid(add(xr, hr));
    const z = sigmoid(add(xz, hz));
    const n = tanh(add(xn, mul(r, q)));
    return {
      h: add(n, mul(z, sub(s.h, n))),
      c: null,
      grad(dh) {
        const dn = mul(mul(dh, sub(1, z)), sub(1, square(n)));
        const dr = mul(mul(dn, q), slope(r));
        const dz = mul(mul(dh, sub(s.h, n)), slope(z));
        return {
          ofInput: cat([dr, dz, dn], { dim: 1 }),
          ofHidden: cat([dr, dz, mul(dn, r)], { dim: 1 }),
          h: mul(dh, z),
          c: null,
        };
      },
    };
  },
};
