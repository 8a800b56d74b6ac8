/** Training: one call, or the pieces for a loop of your own. */
export type { Batches, Judged, StepFunction } from "./batch.ts";
export type { Mode, MonitorOptions } from "./better.ts";
export type { Callback, Run } from "./callback.ts";
export { Control } from "./control.ts";
export { evaluate, type EvaluateOptions, type EvaluateStepOptions, type Model } from "./evaluate.ts";
export { checkGradients, checkLoss, type Position } from "./finite.ts";
export { fit, type FitOptions, type FitStepOptions } from "./fit.ts";
export { History, type EpochRecord, type HistoryData, type StepRecord } from "./history.ts";
export { Mean } from "./mean.ts";
export { Metric, type MetricLike, type MetricState, type MetricValue } from "./metric.ts";
export { Accuracy, TopKAccuracy } from "./metrics/accuracy.ts";
export { AUROC } from "./metrics/auroc.ts";
export type { ClassOptions } from "./metrics/classes.ts";
export {
  ConfusionMatrix,
  F1,
  Precision,
  Recall,
  type Average,
  type AveragedOptions,
} from "./metrics/confusion.ts";
export { MeanLoss, Perplexity } from "./metrics/loss.ts";
export { MeanAbsoluteError, MeanSquaredError, R2Score, RootMeanSquaredError } from "./metrics/regression.ts";
export type { ScheduleEvery } from "./pacer.ts";
export { EarlyStopping, type EarlyStoppingOptions } from "./stopping.ts";
