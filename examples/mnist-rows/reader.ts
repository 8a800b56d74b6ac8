import { crossEntropy, nn, type Tensor } from "simdgrad";
import { CLASSES, SIDE } from "../mnist/digits.ts";

/** Numbers in the hidden state. */
const HIDDEN = 128;

/** Reads a digit as a sequence: a row of 28 pixels at each of 28 moments, from the top down. */
export class RowReader extends nn.Module {
  readonly memory: nn.LSTM | nn.GRU;
  readonly answer = new nn.Linear(HIDDEN, CLASSES);

  constructor(kind: "LSTM" | "GRU") {
    super();
    this.memory = new nn[kind](SIDE, HIDDEN, { batchFirst: true });
  }

  /** [n, 1, 28, 28] → logits [n, 10, 28]: what it would answer after each row. */
  override forward(images: Tensor): Tensor {
    const [states] = this.memory.forward(images.squeeze({ dim: 1 })); // [n, 28, 128]
    return this.answer.forward(states).transpose(1, 2);
  }
}

/** The mean cost of the answers after all rows; the label is the same for each. */
export const lossOfRows = (logits: Tensor, labels: Tensor): Tensor =>
  crossEntropy(logits, labels.unsqueeze(1).expand([labels.size, SIDE]));
