import { noGrad } from "../autograd/mode.ts";
import { ValueError } from "../errors.ts";
import type { Module } from "../nn/module.ts";
import type { Tensor } from "../tensor/tensor.ts";
import {
  Breath,
  judgeOf,
  samplesOf,
  type Batches,
  type Judged,
  type Judging,
  type StepFunction,
} from "./batch.ts";
import { Mean } from "./mean.ts";
import type { MetricLike, MetricValue } from "./metric.ts";
import { rememberModes } from "./mode.ts";

/** A model that takes what a batch has as its first part. */
export type Model<X, O> = Module & { forward(x: X): O };

interface Common<O, Y> {
  readonly metrics?: Readonly<Record<string, MetricLike<O, Y>>>;
  /** Ends it between two batches: the values are then those of the batches so far. */
  readonly signal?: AbortSignal;
}

/** For batches [x, y]. */
export interface EvaluateOptions<O, Y> extends Common<O, Y> {
  /** A mean over the samples of a batch. */
  readonly loss: (output: O, target: Y) => Tensor;
  readonly step?: undefined;
}

/** For batches of any other form. */
export interface EvaluateStepOptions<B, O, Y> extends Common<O, Y> {
  readonly step: StepFunction<B, O, Y>;
  readonly loss?: undefined;
}

/**
 * Runs a model over data in evaluation mode, without gradients, and puts every module's mode back.
 * @param data batches [x, y], or of any form with `step`.
 * @returns `loss`, the mean over the samples, and the value of each metric. The metrics themselves are left as they were.
 * @throws {ValueError} there is no batch.
 * @example
 * const { loss, accuracy } = await train.evaluate(model, testing, { loss: crossEntropy, metrics: { accuracy: new train.Accuracy() } });
 */
export function evaluate<X, Y, O>(
  model: Model<X, O>,
  data: Batches<readonly [X, Y]>,
  options: EvaluateOptions<O, Y>,
): Promise<Record<string, MetricValue>>;
export function evaluate<B, O = Tensor, Y = Tensor>(
  model: Module,
  data: Batches<B>,
  options: EvaluateStepOptions<B, O, Y>,
): Promise<Record<string, MetricValue>>;
export function evaluate(
  model: Module,
  data: Batches<unknown>,
  options: Common<never, never> & Judging,
): Promise<Record<string, MetricValue>> {
  return evaluateBy(model, data, judgeOf("evaluate", model, options), options);
}

/** evaluate() with the way to judge a batch already made. */
export async function evaluateBy(
  model: Module,
  data: Batches<unknown>,
  judge: (batch: unknown) => Judged,
  { metrics = {}, signal }: Common<never, never>,
): Promise<Record<string, MetricValue>> {
  const list = Object.entries(metrics);
  const before = list.map(([, metric]) => metric.stateDict());
  const restore = rememberModes(model);
  const mean = new Mean();
  const breath = new Breath();
  let batches = 0;
  try {
    for (const [, metric] of list) metric.reset();
    for await (const batch of data) {
      if (signal?.aborted) break;
      batches++;
      if (breath.due) await breath.take();
      model.eval();
      noGrad(() => {
        const judged = judge(batch);
        mean.update(judged.loss.item(), samplesOf(batch));
        updateMetrics("evaluate", list, judged);
      });
    }
    if (batches === 0 && !signal?.aborted) throw new ValueError("evaluate: the data gave no batch");
    const values: Record<string, MetricValue> = { loss: mean.compute() };
    for (const [name, metric] of list) values[name] = metric.compute();
    return values;
  } finally {
    restore();
    for (const [i, [, metric]] of list.entries()) metric.loadStateDict(before[i] as never);
  }
}

export function updateMetrics(
  who: string,
  metrics: readonly (readonly [string, MetricLike<never, never>])[],
  { output, target }: Judged,
): void {
  for (const [name, metric] of metrics) {
    if (output === undefined || target === undefined)
      throw new ValueError(
        `${who}: the metric ${name} needs output and target; let step return { loss, output, target }`,
      );
    metric.update(output as never, target as never);
  }
}
