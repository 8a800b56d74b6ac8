/** Training: one call, or the pieces for a loop of your own. */
export type { Batches, Judged, StepFunction } from "./batch.ts";
export type { Mode, MonitorOptions } from "./better.ts";
export type { Callback, Run } from "./callback.ts";
export {
  decodeCheckpoint,
  encodeCheckpoint,
  loadCheckpoint,
  saveCheckpoint,
  type LoadCheckpointOptions,
  type Parts,
  type Stateful,
} from "./checkpoint.ts";
export { Control } from "./control.ts";
export { evaluate, type EvaluateOptions, type EvaluateStepOptions, type Model } from "./evaluate.ts";
export { checkGradients, checkLoss, type Position } from "./finite.ts";
export { fit, type FitOptions, type FitStepOptions } from "./fit.ts";
export { History, type EpochRecord, type HistoryData, type StepRecord } from "./history.ts";
export { Mean } from "./mean.ts";
export { Metric, type MetricLike, type MetricState, type MetricValue } from "./metric.ts";
export type { ScheduleEvery } from "./pacer.ts";
export type { CheckpointOptions } from "./saver.ts";
export { EarlyStopping, type EarlyStoppingOptions } from "./stopping.ts";
