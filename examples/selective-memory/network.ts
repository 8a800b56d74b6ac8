import { nn, type Tensor } from "simdgrad";

export const KINDS = ["LSTM", "GRU", "RNN"] as const;
export type Kind = (typeof KINDS)[number];

/** Reads a sequence to its end and answers with one number, from what it still remembers then. */
export class Reader extends nn.Module {
  readonly memory: nn.LSTM | nn.GRU | nn.RNN;
  readonly answer: nn.Linear;

  constructor(kind: Kind, hidden: number) {
    super();
    this.memory = new nn[kind](2, hidden, { batchFirst: true });
    this.answer = new nn.Linear(hidden, 1);
  }

  override forward(x: Tensor): Tensor {
    const [states] = this.memory.forward(x);
    return this.answer.forward(states.select(1, -1));
  }
}
