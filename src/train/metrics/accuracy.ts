import { noGrad } from "../../autograd/mode.ts";
import { checkCount } from "../../optim/options.ts";
import { eq, logicalAnd, ne } from "../../ops/compare.ts";
import { castTo } from "../../ops/cast.ts";
import { unsqueeze } from "../../ops/movement.ts";
import { countNonzero } from "../../ops/reduce.ts";
import { topk } from "../../ops/sorting.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { Metric } from "../metric.ts";
import { checkRange, checkScores, readClasses, type ClassOptions } from "./classes.ts";

interface Share {
  correct: number;
  total: number;
}

/**
 * The share of samples whose class the model tells: scikit-learn's `accuracy_score`.
 * Outputs are scores [n, classes, …] with targets [n, …], or one score for each target where there are two classes.
 * @throws {IndexOutOfRangeError} a target that is no class; {ShapeError} shapes that do not fit.
 * @example
 * const accuracy = new train.Accuracy();
 * accuracy.update(tensor([[2, 1], [0, 3]]), tensor([0, 0], { dtype: "i32" }));
 * accuracy.compute(); // 0.5
 */
export class Accuracy extends Metric<Share> {
  readonly options: ClassOptions;

  constructor(options: ClassOptions = {}) {
    super();
    this.options = options;
  }

  protected override start(): Share {
    return { correct: 0, total: 0 };
  }

  override update(output: Tensor, target: Tensor): void {
    const { state } = this;
    noGrad(() => {
      const read = readClasses("Accuracy", output, target, this.options);
      state.correct += countNonzero(eq(read.predicted, read.target)).item();
      state.total += read.target.size;
    });
  }

  /** NaN where nothing was counted. */
  override compute(): number {
    return this.state.correct / this.state.total;
  }
}

/**
 * The share of samples whose class is among the k that score highest: scikit-learn's `top_k_accuracy_score`.
 * @param k from 1 to the number of classes.
 * @throws {ValueError} k is no count; {IndexOutOfRangeError} a target that is no class.
 * @example
 * new train.TopKAccuracy(5);
 */
export class TopKAccuracy extends Metric<Share> {
  readonly k: number;
  readonly options: Pick<ClassOptions, "ignoreIndex">;

  constructor(k: number, options: Pick<ClassOptions, "ignoreIndex"> = {}) {
    super();
    this.k = checkCount("TopKAccuracy: k", k, 1);
    this.options = options;
  }

  protected override start(): Share {
    return { correct: 0, total: 0 };
  }

  override update(output: Tensor, target: Tensor): void {
    const { state } = this;
    const { ignoreIndex } = this.options;
    noGrad(() => {
      const classes = checkScores("TopKAccuracy", output, target);
      const labels = castTo(target, "i32");
      const counted = ignoreIndex === undefined ? null : ne(labels, ignoreIndex);
      checkRange("TopKAccuracy", counted === null ? labels : labels.mul(castTo(counted, "i32")), classes);
      const [, indices] = topk(output, this.k, { dim: 1 });
      const hits = eq(indices, unsqueeze(labels, 1));
      state.correct += countNonzero(counted === null ? hits : logicalAnd(hits, unsqueeze(counted, 1))).item();
      state.total += counted === null ? labels.size : countNonzero(counted).item();
    });
  }

  /** NaN where nothing was counted. */
  override compute(): number {
    return this.state.correct / this.state.total;
  }
}
