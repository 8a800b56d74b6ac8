import { noGrad } from "../../autograd/mode.ts";
import { ne } from "../../ops/compare.ts";
import { crossEntropy } from "../../ops/classloss.ts";
import { countNonzero } from "../../ops/reduce.ts";
import { exponential } from "../../tensor/scalar.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { samplesOf } from "../batch.ts";
import { Metric } from "../metric.ts";
import { checkScores, type ClassOptions } from "./classes.ts";

interface Total {
  sum: number;
  count: number;
}

/**
 * The mean of a loss over the samples, for another loss than the one that is trained, such as the cross-entropy without its smoothing.
 * @param loss a mean over the samples of a batch.
 * @example
 * new train.MeanLoss(crossEntropy);
 */
export class MeanLoss extends Metric<Total> {
  readonly loss: (output: Tensor, target: Tensor) => Tensor;

  constructor(loss: (output: Tensor, target: Tensor) => Tensor) {
    super();
    this.loss = loss;
  }

  protected override start(): Total {
    return { sum: 0, count: 0 };
  }

  override update(output: Tensor, target: Tensor): void {
    const samples = samplesOf(target);
    this.state.sum += samples * noGrad(() => this.loss(output, target).item());
    this.state.count += samples;
  }

  /** NaN where nothing was counted. */
  override compute(): number {
    return this.state.sum / this.state.count;
  }
}

/**
 * e to the mean cross-entropy: among how many equally likely classes the model wavers. Outputs are logits [n, classes, …], targets
 * [n, …]; torchmetrics' `Perplexity`, with the classes where `crossEntropy` has them.
 * @throws {IndexOutOfRangeError} a target that is no class; {ShapeError} shapes that do not fit.
 * @example
 * const perplexity = new train.Perplexity();
 * perplexity.update(tensor([[0, 0, 0, 0]]), tensor([2], { dtype: "i32" }));
 * perplexity.compute(); // 4
 */
export class Perplexity extends Metric<Total> {
  readonly options: Pick<ClassOptions, "ignoreIndex">;

  constructor(options: Pick<ClassOptions, "ignoreIndex"> = {}) {
    super();
    this.options = options;
  }

  protected override start(): Total {
    return { sum: 0, count: 0 };
  }

  override update(output: Tensor, target: Tensor): void {
    const { state } = this;
    const { ignoreIndex } = this.options;
    checkScores("Perplexity", output, target);
    noGrad(() => {
      const skip = ignoreIndex === undefined ? {} : { ignoreIndex };
      state.sum += crossEntropy(output, target, { reduction: "sum", ...skip }).item();
      state.count += ignoreIndex === undefined ? target.size : countNonzero(ne(target, ignoreIndex)).item();
    });
  }

  /** NaN where nothing was counted. */
  override compute(): number {
    return this.state.count === 0 ? NaN : exponential(this.state.sum / this.state.count);
  }
}
