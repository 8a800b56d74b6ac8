/** All public ops. */
export * from "./activation.ts";
export * from "./arithmetic.ts";
export { adaptiveAvgPool1d, adaptiveAvgPool2d, avgPool1d, avgPool2d, lpPool1d, lpPool2d } from "./avgpool.ts";
export type { AvgPoolOptions, LpPoolOptions } from "./avgpool.ts";
export { to } from "./cast.ts";
export * from "./compare.ts";
export { conv2d, convTranspose2d } from "./conv.ts";
export type { Conv2dOptions, ConvTranspose2dOptions, Size2d } from "./conv.ts";
export { conv1d, convTranspose1d, type Conv1dOptions, type ConvTranspose1dOptions } from "./conv1d.ts";
export { dropout } from "./dropout.ts";
export { fold, unfold, type UnfoldOptions } from "./fold.ts";
export { affineGrid, gridSample, type GridSampleOptions } from "./gridsample.ts";
export { groupNorm, instanceNorm, localResponseNorm } from "./groupnorm.ts";
export type { GroupNormOptions, InstanceNormOptions, LocalResponseNormOptions } from "./groupnorm.ts";
export { embedding, gather, indexSelect, oneHot } from "./indexing.ts";
export { interpolate, type InterpolateMode, type InterpolateOptions } from "./interpolate.ts";
export { layerNorm, rmsNorm, type LayerNormOptions, type RMSNormOptions } from "./layernorm.ts";
export { crossEntropy, nllLoss, type CrossEntropyOptions } from "./classloss.ts";
export { binaryCrossEntropyWithLogits, huberLoss, l1Loss, mseLoss, smoothL1Loss } from "./loss.ts";
export type { BceOptions, LossOptions } from "./loss.ts";
export type { Reduction } from "./reduction.ts";
export { linear, matmul, outer } from "./matmul.ts";
export {
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  maxPool1d,
  maxPool2d,
  type MaxPoolOptions,
} from "./maxpool.ts";
export * from "./movement.ts";
export { batchNorm, type BatchNormOptions } from "./norm.ts";
export { all, amax, amin, any, argmax, argmin, logsumexp, mean, prod, std, sum, var } from "./reduce.ts";
export type { ArgOptions, ReduceOptions, VarOptions } from "./reduce.ts";
export { where } from "./select.ts";
export { logSoftmax, softmax } from "./softmax.ts";
export * from "./unary.ts";
export type { AdaptiveSize2d, PoolOptions, Size1d } from "./window.ts";
