/** All public ops. */
export * from "./activation.ts";
export { index, indexPut, type IndexPutOptions } from "./advanced.ts";
export * from "./arithmetic.ts";
export { scaledDotProductAttention, type AttentionOptions } from "./attention.ts";
export { adaptiveAvgPool1d, adaptiveAvgPool2d, avgPool1d, avgPool2d, lpPool1d, lpPool2d } from "./avgpool.ts";
export type { AvgPoolOptions, LpPoolOptions } from "./avgpool.ts";
export { to } from "./cast.ts";
export { crossEntropy, nllLoss, type CrossEntropyOptions } from "./classloss.ts";
export * from "./compare.ts";
export { conv2d, convTranspose2d } from "./conv.ts";
export type { Conv2dOptions, ConvTranspose2dOptions, Size2d } from "./conv.ts";
export { conv1d, convTranspose1d, type Conv1dOptions, type ConvTranspose1dOptions } from "./conv1d.ts";
export { bincount, oneHot } from "./counting.ts";
export { diagonal, type DiagonalOptions } from "./diagonal.ts";
export * from "./distance.ts";
export { dropout } from "./dropout.ts";
export { einsum } from "./einsum.ts";
export { embedding, type EmbeddingOptions } from "./embedding.ts";
export { max, min, type Extremum, type ExtremumOptions } from "./extrema.ts";
export { fold, unfold, type UnfoldOptions } from "./fold.ts";
export { affineGrid, gridSample, type GridSampleOptions } from "./gridsample.ts";
export { groupNorm, instanceNorm, localResponseNorm } from "./groupnorm.ts";
export type { GroupNormOptions, InstanceNormOptions, LocalResponseNormOptions } from "./groupnorm.ts";
export { gather, indexSelect, take, takeAlongDim } from "./indexing.ts";
export type { IndexItem, Range } from "./indexplan.ts";
export { interpolate, type InterpolateMode, type InterpolateOptions } from "./interpolate.ts";
export { layerNorm, rmsNorm, type LayerNormOptions, type RMSNormOptions } from "./layernorm.ts";
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
export { maskedFill, maskedSelect, nonzero } from "./masked.ts";
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
export { kthvalue, median, nanmedian, type SelectionOptions } from "./order.ts";
export { pad, type PadMode } from "./pad.ts";
export * from "./piecewise.ts";
export { indexAdd, indexCopy, indexFill } from "./placing.ts";
export { addmm, baddbmm, bilinear, bmm, dot, mm, mv, type AddmmOptions } from "./products.ts";
export * from "./rearrange.ts";
export { gru, lstm, rnn, type RnnOptions } from "./recurrent/sequence.ts";
export { gruCell, lstmCell, rnnCell } from "./recurrent/step.ts";
export type { CellWeights, RecurrentOptions, RecurrentWeights } from "./recurrent/options.ts";
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
export type { ArgOptions, ReduceOptions, VarOptions } from "./reduce.ts";
export type { Reduction } from "./reduction.ts";
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
