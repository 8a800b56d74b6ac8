import { noGrad } from "../../autograd/mode.ts";
import { ShapeError, ValueError } from "../../errors.ts";
import { castTo } from "../../ops/cast.ts";
import { logicalNot } from "../../ops/compare.ts";
import { maskedSelect } from "../../ops/masked.ts";
import { reshape } from "../../ops/movement.ts";
import { searchsorted } from "../../ops/searching.ts";
import { sort } from "../../ops/sorting.ts";
import { tensor } from "../../tensor/create.ts";
import { formatShape, sameShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { Metric } from "../metric.ts";
import { checkRange } from "./classes.ts";

interface Scores {
  scores: number[];
  labels: number[];
}

/**
 * The area under the ROC curve of two classes: how often a sample of class 1 scores above one of class 0, where equal scores count half
 * (exact, from the ranks; scikit-learn's `roc_auc_score`). It keeps all scores.
 *
 * Outputs are one score for each target, logits or probabilities, or [n, 2] with targets [n].
 * @throws {ValueError} a score is NaN; {IndexOutOfRangeError} a target that is neither 0 nor 1; {ShapeError} shapes that do not fit.
 * @example
 * const area = new train.AUROC();
 * area.update(tensor([0.1, 0.4, 0.35, 0.8]), tensor([0, 0, 1, 1]));
 * area.compute(); // 0.75
 */
export class AUROC extends Metric<Scores> {
  protected override start(): Scores {
    return { scores: [], labels: [] };
  }

  override update(output: Tensor, target: Tensor): void {
    const { state } = this;
    noGrad(() => {
      const scores = scoresOf(output, target).data;
      const labels = reshape(castTo(target, "i32"), [-1]);
      checkRange("AUROC", labels, 2);
      const bad = scores.findIndex((score) => Number.isNaN(score));
      if (bad >= 0) throw new ValueError(`AUROC: the score at position ${bad} is NaN`);
      for (const score of scores) state.scores.push(score);
      for (const label of labels.data) state.labels.push(label);
    });
  }

  /** NaN where one of the classes does not occur. */
  override compute(): number {
    const { scores, labels } = this.state;
    return noGrad(() => {
      const values = tensor(Float32Array.from(scores));
      const positive = tensor(Uint8Array.from(labels), { dtype: "bool" });
      const above = maskedSelect(values, positive);
      const [below] = sort(maskedSelect(values, logicalNot(positive)));
      // Counts of pairs do not fit into 24 bits: these sums are in double precision.
      let wins = 0;
      for (const right of [false, true])
        for (const count of searchsorted(below, above, { right }).data) wins += count;
      return wins / (2 * above.size * below.size);
    });
  }
}

/** One score for each target. */
function scoresOf(output: Tensor, target: Tensor): Tensor {
  if (sameShape(output.shape, target.shape)) return reshape(castTo(output, "f32"), [-1]);
  if (output.ndim === 2 && output.shape[1] === 2 && sameShape([output.shape[0] as number], target.shape))
    return output.select(1, 1).sub(output.select(1, 0));
  throw new ShapeError(
    `AUROC: the output ${formatShape(output.shape)} must have the shape of the target ${formatShape(target.shape)}, or be [n, 2] for a target [n]`,
  );
}
