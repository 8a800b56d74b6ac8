import { nn, rand, randint, randn, tensor, type Tensor } from "../../src/index.ts";

/** How to make one of a class of nn, in its ways, and what its forward takes. */
export interface Sample {
  readonly make: () => nn.Module;
  readonly inputs: () => unknown[];
}

const of = (shape: readonly number[], ...make: (() => nn.Module)[]): Sample[] =>
  make.map((one) => ({ make: one, inputs: () => [randn(shape)] }));

const given = (inputs: () => unknown[], ...make: (() => nn.Module)[]): Sample[] =>
  make.map((one) => ({ make: one, inputs }));

const pair = (): Tensor[] => [randn([4, 3]), randn([4, 3])];
const logits = (): Tensor[] => [randn([4, 3]), randint(0, 3, [4])];
const signs = (): Tensor => tensor([1, -1, 1, -1]);
/** A collection runs nothing. */
const nothing = (): unknown[] => [];
const IMAGE = [1, 4, 6, 6];

/** Samples of every class of modules that nn exports, by its name. */
export const SAMPLES: Readonly<Record<string, readonly Sample[]>> = {
  AdaptiveAvgPool1d: of([1, 2, 5], () => new nn.AdaptiveAvgPool1d(2)),
  AdaptiveAvgPool2d: of(IMAGE, () => new nn.AdaptiveAvgPool2d([null, 2])),
  AdaptiveMaxPool1d: of([1, 2, 5], () => new nn.AdaptiveMaxPool1d(2)),
  AdaptiveMaxPool2d: of(IMAGE, () => new nn.AdaptiveMaxPool2d(1)),
  AlphaDropout: of([4, 3], () => new nn.AlphaDropout(0.3)),
  AvgPool1d: of([1, 2, 6], () => new nn.AvgPool1d(3, { padding: 1 })),
  AvgPool2d: of(IMAGE, () => new nn.AvgPool2d([2, 3], { countIncludePad: false, padding: 1 })),
  BatchNorm1d: of(
    [4, 3],
    () => new nn.BatchNorm1d(3),
    () => new nn.BatchNorm1d(3, { eps: 1e-3, momentum: 0.2, affine: false, trackRunningStats: false }),
  ),
  BatchNorm2d: of(IMAGE, () => new nn.BatchNorm2d(4, { affine: false })),
  BCELoss: given(
    () => [rand([4, 3]), rand([4, 3])],
    () => new nn.BCELoss(),
    () => new nn.BCELoss({ weight: [1, 2, 3], reduction: "sum" }),
  ),
  BCEWithLogitsLoss: given(
    pair,
    () => new nn.BCEWithLogitsLoss({ reduction: "sum" }),
    () => new nn.BCEWithLogitsLoss({ weight: [[1], [2], [3], [4]], posWeight: tensor(2) }),
  ),
  Bilinear: given(
    () => [randn([4, 3]), randn([4, 2])],
    () => new nn.Bilinear(3, 2, 4),
    () => new nn.Bilinear(3, 2, 4, { bias: false }),
  ),
  CELU: of([4, 3], () => new nn.CELU({ alpha: 0.5 })),
  ChannelShuffle: of(IMAGE, () => new nn.ChannelShuffle(2)),
  CircularPad1d: of([1, 2, 5], () => new nn.CircularPad1d([1, 2])),
  CircularPad2d: of(IMAGE, () => new nn.CircularPad2d(2)),
  ConstantPad1d: of([1, 2, 5], () => new nn.ConstantPad1d(1, 0.5)),
  ConstantPad2d: of(IMAGE, () => new nn.ConstantPad2d([1, 0, -1, 2], 0.5)),
  Conv1d: of([1, 4, 5], () => new nn.Conv1d(4, 6, 3, { groups: 2, padding: "same" })),
  Conv2d: of(
    IMAGE,
    () => new nn.Conv2d(4, 6, 3),
    () => new nn.Conv2d(4, 6, [3, 2], { groups: 2, stride: 2, bias: false }),
  ),
  ConvTranspose1d: of([1, 2, 4], () => new nn.ConvTranspose1d(2, 3, 3, { bias: false })),
  ConvTranspose2d: of(IMAGE, () => new nn.ConvTranspose2d(4, 6, 2, { stride: 2, groups: 2 })),
  CosineEmbeddingLoss: given(
    () => [...pair(), signs()],
    () => new nn.CosineEmbeddingLoss({ margin: 0.2 }),
  ),
  CosineSimilarity: given(pair, () => new nn.CosineSimilarity({ dim: 0 })),
  CrossEntropyLoss: given(
    logits,
    () => new nn.CrossEntropyLoss({ labelSmoothing: 0.1, ignoreIndex: 1 }),
    () => new nn.CrossEntropyLoss({ weight: tensor([1, 2, 0.5]) }),
  ),
  Dropout: of([4, 3], () => new nn.Dropout(0.3)),
  Dropout1d: of([2, 4, 3], () => new nn.Dropout1d(0.3)),
  Dropout2d: of(IMAGE, () => new nn.Dropout2d()),
  ELU: of([4, 3], () => new nn.ELU({ alpha: 0.5 })),
  Embedding: given(
    () => [randint(0, 5, [2, 3])],
    () => new nn.Embedding(5, 3),
    () => new nn.Embedding(5, 3, { paddingIdx: -1 }),
  ),
  Flatten: of(
    IMAGE,
    () => new nn.Flatten(),
    () => new nn.Flatten({ startDim: 2 }),
  ),
  Fold: of([1, 8, 4], () => new nn.Fold([4, 4], 2, { stride: 2 })),
  GaussianNLLLoss: given(
    () => [...pair(), rand([4, 3])],
    () => new nn.GaussianNLLLoss({ full: true }),
  ),
  GELU: of([4, 3], () => new nn.GELU({ approximate: "tanh" })),
  GLU: of([4, 6], () => new nn.GLU()),
  GroupNorm: of(IMAGE, () => new nn.GroupNorm(2, 4, { affine: false, eps: 1e-3 })),
  GRU: of([5, 2, 3], () => new nn.GRU(3, 4, { numLayers: 2, bidirectional: true, bias: false })),
  GRUCell: of([2, 3], () => new nn.GRUCell(3, 4, { bias: false })),
  Hardshrink: of([4, 3], () => new nn.Hardshrink({ lambd: 0.2 })),
  Hardsigmoid: of([4, 3], () => new nn.Hardsigmoid()),
  Hardswish: of([4, 3], () => new nn.Hardswish()),
  Hardtanh: of([4, 3], () => new nn.Hardtanh({ maxVal: 0.5 })),
  HingeEmbeddingLoss: given(
    () => [randn([4]), signs()],
    () => new nn.HingeEmbeddingLoss({ margin: 0.5 }),
  ),
  HuberLoss: given(pair, () => new nn.HuberLoss({ delta: 0.5 })),
  Identity: of([4, 3], () => new nn.Identity()),
  InstanceNorm1d: of([4, 4, 3], () => new nn.InstanceNorm1d(4)),
  InstanceNorm2d: of(
    IMAGE,
    () => new nn.InstanceNorm2d(4, { affine: true, trackRunningStats: true, momentum: 0.5 }),
  ),
  KLDivLoss: given(
    () => [randn([4, 3]), rand([4, 3])],
    () => new nn.KLDivLoss({ reduction: "batchmean" }),
  ),
  L1Loss: given(pair, () => new nn.L1Loss()),
  LayerNorm: of(
    [2, 4, 3],
    () => new nn.LayerNorm([4, 3]),
    () => new nn.LayerNorm(3, { bias: false, eps: 1e-3 }),
    () => new nn.LayerNorm(3, { elementwiseAffine: false }),
  ),
  LearnedPositions: of([5, 2, 4], () => new nn.LearnedPositions(6, 4, { dropout: 0.5 })),
  LeakyReLU: of([4, 3], () => new nn.LeakyReLU({ negativeSlope: 0.2 })),
  Linear: of(
    [4, 3],
    () => new nn.Linear(3, 2),
    () => new nn.Linear(3, 2, { bias: false }),
  ),
  LocalResponseNorm: of([2, 4, 3], () => new nn.LocalResponseNorm(3, { alpha: 0.1 })),
  LogSigmoid: of([4, 3], () => new nn.LogSigmoid()),
  LogSoftmax: of([4, 3], () => new nn.LogSoftmax({ dim: -1 })),
  LPPool1d: of([1, 2, 6], () => new nn.LPPool1d(2, 3, { stride: 2 })),
  LPPool2d: of(IMAGE, () => new nn.LPPool2d(2, [2, 3])),
  LSTM: of(
    [2, 5, 3],
    () => new nn.LSTM(3, 4),
    () => new nn.LSTM(3, 4, { numLayers: 2, batchFirst: true, dropout: 0.5 }),
  ),
  LSTMCell: of([2, 3], () => new nn.LSTMCell(3, 4)),
  MarginRankingLoss: given(
    () => [randn([4]), randn([4]), signs()],
    () => new nn.MarginRankingLoss({ margin: 0.5 }),
  ),
  MaxPool1d: of([1, 2, 6], () => new nn.MaxPool1d(2, { stride: 1 })),
  MaxPool2d: of(IMAGE, () => new nn.MaxPool2d(2)),
  Mish: of([4, 3], () => new nn.Mish()),
  ModuleDict: given(nothing, () => new nn.ModuleDict({ a: new nn.Linear(3, 2), b: new nn.ReLU() })),
  ModuleList: given(
    nothing,
    () => new nn.ModuleList([new nn.Linear(3, 2), new nn.Dropout(0.1)]),
    () => new nn.ModuleList(),
  ),
  MSELoss: given(
    pair,
    () => new nn.MSELoss(),
    () => new nn.MSELoss({ reduction: "none" }),
  ),
  MultiheadAttention: given(
    () => {
      const x = randn([3, 2, 8]);
      return [x, x, x];
    },
    () => new nn.MultiheadAttention(8, 2, { dropout: 0.5 }),
    () => new nn.MultiheadAttention(8, 2, { kdim: 8, vdim: 8, bias: false, batchFirst: true }),
  ),
  NLLLoss: given(logits, () => new nn.NLLLoss({ weight: [1, 2, 0.5] })),
  PairwiseDistance: given(pair, () => new nn.PairwiseDistance({ p: 1, keepdim: true })),
  ParameterDict: given(nothing, () => new nn.ParameterDict({ a: randn([2, 3]), b: [4] })),
  ParameterList: given(nothing, () => new nn.ParameterList([randn([2, 3]), [4], []])),
  PixelShuffle: of(IMAGE, () => new nn.PixelShuffle(2)),
  PixelUnshuffle: of(IMAGE, () => new nn.PixelUnshuffle(3)),
  PoissonNLLLoss: given(
    () => [randn([4, 3]), rand([4, 3])],
    () => new nn.PoissonNLLLoss({ full: true }),
  ),
  PositionalEncoding: of([2, 5, 4], () => new nn.PositionalEncoding(4, { batchFirst: true })),
  PReLU: of(
    [4, 3, 2],
    () => new nn.PReLU(),
    () => new nn.PReLU({ numParameters: 3, init: 0.1 }),
  ),
  ReflectionPad1d: of([1, 2, 5], () => new nn.ReflectionPad1d([1, 2])),
  ReflectionPad2d: of(IMAGE, () => new nn.ReflectionPad2d(2)),
  ReLU: of([4, 3], () => new nn.ReLU()),
  ReLU6: of([4, 3], () => new nn.ReLU6()),
  ReplicationPad1d: of([1, 2, 5], () => new nn.ReplicationPad1d([1, 2])),
  ReplicationPad2d: of(IMAGE, () => new nn.ReplicationPad2d(2)),
  RMSNorm: of([4, 3], () => new nn.RMSNorm(3)),
  RNN: of([5, 2, 3], () => new nn.RNN(3, 4, { nonlinearity: "relu" })),
  RNNCell: of([2, 3], () => new nn.RNNCell(3, 4, { nonlinearity: "relu" })),
  RReLU: of([4, 3], () => new nn.RReLU({ upper: 0.5 })),
  SELU: of([4, 3], () => new nn.SELU()),
  Sequential: of([4, 3], () => new nn.Sequential(new nn.Linear(3, 2), new nn.ReLU(), new nn.Dropout())),
  Sigmoid: of([4, 3], () => new nn.Sigmoid()),
  SiLU: of([4, 3], () => new nn.SiLU()),
  SmoothL1Loss: given(pair, () => new nn.SmoothL1Loss({ beta: 0.5 })),
  SoftMarginLoss: given(
    () => [randn([4]), signs()],
    () => new nn.SoftMarginLoss({ reduction: "sum" }),
  ),
  Softmax: of([4, 3], () => new nn.Softmax({ dim: 1 })),
  Softmax2d: of(IMAGE, () => new nn.Softmax2d()),
  Softmin: of([4, 3], () => new nn.Softmin({ dim: 1 })),
  Softplus: of([4, 3], () => new nn.Softplus({ beta: 2 })),
  Softshrink: of([4, 3], () => new nn.Softshrink()),
  Softsign: of([4, 3], () => new nn.Softsign()),
  SwiGLU: of([4, 3], () => new nn.SwiGLU(3, 8, { bias: true })),
  Tanh: of([4, 3], () => new nn.Tanh()),
  Tanhshrink: of([4, 3], () => new nn.Tanhshrink()),
  Threshold: of([4, 3], () => new nn.Threshold(0.1, 20)),
  TripletMarginLoss: given(
    () => [...pair(), randn([4, 3])],
    () => new nn.TripletMarginLoss({ margin: 0.5, swap: true }),
  ),
  Unflatten: of([4, 6], () => new nn.Unflatten(1, [2, -1])),
  Transformer: given(
    () => [randn([3, 2, 4]), randn([2, 2, 4])],
    () => new nn.Transformer(4, 2, { numEncoderLayers: 1, numDecoderLayers: 2, dimFeedforward: 8 }),
  ),
  TransformerDecoder: given(
    () => [randn([3, 2, 4]), randn([2, 2, 4])],
    () => new nn.TransformerDecoder(new nn.TransformerDecoderLayer(4, 2, { dimFeedforward: 8 }), 2),
  ),
  TransformerDecoderLayer: given(
    () => [randn([3, 2, 4]), randn([2, 2, 4])],
    () => new nn.TransformerDecoderLayer(4, 2, { dimFeedforward: 8, normFirst: true }),
  ),
  TransformerEncoder: of(
    [3, 2, 4],
    () =>
      new nn.TransformerEncoder(new nn.TransformerEncoderLayer(4, 2, { dimFeedforward: 8 }), 2, {
        norm: new nn.LayerNorm(4),
      }),
  ),
  TransformerEncoderLayer: of(
    [3, 2, 4],
    () => new nn.TransformerEncoderLayer(4, 2, { dimFeedforward: 8, activation: "gelu", rotary: true }),
  ),
  Unfold: of(IMAGE, () => new nn.Unfold(3, { padding: 1 })),
  Upsample: of(IMAGE, () => new nn.Upsample({ scaleFactor: 2, mode: "bilinear" })),
  ZeroPad1d: of([1, 2, 5], () => new nn.ZeroPad1d([1, 2])),
  ZeroPad2d: of(IMAGE, () => new nn.ZeroPad2d(2)),
};
