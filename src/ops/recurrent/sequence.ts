import { applyMulti } from "../../autograd/apply.ts";
import type { OpRecord } from "../../autograd/node.ts";
import { ShapeError, ValueError } from "../../errors.ts";
import { arange, zeros } from "../../tensor/create.ts";
import { composite } from "../../tensor/lifetime.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { lt } from "../compare.ts";
import { dropout } from "../dropout.ts";
import { cat, reshape, select, squeeze, stack, transpose, unsqueeze } from "../movement.ts";
import { where } from "../select.ts";
import type { Cell, Rule } from "./cell.ts";
import { gruCellRule, lstmCellRule, rnnCellRule } from "./cells.ts";
import { layerRecord } from "./layer.ts";
import { checkState, lengthsOf, planOf, type RecurrentOptions, type RecurrentWeights } from "./options.ts";

/** Runs the layers; `states` are h0 and (LSTM) c0, or null for zeros. Returns the outputs and the last states. */
function run(
  cell: Cell,
  record: OpRecord<Rule>,
  x: Tensor,
  states: readonly Tensor[] | null,
  weights: RecurrentWeights,
  options: RecurrentOptions & { relu?: boolean },
): Tensor[] {
  const op = cell.name;
  if (x.ndim !== 2 && x.ndim !== 3) {
    const order = options.batchFirst ? "batch, time" : "time, batch";
    throw new ShapeError(
      `${op}: takes [${order}, features] or [time, features], got ${formatShape(x.shape)}`,
    );
  }
  const alone = x.ndim === 2;
  const turned = !alone && (options.batchFirst ?? false);
  const [time, batch] = (alone ? [x.shape[0], 1] : turned ? [x.shape[1], x.shape[0]] : x.shape) as [
    number,
    number,
  ];
  if (time === 0)
    throw new ShapeError(`${op}: a sequence needs at least one step, got ${formatShape(x.shape)}`);
  const plan = planOf(op, cell, x.shape.at(-1) as number, weights, options);
  const { hidden, directions, bias } = plan;
  const count = plan.layers.length * directions;
  const shape = alone ? [count, hidden] : [count, batch, hidden];
  const names = cell.hasCell ? ["h0", "c0"] : ["h0"];
  const why = `layers · directions ${count}, ${alone ? "" : `batch ${batch}, `}hidden size ${hidden}`;
  const initial = names.map((name, i) => {
    const given = states?.[i];
    return given ? checkState(op, name, given, shape, why) : null;
  });
  const p = options.dropout ?? 0;
  if (!(p >= 0 && p <= 1)) throw new ValueError(`${op}: dropout must lie in [0, 1], got ${p}`);

  return composite(op, () => {
    let input = alone ? unsqueeze(x, 1) : turned ? transpose(x, 0, 1) : x;
    const lengths = options.lengths ? lengthsOf(op, options.lengths, time, batch) : null;
    if (lengths !== null) {
      // What stands beyond the end, be it NaN, must not meet the zeros of its gradient.
      const live = lt(reshape(arange(time), [time, 1, 1]), reshape(lengths, [1, batch, 1]));
      input = where(live, input, 0);
    }
    const nothing = initial.includes(null) ? zeros([batch, hidden]) : null;
    const last: Tensor[][] = names.map(() => []);
    plan.layers.forEach((layer, l) => {
      if (l > 0) input = dropout(input, { p, training: options.training ?? true });
      const outputs = layer.map((own, d) => {
        const rule: Rule = { reverse: d === 1, bias, lengths: lengths !== null, relu: options.relu ?? false };
        const before = initial.map((t) => {
          if (t === null) return nothing as Tensor;
          const state = select(t, 0, l * directions + d);
          return alone ? unsqueeze(state, 0) : state;
        });
        const inputs = [input, ...before, ...own, ...(lengths === null ? [] : [lengths])];
        const [y, ...after] = applyMulti(record, inputs, rule) as [Tensor, ...Tensor[]];
        after.forEach((t, i) => last[i]?.push(alone ? squeeze(t, { dim: 0 }) : t));
        return y;
      });
      input = outputs.length === 1 ? (outputs[0] as Tensor) : cat(outputs, { dim: 2 });
    });
    const output = alone ? squeeze(input, { dim: 1 }) : turned ? transpose(input, 0, 1) : input;
    return [output, ...last.map((t) => stack(t))];
  });
}

