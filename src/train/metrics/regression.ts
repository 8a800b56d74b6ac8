import { noGrad } from "../../autograd/mode.ts";
import { ShapeError } from "../../errors.ts";
import { castTo } from "../../ops/cast.ts";
import { reshape } from "../../ops/movement.ts";
import { mean, sum } from "../../ops/reduce.ts";
import { abs, square } from "../../ops/unary.ts";
import { formatShape, sameShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { Metric } from "../metric.ts";

/** Figures of numbers: output and target have one shape, [n, …]. */
function errorOf(name: string, output: Tensor, target: Tensor): Tensor {
  if (!sameShape(output.shape, target.shape))
    throw new ShapeError(
      `${name}: the output ${formatShape(output.shape)} and the target ${formatShape(target.shape)} must have one shape (reshape one)`,
    );
  return output.sub(target);
}

interface Total {
  sum: number;
  count: number;
}

abstract class MeanOfErrors extends Metric<Total> {
  protected override start(): Total {
    return { sum: 0, count: 0 };
  }

  protected abstract of(error: Tensor): Tensor;

  override update(output: Tensor, target: Tensor): void {
    const { state } = this;
    noGrad(() => {
      state.sum += sum(this.of(errorOf(this.constructor.name, output, target))).item();
      state.count += target.size;
    });
  }

  /** NaN where nothing was counted. */
  override compute(): number {
    return this.state.sum / this.state.count;
  }
}

/**
 * The mean of |output − target| over all elements: scikit-learn's `mean_absolute_error`.
 * @throws {ShapeError} the shapes differ.
 * @example
 * new train.MeanAbsoluteError();
 */
export class MeanAbsoluteError extends MeanOfErrors {
  protected override of(error: Tensor): Tensor {
    return abs(error);
  }
}

/**
 * The mean of (output − target)² over all elements: scikit-learn's `mean_squared_error`.
 * @throws {ShapeError} the shapes differ.
 * @example
 * new train.MeanSquaredError();
 */
export class MeanSquaredError extends MeanOfErrors {
  protected override of(error: Tensor): Tensor {
    return square(error);
  }
}

/**
 * The root of the mean squared error over all elements, in the unit of the target.
 * @throws {ShapeError} the shapes differ.
 * @example
 * new train.RootMeanSquaredError();
 */
export class RootMeanSquaredError extends MeanSquaredError {
  override compute(): number {
    return Math.sqrt(super.compute());
  }
}

/** For each output: mean and sum of squared deviations of the targets, and the sum of squared errors. */
interface Deviations {
  count: number;
  means: number[];
  deviations: number[];
  errors: number[];
}

/**
 * The share of the targets' variance that the outputs explain, 1 − Σ(y − ŷ)² / Σ(y − ȳ)², of several outputs [n, …] the mean:
 * scikit-learn's `r2_score`. Where targets do not vary it is 1 for outputs without error, else 0.
 *
 * Deviations of batches are put together by the rule of T. Chan, G. Golub and R. LeVeque (1979), so a large mean costs no digits.
 * @throws {ShapeError} the shapes differ.
 * @example
 * const r2 = new train.R2Score();
 * r2.update(tensor([2.5, 0, 2, 8]), tensor([3, -0.5, 2, 7]));
 * r2.compute(); // 0.9486
 */
export class R2Score extends Metric<Deviations> {
  protected override start(): Deviations {
    return { count: 0, means: [], deviations: [], errors: [] };
  }

  override update(output: Tensor, target: Tensor): void {
    const { state } = this;
    noGrad(() => {
      const error = errorOf("R2Score", output, target);
      const n = target.shape[0] ?? 1;
      if (n === 0) return;
      const y = reshape(castTo(target, "f32"), [n, -1]);
      const centre = mean(y, { dim: 0 });
      const means = centre.data;
      const deviations = sum(square(y.sub(centre)), { dim: 0 }).data;
      const errors = sum(square(reshape(error, [n, -1])), { dim: 0 }).data;
      if (state.count > 0 && state.means.length !== means.length)
        throw new ShapeError(`R2Score: got ${means.length} outputs, and ${state.means.length} before`);
      const { count } = state;
      for (const [i, batchMean] of means.entries()) {
        const before = state.means[i] ?? 0;
        const apart = batchMean - before;
        state.means[i] = before + (apart * n) / (count + n);
        state.deviations[i] =
          (state.deviations[i] ?? 0) + (deviations[i] as number) + (apart * apart * count * n) / (count + n);
        state.errors[i] = (state.errors[i] ?? 0) + (errors[i] as number);
      }
      state.count += n;
    });
  }

  /** NaN for fewer than two samples. */
  override compute(): number {
    const { count, deviations, errors } = this.state;
    if (count < 2) return NaN;
    const scores = errors.map((error, i) => {
      const deviation = deviations[i] as number;
      return deviation === 0 ? (error === 0 ? 1 : 0) : 1 - error / deviation;
    });
    return scores.reduce((a, b) => a + b, 0) / scores.length;
  }
}
