/** All public ops. */
export * from "./activation.ts";
export { index, indexPut, type IndexPutOptions } from "./advanced.ts";
export * from "./arithmetic.ts";
export { adaptiveAvgPool1d, adaptiveAvgPool2d, avgPool1d, avgPool2d, lpPool1d, lpPool2d } from "./avgpool.ts";
export type { AvgPoolOptions, LpPoolOptions } from "./avgpool.ts";
export { scaledDotProductAttention, type AttentionOptions } from "./attention.ts";
export { to } from "./cast.ts";
export * from "./compare.ts";
export { conv1d, conv2d, convTranspose1d, convTranspose2d } from "./conv.ts";
export type { Conv1dOptions, Conv2dOptions, ConvTranspose2dOptions, Size2d } from "./conv.ts";
export { diagonal, type DiagonalOptions } from "./diagonal.ts";
export * from "./distance.ts";
export { conv2d, convTranspose2d } from "./conv.ts";
export type { Conv2dOptions, ConvTranspose2dOptions, Size2d } from "./conv.ts";
export { conv1d, convTranspose1d, type Conv1dOptions, type ConvTranspose1dOptions } from "./conv1d.ts";
export { dropout } from "./dropout.ts";
export { fold, unfold, type UnfoldOptions } from "./fold.ts";
export { affineGrid, gridSample, type GridSampleOptions } from "./gridsample.ts";
export { groupNorm, instanceNorm, localResponseNorm } from "./groupnorm.ts";
export type { GroupNormOptions, InstanceNormOptions, LocalResponseNormOptions } from "./groupnorm.ts";
export { einsum } from "./einsum.ts";
export { embedding, gather, indexSelect, oneHot } from "./indexing.ts";
export { interpolate, type InterpolateMode, type InterpolateOptions } from "./interpolate.ts";
export { layerNorm, rmsNorm, type LayerNormOptions, type RMSNormOptions } from "./layernorm.ts";
export { bincount, oneHot } from "./counting.ts";
export { dropout } from "./dropout.ts";
export { embedding, type EmbeddingOptions } from "./embedding.ts";
export { gather, indexSelect, take, takeAlongDim } from "./indexing.ts";
export type { IndexItem, Range } from "./indexplan.ts";
export { crossEntropy, nllLoss, type CrossEntropyOptions } from "./classloss.ts";
export * from "./likelihood.ts";
export {
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  huberLoss,
  l1Loss,
  mseLoss,
  smoothL1Loss,
} from "./loss.ts";
export type { BceOptions, LossOptions } from "./loss.ts";
export type { Reduction } from "./reduction.ts";
export { max, min, type Extremum, type ExtremumOptions } from "./extrema.ts";
export { linear, matmul, outer } from "./matmul.ts";
export { adaptiveMaxPool1d, adaptiveMaxPool2d, maxPool1d, maxPool2d, type MaxPoolOptions } from "./maxpool.ts";
export { maskedFill, maskedSelect, nonzero } from "./masked.ts";
export {
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  maxPool1d,
  maxPool2d,
  type MaxPoolOptions,
} from "./maxpool.ts";
export * from "./movement.ts";
export { batchNorm, type BatchNormOptions } from "./norm.ts";
export * from "./piecewise.ts";
export { batchNorm } from "./norm.ts";
export { pad, type PadMode } from "./pad.ts";
export * from "./piecewise.ts";
export { kthvalue, median, nanmedian, type SelectionOptions } from "./order.ts";
export { indexAdd, indexCopy, indexFill } from "./placing.ts";
export { avgPool2d, maxPool2d } from "./pool.ts";
export type { AvgPoolOptions, MaxPoolOptions, PoolOptions } from "./pool.ts";
export * from "./rearrange.ts";
export {
  all,
  amax,
  amin,
  any,
  argmax,
  argmin,
  countNonzero,
  logsumexp,
  mean,
  prod,
  std,
  sum,
  var,
} from "./reduce.ts";
export { gru, gruCell, lstm, lstmCell, rnn, rnnCell } from "./recurrent/sequence.ts";
export type { CellWeights, RnnOptions } from "./recurrent/sequence.ts";
export type { RecurrentOptions, RecurrentWeights } from "./recurrent/options.ts";
export { addmm, baddbmm, bilinear, bmm, dot, mm, mv, type AddmmOptions } from "./products.ts";
export { avgPool2d, maxPool2d } from "./pool.ts";
export type { AvgPoolOptions, MaxPoolOptions, PoolOptions } from "./pool.ts";
export { gru, lstm, rnn, type RnnOptions } from "./recurrent/sequence.ts";
export { gruCell, lstmCell, rnnCell } from "./recurrent/step.ts";
export type { CellWeights, RecurrentOptions, RecurrentWeights } from "./recurrent/options.ts";
export { all, amax, amin, any, argmax, argmin, logsumexp, mean, prod, std, sum, var } from "./reduce.ts";
export type { ArgOptions, ReduceOptions, VarOptions } from "./reduce.ts";
export * from "./repeat.ts";
export { cumprod, cumsum } from "./scan.ts";
export { scatter, scatterAdd, scatterReduce, type ScatterReduceOptions } from "./scatter.ts";
export { bucketize, searchsorted, unique, type SearchOptions, type UniqueOptions } from "./searching.ts";
export { where } from "./select.ts";
export { logSoftmax, softmax } from "./softmax.ts";
export { argsort, sort, topk, type SortOptions, type TopkOptions } from "./sorting.ts";
export * from "./unary.ts";
export { norm, normalize, type NormOptions } from "./vectornorm.ts";
export type { AdaptiveSize2d, PoolOptions, Size1d } from "./window.ts";
