import type { CellWeights } from "../ops/recurrent/options.ts";
import { gru, lstm, rnn } from "../ops/recurrent/sequence.ts";
import { gruCell, lstmCell, rnnCell } from "../ops/recurrent/step.ts";
import { empty, type Tensor } from "../tensor/tensor.ts";
import { checkCount, checkProbability, optional } from "./arguments.ts";
import { uniform_ } from "./init.ts";
import { Module } from "./module.ts";
import { Parameter } from "./parameter.ts";

export interface RecurrentModuleOptions {
  /** Layers, each fed with the outputs of the one below. Default 1. */
  numLayers?: number;
  /** Default true. */
  bias?: boolean;
  /** x and the outputs are [batch, time, …] instead of [time, batch, …]. Default false. */
  batchFirst?: boolean;
  /** Probability to drop an output of a layer on its way to the next, in training. Default 0. */
  dropout?: number;
  /** A second set of layers that runs against time. Default false. */
  bidirectional?: boolean;
}

export interface RnnModuleOptions extends RecurrentModuleOptions {
  /** Default "tanh". */
  nonlinearity?: "tanh" | "relu";
}

export interface SequenceOptions {
  /** How many steps of each sequence of the batch count; default all. See the op `lstm`. */
  lengths?: Tensor | readonly number[] | null;
}

/** What the recurrent modules share: weights by PyTorch's names, uniform in ±1/√hidden at the start. */
abstract class Recurrent extends Module {
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly numLayers: number;
  readonly bias: boolean;
  readonly batchFirst: boolean;
  readonly dropout: number;
  readonly bidirectional: boolean;

  constructor(gates: number, inputSize: number, hiddenSize: number, options: RecurrentModuleOptions) {
    super();
    const name = this.constructor.name;
    this.inputSize = checkCount(name, "inputSize", inputSize);
    this.hiddenSize = checkCount(name, "hiddenSize", hiddenSize);
    this.numLayers = checkCount(name, "numLayers", options.numLayers ?? 1);
    this.bias = options.bias ?? true;
    this.batchFirst = options.batchFirst ?? false;
    this.dropout = checkProbability(name, "dropout", options.dropout ?? 0);
    this.bidirectional = options.bidirectional ?? false;
    const directions = this.bidirectional ? ["", "_reverse"] : [""];
    for (let l = 0; l < this.numLayers; l++) {
      const width = l === 0 ? inputSize : directions.length * hiddenSize;
      for (const d of directions) addWeights(this, `_l${l}${d}`, gates, width, hiddenSize, this.bias);
    }
  }

  /** Its own parameters by name. */
  protected weights(): Record<string, Tensor> {
    return Object.fromEntries(this.namedParameters());
  }

  protected options(own: SequenceOptions): Parameters<typeof lstm>[3] {
    return { ...this.arguments(), training: this.training, lengths: own.lengths ?? null };
  }

  override config(): readonly unknown[] {
    return [this.inputSize, this.hiddenSize, ...optional(this.arguments(), DEFAULTS)];
  }

  protected arguments(): RnnModuleOptions {
    const { numLayers, bias, batchFirst, dropout, bidirectional } = this;
    return { numLayers, bias, batchFirst, dropout, bidirectional };
  }
}

const DEFAULTS: Required<RnnModuleOptions> = {
  numLayers: 1,
  bias: true,
  batchFirst: false,
  dropout: 0,
  bidirectional: false,
  nonlinearity: "tanh",
};

function addWeights(
  module: Module,
  suffix: string,
  gates: number,
  inputs: number,
  hidden: number,
  bias: boolean,
): void {
  const bound = 1 / Math.sqrt(hidden);
  const add = (name: string, shape: readonly number[]): void => {
    Reflect.set(module, `${name}${suffix}`, new Parameter(uniform_(empty(shape, "f32"), -bound, bound)));
  };
  add("weight_ih", [gates * hidden, inputs]);
  add("weight_hh", [gates * hidden, hidden]);
  if (!bias) return;
  add("bias_ih", [gates * hidden]);
  add("bias_hh", [gates * hidden]);
}

/**
 * Simple recurrent (Elman) layers, see the op `rnn`. State-dict keys are PyTorch's.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.RNN.html
 * @example
 * const [output, hn] = new RNN(10, 20, { nonlinearity: "relu" }).forward(randn([5, 3, 10]));
 */
export class RNN extends Recurrent {
  readonly nonlinearity: "tanh" | "relu";

  constructor(inputSize: number, hiddenSize: number, options: RnnModuleOptions = {}) {
    super(1, inputSize, hiddenSize, options);
    this.nonlinearity = options.nonlinearity ?? "tanh";
  }

  override forward(x: Tensor, h0?: Tensor | null, options: SequenceOptions = {}): [Tensor, Tensor] {
    return rnn(x, h0, this.weights(), { ...this.options(options), nonlinearity: this.nonlinearity });
  }

