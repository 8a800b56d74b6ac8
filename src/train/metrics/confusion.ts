import { noGrad } from "../../autograd/mode.ts";
import { ShapeError, ValueError } from "../../errors.ts";
import { bincount } from "../../ops/counting.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { Metric, type MetricValue } from "../metric.ts";
import { readClasses, type ClassOptions } from "./classes.ts";

interface Counts {
  classes: number;
  /** Row-major: target, then predicted. */
  counts: number[];
}

/** What all figures of a confusion matrix share: the matrix. */
abstract class Confusion extends Metric<Counts> {
  readonly options: ClassOptions;

  constructor(options: ClassOptions) {
    super();
    this.options = options;
  }

  protected override start(): Counts {
    return { classes: 0, counts: [] };
  }

  override update(output: Tensor, target: Tensor): void {
    const { state } = this;
    const { name } = this.constructor;
    noGrad(() => {
      const read = readClasses(name, output, target, this.options);
      const { classes } = read;
      if (state.classes === 0) {
        state.classes = classes;
        state.counts = Array<number>(classes * classes).fill(0);
      }
      if (state.classes !== classes)
        throw new ShapeError(`${name}: the output has ${classes} classes, and ${state.classes} before`);
      const cells = bincount(read.target.mul(classes).add(read.predicted), { minlength: classes * classes });
      for (const [i, count] of cells.data.entries()) state.counts[i] = (state.counts[i] as number) + count;
    });
  }

  /** How often class t was taken for class p. */
  protected at(t: number, p: number): number {
    return this.state.counts[t * this.state.classes + p] as number;
  }
}

/**
 * How often each class was taken for each: row t, column p counts samples of class t taken for p, as scikit-learn's
 * `confusion_matrix`.
 * @throws {IndexOutOfRangeError} a target that is no class; {ShapeError} shapes that do not fit.
 * @example
 * const confusion = new train.ConfusionMatrix();
 * confusion.update(tensor([[2, 1], [0, 3]]), tensor([0, 0], { dtype: "i32" }));
 * confusion.compute(); // [[1, 1], [0, 0]]
 */
export class ConfusionMatrix extends Confusion {
  constructor(options: ClassOptions = {}) {
    super(options);
  }

  override compute(): number[][] {
    const { classes } = this.state;
    return Array.from({ length: classes }, (_, t) =>
      Array.from({ length: classes }, (__, p) => this.at(t, p)),
    );
  }
}

/** How the figures of the classes become one: scikit-learn's `average`. */
export type Average = "binary" | "micro" | "macro" | "weighted" | "none";
const AVERAGES: readonly string[] = ["binary", "micro", "macro", "weighted", "none"] satisfies Average[];

export interface AveragedOptions extends ClassOptions {
  /**
   * "binary": of class 1 of two. "micro": of all counts together. "macro": the mean over the classes that occur in targets or predictions.
   * "weighted": the mean weighted by how often each class is the target. "none": a list, one for each class. Default "binary" where
   * there are two classes, else "macro".
   */
  readonly average?: Average;
}

/** True positives, false positives and false negatives of a class. */
interface Outcomes {
  readonly tp: number;
  readonly fp: number;
  readonly fn: number;
}

abstract class Averaged extends Confusion {
  readonly average: Average | undefined;

  constructor(who: string, { average, ...options }: AveragedOptions) {
    super(options);
    if (average !== undefined && !AVERAGES.includes(average))
      throw new ValueError(`${who}: average must be one of ${AVERAGES.join(", ")}, got "${average}"`);
    this.average = average;
  }

  /** The figure; 0/0 is 0, as scikit-learn has it. */
  protected abstract of(outcomes: Outcomes): number;

  /** A number; with average "none" a list of them; NaN where nothing was counted. */
  override compute(): MetricValue {
    const { classes } = this.state;
    if (classes === 0) return NaN;
    const average = this.average ?? (classes === 2 ? "binary" : "macro");
    if (average === "binary" && classes !== 2)
      throw new ValueError(
        `${this.constructor.name}: average "binary" is for two classes, there are ${classes} (take "macro", "micro" or "weighted")`,
      );
    const all = Array.from({ length: classes }, (_, c) => this.outcomes(c));
    if (average === "binary") return this.of(all[1] as Outcomes);
    if (average === "none") return all.map((one) => this.of(one));
    if (average === "micro") {
      const total = (key: keyof Outcomes): number => all.reduce((sum, one) => sum + one[key], 0);
      return this.of({ tp: total("tp"), fp: total("fp"), fn: total("fn") });
    }
    const weights = all.map(({ tp, fp, fn }) =>
      average === "weighted" ? tp + fn : tp + fp + fn > 0 ? 1 : 0,
    );
    const sum = all.reduce((partial, one, c) => partial + (weights[c] as number) * this.of(one), 0);
    return sum / weights.reduce((a, b) => a + b, 0);
  }

  private outcomes(c: number): Outcomes {
    const { classes } = this.state;
    const tp = this.at(c, c);
    let [row, column] = [0, 0];
    for (let other = 0; other < classes; other++) {
      row += this.at(c, other);
      column += this.at(other, c);
    }
    return { tp, fp: column - tp, fn: row - tp };
  }
}

const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

/**
 * Of what was taken for a class, the share that is of it: tp / (tp + fp), scikit-learn's `precision_score`.
 * @throws {ValueError} an unknown average; {IndexOutOfRangeError} a target that is no class.
 * @example
 * new train.Precision({ average: "macro" });
 */
export class Precision extends Averaged {
  constructor(options: AveragedOptions = {}) {
    super("Precision", options);
  }

  protected override of({ tp, fp }: Outcomes): number {
    return share(tp, tp + fp);
  }
}

/**
 * Of what is of a class, the share that was taken for it: tp / (tp + fn), scikit-learn's `recall_score`.
 * @throws {ValueError} an unknown average; {IndexOutOfRangeError} a target that is no class.
 * @example
 * new train.Recall({ average: "none" }); // one for each class
 */
export class Recall extends Averaged {
  constructor(options: AveragedOptions = {}) {
    super("Recall", options);
  }

  protected override of({ tp, fn }: Outcomes): number {
    return share(tp, tp + fn);
  }
}

/**
 * The harmonic mean of precision and recall: 2·tp / (2·tp + fp + fn), scikit-learn's `f1_score`.
 * @throws {ValueError} an unknown average; {IndexOutOfRangeError} a target that is no class.
 * @example
 * new train.F1({ average: "weighted" });
 */
export class F1 extends Averaged {
  constructor(options: AveragedOptions = {}) {
    super("F1", options);
  }

  protected override of({ tp, fp, fn }: Outcomes): number {
    return share(2 * tp, 2 * tp + fp + fn);
  }
}