export const rnnRecord = /* @__PURE__ */ layerRecord(rnnCellRule);
export const gruRecord = /* @__PURE__ */ layerRecord(gruCellRule);
export const lstmRecord = /* @__PURE__ */ layerRecord(lstmCellRule);

export interface RnnOptions extends RecurrentOptions {
  /** Default "tanh". */
  nonlinearity?: "tanh" | "relu";
}

export function isRelu(op: string, nonlinearity = "tanh"): boolean {
  if (nonlinearity !== "tanh" && nonlinearity !== "relu") {
    throw new ValueError(`${op}: nonlinearity must be "tanh" or "relu", got ${JSON.stringify(nonlinearity)}`);
  }
  return nonlinearity === "relu";
}

/**
 * A network of simple recurrent (Elman) layers over whole sequences: h = tanh(W_ih x + b_ih + W_hh h + b_hh), or relu.
 *
 * x [time, batch, in] (or [batch, time, in] with `batchFirst`, or [time, in]), h0 [layers · directions, batch, hidden] or null for zeros,
 * weights by PyTorch's state-dict names → the outputs of the last layer [time, batch, directions · hidden] and the last hidden states
 * [layers · directions, batch, hidden].
 * @throws {ShapeError} sizes that differ; {ValueError} missing or superfluous weights, a length outside of the sequence.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.RNN.html
 * @example
 * const layer = new nn.RNN(3, 5);
 * const [output, hn] = rnn(zeros([7, 2, 3]), null, layer.stateDict());
 * output.shape; // [7, 2, 5]
 */
export const rnn = /* @__PURE__ */ Object.assign(
  (
    x: Tensor,
    h0: Tensor | null | undefined,
    weights: RecurrentWeights,
    options: RnnOptions = {},
  ): [Tensor, Tensor] => {
    const relu = isRelu("rnn", options.nonlinearity);
    const states = h0 ? [h0] : null;
    return run(rnnCellRule, rnnRecord, x, states, weights, { ...options, relu }) as [Tensor, Tensor];
  },
  { record: rnnRecord },
);

/**
 * A network of gated recurrent units over whole sequences (K. Cho et al., 2014): r, z = σ(…), n = tanh(W_in x + b_in + r·(W_hn h + b_hn)),
 * h = (1 − z)·n + z·h. Weights hold the gates in the order r, z, n. Shapes, options and errors as of `rnn`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.GRU.html
 * @example
 * const layer = new nn.GRU(3, 5, { bidirectional: true });
 * const [output, hn] = gru(zeros([7, 2, 3]), null, layer.stateDict(), { lengths: [7, 4] });
 * output.shape; // [7, 2, 10]
 */
export const gru = /* @__PURE__ */ Object.assign(
  (
    x: Tensor,
    h0: Tensor | null | undefined,
    weights: RecurrentWeights,
    options: RecurrentOptions = {},
  ): [Tensor, Tensor] =>
    run(gruCellRule, gruRecord, x, h0 ? [h0] : null, weights, options) as [Tensor, Tensor],
  { record: gruRecord },
);

/**
 * A network of long short-term memory layers over whole sequences (S. Hochreiter and J. Schmidhuber, 1997): i, f, o = σ(…), g = tanh(…),
 * c = f·c + i·g, h = o·tanh c. Weights hold the gates in the order i, f, g, o. Takes both states, or null for zeros, and returns the outputs
 * and the last of both. Shapes, options and errors as of `rnn`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.LSTM.html
 * @example
 * const layer = new nn.LSTM(3, 5, { numLayers: 2 });
 * const [output, hn, cn] = lstm(zeros([7, 2, 3]), null, layer.stateDict());
 * cn.shape; // [2, 2, 5]
 */
export const lstm = /* @__PURE__ */ Object.assign(
  (
    x: Tensor,
    states: readonly [h0: Tensor, c0: Tensor] | null | undefined,
    weights: RecurrentWeights,
    options: RecurrentOptions = {},
  ): [Tensor, Tensor, Tensor] =>
    run(lstmCellRule, lstmRecord, x, states ?? null, weights, options) as [Tensor, Tensor, Tensor],
  { record: lstmRecord },
);
