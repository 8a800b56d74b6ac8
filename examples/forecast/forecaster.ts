import { nn, type Tensor } from "simdgrad";

/** Numbers in the hidden state. */
const HIDDEN = 32;

/** Reads some weeks of weather, day by day, and foretells the days that follow. */
export class Forecaster extends nn.Module {
  readonly memory: nn.GRU;
  readonly dropout = new nn.Dropout(0.3);
  readonly change: nn.Linear;

  constructor(features: number, days: number) {
    super();
    this.memory = new nn.GRU(features, HIDDEN, { batchFirst: true });
    this.change = new nn.Linear(HIDDEN, days);
  }

  /** [n, past, features] → [n, days]: by how much each day will differ from the last one seen, on top of that one. */
  override forward(past: Tensor): Tensor {
    const [states] = this.memory.forward(past);
    const today = past.select(1, -1).narrow({ dim: 1, start: 0, length: 1 }); // [n, 1]
    return today.add(this.change.forward(this.dropout.forward(states.select(1, -1))));
  }
}
