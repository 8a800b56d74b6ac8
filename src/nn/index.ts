export { Conv1d, Conv2d, ConvTranspose1d, ConvTranspose2d } from "./conv.ts";
export { MultiheadAttention, type AttendOptions, type MultiheadAttentionOptions } from "./attention.ts";
export { fuse } from "./fuse.ts";
export { beamSearch, generate, stream } from "./generate.ts";
export type { Beam, BeamSearchOptions, GenerateOptions, Step, StepContext } from "./generate.ts";
export * as init from "./init.ts";
export { KVCache } from "./kvcache.ts";
export {
  GroupNorm,
  InstanceNorm1d,
  InstanceNorm2d,
  LayerNorm,
  LocalResponseNorm,
  RMSNorm,
  type InstanceNormModuleOptions,
} from "./layernorm.ts";
export * from "./activation.ts";
export { ModuleDict, ModuleList, ParameterDict, ParameterList, type ParameterSource } from "./collections.ts";
export { Sequential, type Layer } from "./sequential.ts";
export * from "./distance.ts";
export { AlphaDropout, Dropout, Dropout1d, Dropout2d } from "./dropout.ts";
export { Embedding } from "./embedding.ts";
export * from "./padding.ts";
export { ChannelShuffle, Flatten, PixelShuffle, PixelUnshuffle, Unflatten } from "./reshaping.ts";
export { Bilinear, Identity, Linear } from "./linear.ts";
export * from "./loss.ts";
export { Module, type LoadResult } from "./module.ts";
export { BatchNorm1d, BatchNorm2d, type BatchNormModuleOptions } from "./norm.ts";
// An alias, not an export of the other file's: in the bundled types, namespaces take types of other files for values.
import type { Size2d as Size } from "../ops/conv.ts";
export type Size2d = Size;
export { GRU, GRUCell, LSTM, LSTMCell, RNN, RNNCell } from "./recurrent.ts";
export type { RecurrentModuleOptions, RnnModuleOptions, SequenceOptions } from "./recurrent.ts";
export { Parameter } from "./parameter.ts";
export { LearnedPositions, PositionalEncoding, rotaryEmbedding } from "./positions.ts";
export type { PositionModuleOptions, PositionOptions, RotaryOptions } from "./positions.ts";
export {
  AdaptiveAvgPool1d,
  AdaptiveAvgPool2d,
  AdaptiveMaxPool1d,
  AdaptiveMaxPool2d,
  AvgPool1d,
  AvgPool2d,
  LPPool1d,
  LPPool2d,
  MaxPool1d,
  MaxPool2d,
} from "./pool.ts";
export { Fold, Unfold, Upsample } from "./resample.ts";
export { sample, type SampleOptions } from "./sample.ts";
export { SwiGLU } from "./swiglu.ts";
export { Transformer, TransformerDecoder, TransformerEncoder } from "./transformer.ts";
export type { EncoderOptions, TransformerForwardOptions, TransformerOptions } from "./transformer.ts";
export { TransformerDecoderLayer, TransformerEncoderLayer } from "./transformerlayer.ts";
export type { DecoderOptions, EncoderLayerOptions, TransformerLayerOptions } from "./transformerlayer.ts";
