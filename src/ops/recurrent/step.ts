import { applyMulti } from "../../autograd/apply.ts";
import type { OpRecord } from "../../autograd/node.ts";
import { ShapeError } from "../../errors.ts";
import { zeros } from "../../tensor/create.ts";
import { composite } from "../../tensor/lifetime.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape, squeeze, unsqueeze } from "../movement.ts";
import type { Cell, Rule } from "./cell.ts";
import { gruCellRule, lstmCellRule, rnnCellRule } from "./cells.ts";
import { checkSize, checkState, checkWeight, type CellWeights } from "./options.ts";
import { gruRecord, isRelu, lstmRecord, rnnRecord } from "./sequence.ts";

/** A single step is a sequence of one. */
function step(
  cell: Cell,
  record: OpRecord<Rule>,
  x: Tensor,
  states: readonly Tensor[] | null,
  weights: CellWeights,
  relu: boolean,
): Tensor[] {
  const op = `${cell.name}Cell`;
  if (x.ndim !== 1 && x.ndim !== 2)
    throw new ShapeError(`${op}: takes [batch, features] or [features], got ${formatShape(x.shape)}`);
  const alone = x.ndim === 1;
  const batch = alone ? 1 : (x.shape[0] as number);
  const features = x.shape.at(-1) as number;
  const hidden = checkSize(op, "hidden size", weights.weight_hh.shape[1] ?? 0);
  const rows = cell.gates * hidden;
  const bias = Boolean(weights.bias_ih ?? weights.bias_hh);
  const why = `${features} inputs, hidden size ${hidden}, ${cell.gates} gates`;
  const weight = (name: keyof CellWeights, shape: readonly number[]): Tensor =>
    checkWeight(op, weights, name, shape, why);
  const own = [weight("weight_ih", [rows, features]), weight("weight_hh", [rows, hidden])];
  if (bias) own.push(weight("bias_ih", [rows]), weight("bias_hh", [rows]));
  return composite(op, () => {
    const before = (cell.hasCell ? ["h", "c"] : ["h"]).map((name, i) => {
      const given = states?.[i];
      if (!given) return zeros([batch, hidden]);
      checkState(op, name, given, alone ? [hidden] : [batch, hidden], why);
      return alone ? unsqueeze(given, 0) : given;
    });
    const input = reshape(x, [1, batch, features]);
    const rule: Rule = { reverse: false, bias, lengths: false, relu };
    const [, ...after] = applyMulti(record, [input, ...before, ...own], rule);
    return alone ? after.map((t) => squeeze(t, { dim: 0 })) : after;
  });
}

/**
 * One step of a simple recurrent layer: x [batch, in] (or [in]), h [batch, hidden] or null for zeros → the next h.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.RNNCell.html
 * @example
 * rnnCell(tensor([1]), null, { weight_ih: tensor([[2]]), weight_hh: tensor([[1]]) }); // [0.964]
 */
export function rnnCell(
  x: Tensor,
  h: Tensor | null | undefined,
  weights: CellWeights,
  options: { nonlinearity?: "tanh" | "relu" } = {},
): Tensor {
  const relu = isRelu("rnnCell", options.nonlinearity);
  return step(rnnCellRule, rnnRecord, x, h ? [h] : null, weights, relu)[0] as Tensor;
}

/**
 * One step of a gated recurrent unit: x [batch, in] (or [in]), h [batch, hidden] or null for zeros → the next h.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.GRUCell.html
 * @example
 * gruCell(tensor([1]), null, { weight_ih: ones([3, 1]), weight_hh: ones([3, 1]) }); // [0.2048]
 */
export function gruCell(x: Tensor, h: Tensor | null | undefined, weights: CellWeights): Tensor {
  return step(gruCellRule, gruRecord, x, h ? [h] : null, weights, false)[0] as Tensor;
}

/**
 * One step of a long short-term memory: x [batch, in] (or [in]), [h, c] of [batch, hidden] each, or null for zeros → the next [h, c].
 * @see https://pytorch.org/docs/stable/generated/torch.nn.LSTMCell.html
 * @example
 * const [h, c] = lstmCell(tensor([1]), null, { weight_ih: ones([4, 1]), weight_hh: ones([4, 1]) }); // [0.3696], [0.5568]
 */
export function lstmCell(
  x: Tensor,
  states: readonly [h: Tensor, c: Tensor] | null | undefined,
  weights: CellWeights,
): [Tensor, Tensor] {
  return step(lstmCellRule, lstmRecord, x, states ?? null, weights, false) as [Tensor, Tensor];
}