  protected override arguments(): RnnModuleOptions {
    return { ...super.arguments(), nonlinearity: this.nonlinearity };
  }
}

/**
 * Gated recurrent units, see the op `gru`. State-dict keys are PyTorch's.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.GRU.html
 * @example
 * const [output, hn] = new GRU(10, 20, { batchFirst: true }).forward(randn([3, 5, 10]), null, { lengths: [5, 2, 4] });
 */
export class GRU extends Recurrent {
  constructor(inputSize: number, hiddenSize: number, options: RecurrentModuleOptions = {}) {
    super(3, inputSize, hiddenSize, options);
  }

  override forward(x: Tensor, h0?: Tensor | null, options: SequenceOptions = {}): [Tensor, Tensor] {
    return gru(x, h0, this.weights(), this.options(options));
  }
}

/**
 * Long short-term memory layers, see the op `lstm`. Takes and returns both states as a pair. State-dict keys are PyTorch's.
 *
 * A sequence too long to go back through is trained on in pieces (truncated back-propagation through time): each piece starts from
 * the states that the one before left, detached, so that gradients end at its beginning.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.LSTM.html
 * @example
 * const layer = new LSTM(10, 20, { numLayers: 2 });
 * const [output, [hn, cn]] = layer.forward(randn([5, 3, 10]));
 * layer.forward(randn([5, 3, 10]), [hn.detach(), cn.detach()]); // goes on
 */
export class LSTM extends Recurrent {
  constructor(inputSize: number, hiddenSize: number, options: RecurrentModuleOptions = {}) {
    super(4, inputSize, hiddenSize, options);
  }

  override forward(
    x: Tensor,
    states?: readonly [h0: Tensor, c0: Tensor] | null,
    options: SequenceOptions = {},
  ): [Tensor, [Tensor, Tensor]] {
    const [output, hn, cn] = lstm(x, states, this.weights(), this.options(options));
    return [output, [hn, cn]];
  }
}

/** What the cells share. */
abstract class RecurrentCell extends Module {
  readonly inputSize: number;
  readonly hiddenSize: number;

  constructor(gates: number, inputSize: number, hiddenSize: number, options: { bias?: boolean }) {
    super();
    this.inputSize = checkCount(this.constructor.name, "inputSize", inputSize);
    this.hiddenSize = checkCount(this.constructor.name, "hiddenSize", hiddenSize);
    addWeights(this, "", gates, inputSize, hiddenSize, options.bias ?? true);
  }

  protected weights(): CellWeights {
    return Object.fromEntries(this.namedParameters()) as unknown as CellWeights;
  }

  override config(): readonly unknown[] {
    return [this.inputSize, this.hiddenSize, ...optional(this.arguments(), DEFAULTS)];
  }

  protected arguments(): RnnModuleOptions {
    return { bias: "bias_ih" in this };
  }
}

/**
 * One step of a simple recurrent layer, see the op `rnnCell`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.RNNCell.html
 * @example
 * const cell = new RNNCell(10, 20);
 * const h = cell.forward(x, null);
 */
export class RNNCell extends RecurrentCell {
  readonly nonlinearity: "tanh" | "relu";

  constructor(
    inputSize: number,
    hiddenSize: number,
    options: { bias?: boolean; nonlinearity?: "tanh" | "relu" } = {},
  ) {
    super(1, inputSize, hiddenSize, options);
    this.nonlinearity = options.nonlinearity ?? "tanh";
  }

  override forward(x: Tensor, h?: Tensor | null): Tensor {
    return rnnCell(x, h, this.weights(), { nonlinearity: this.nonlinearity });
  }

  protected override arguments(): RnnModuleOptions {
    return { ...super.arguments(), nonlinearity: this.nonlinearity };
  }
}

/**
 * One step of a gated recurrent unit, see the op `gruCell`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.GRUCell.html
 * @example
 * const h = new GRUCell(10, 20).forward(x, null);
 */
export class GRUCell extends RecurrentCell {
  constructor(inputSize: number, hiddenSize: number, options: { bias?: boolean } = {}) {
    super(3, inputSize, hiddenSize, options);
  }

  override forward(x: Tensor, h?: Tensor | null): Tensor {
    return gruCell(x, h, this.weights());
  }
}

/**
 * One step of a long short-term memory, see the op `lstmCell`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.LSTMCell.html
 * @example
 * const [h, c] = new LSTMCell(10, 20).forward(x, null);
 */
export class LSTMCell extends RecurrentCell {
  constructor(inputSize: number, hiddenSize: number, options: { bias?: boolean } = {}) {
    super(4, inputSize, hiddenSize, options);
  }

  override forward(x: Tensor, states?: readonly [h: Tensor, c: Tensor] | null): [Tensor, Tensor] {
    return lstmCell(x, states, this.weights());
  }
}
