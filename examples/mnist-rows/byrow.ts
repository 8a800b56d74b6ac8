import { noGrad, train, type Tensor } from "simdgrad";
import { SIDE } from "../mnist/digits.ts";

/** The share of right answers after each row. */
export class AccuracyByRow extends train.Metric<{ right: number[]; total: number }> {
  protected override start(): { right: number[]; total: number } {
    return { right: Array.from({ length: SIDE }, () => 0), total: 0 };
  }

  override update(logits: Tensor, labels: Tensor): void {
    const { state } = this;
    const right = noGrad(() => logits.argmax({ dim: 1 }).eq(labels.unsqueeze(1)).sum({ dim: 0 }).data);
    state.right = state.right.map((count, row) => count + Number(right[row]));
    state.total += labels.size;
  }

  override compute(): number[] {
    return this.state.right.map((count) => count / this.state.total);
  }
}
