import type { Tensor } from "../../tensor/tensor.ts";
import type { Ptr } from "../../wasm/heap.ts";

/** What tells one kind of recurrent layer from another. */
export interface Cell {
  readonly name: "rnn" | "gru" | "lstm";
  /** How many blocks of `hidden` rows the weights have. */
  readonly gates: number;
  /** How many blocks of `hidden` values a step keeps for backward, and its gradient has. */
  readonly width: number;
  /** Whether a cell state runs beside the hidden state. */
  readonly hasCell: boolean;
  /** Which blocks of a step's gradient belong to which blocks of the input's weight. */
  readonly inputBlocks: readonly Blocks[];
  /** The first of the `gates` blocks of a step's gradient that belong to the hidden state's weight. */
  readonly hiddenBlock: number;
  /** Whether part of the gradient reaches the step before past the hidden state's product. */
  readonly bypass: boolean;
  /** What a step adds to the products. */
  bias(ofInput: Tensor, ofHidden: Tensor): Tensor;
  /** Emits a step; gives the kernel's code. */
  step(at: Step): number;
  stepGrad(at: StepGrad): void;
  /** A step in public ops, for gradients of gradients. */
  composed(at: ComposedStep): ComposedResult;
}

export interface Blocks {
  readonly weight: number;
  readonly gradient: number;
  readonly count: number;
}

/** How a layer runs: a record's attributes. */
export interface Rule {
  readonly reverse: boolean;
  readonly bias: boolean;
  /** Whether lengths (i32 [batch]) are the last input. */
  readonly lengths: boolean;
  /** rnn: relu instead of tanh. */
  readonly relu: boolean;
}

/** Addresses of one step; a null pointer where there is nothing. */
interface AtStep {
  readonly t: number;
  readonly time: number;
  readonly batch: number;
  readonly hidden: number;
  readonly relu: number;
  readonly lengths: Ptr;
  readonly gates: Ptr;
  readonly h: Ptr;
  readonly hBefore: Ptr;
  readonly c: Ptr;
  readonly cBefore: Ptr;
  readonly tanhC: Ptr;
}

export interface Step extends AtStep {
  readonly y: Ptr;
  readonly product: Ptr;
  readonly bias: Ptr;
}

export interface StepGrad extends AtStep {
  readonly dgates: Ptr;
  readonly dh: Ptr;
  readonly dc: Ptr;
  readonly dy: Ptr;
}

export interface ComposedStep {
  /** The products with their biases, [batch, gates · hidden]. */
  readonly ofInput: Tensor;
  readonly ofHidden: Tensor;
  readonly h: Tensor;
  readonly c: Tensor | null;
  readonly relu: boolean;
}

export interface ComposedResult {
  readonly h: Tensor;
  readonly c: Tensor | null;
  /** From the gradients of h and c: those of the two products, and what reaches the states before past the product. */
  grad(dh: Tensor, dc: Tensor | null): ComposedGrad;
}

export interface ComposedGrad {
  readonly ofInput: Tensor;
  readonly ofHidden: Tensor;
  readonly h: Tensor | null;
  readonly c: Tensor | null;
}

export type Operand = "x" | "h0" | "c0" | "wi" | "wh" | "bi" | "bh" | "lengths";

/** Where each operand stands among a record's inputs; −1: absent. */
export function places(cell: Cell, rule: Rule): Readonly<Record<Operand, number>> {
  const wi = cell.hasCell ? 3 : 2;
  const bi = wi + 2;
  return {
    x: 0,
    h0: 1,
    c0: cell.hasCell ? 2 : -1,
    wi,
    wh: wi + 1,
    bi: rule.bias ? bi : -1,
    bh: rule.bias ? bi + 1 : -1,
    lengths: rule.lengths ? bi + (rule.bias ? 2 : 0) : -1,
  };
}
