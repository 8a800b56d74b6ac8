/** Where an array lies in a workload's .bin file. */
export interface ArrayAt {
  offset: number;
  shape: number[];
  dtype: "f32" | "i32";
}

export type Layer =
  | { kind: "linear"; in: number; out: number }
  | { kind: "conv"; in: number; out: number; kernel: number; padding: number }
  | { kind: "maxPool"; size: number }
  /** x [batch, time, in] → [batch, hidden], the output of the last step. */
  | { kind: "lstm" | "gru"; in: number; hidden: number }
  | { kind: "batchNorm" | "layerNorm"; features: number }
  /** x + layers(x) */
  | { kind: "residual"; layers: Layer[] }
  /** Tokens [batch, time] → [batch, time, width]: a table's rows plus those of learned positions. */
  | { kind: "embedding"; vocabulary: number; positions: number; width: number }
  /** Causal self-attention on [batch, time, width]: one product for queries, keys and values, one behind. */
  | { kind: "attention"; width: number; heads: number }
  /** [batch, channels, h, w] → [batch, channels] */
  | { kind: "globalAvgPool" }
  | { kind: "relu" | "tanh" | "gelu" | "flatten" };

export interface GemmSpec {
  kind: "gemm";
  name: string;
  n: number;
  arrays: { a: ArrayAt; b: ArrayAt };
}

/** One op on one tensor, or a cheap one many times. */
export interface OpSpec {
  kind: "op";
  name: string;
  op:
    | "exp"
    | "tanh"
    | "sigmoid"
    | "gelu"
    | "softmax"
    | "layerNorm"
    | "sum"
    | "sumRows"
    | "sumColumns"
    | "transpose"
    | "gemv"
    | "maxPool"
    | "depthwise"
    | "add"
    | "addTracked";
  arrays: { x: ArrayAt; y?: ArrayAt };
  /** How often a step calls it; default once. */
  repeat?: number;
}

/** A convolution 3×3 with padding 1, or one of its two gradients alone. */
export interface ConvSpec {
  kind: "conv";
  name: string;
  pass: "forward" | "input" | "weight";
  /** x [n, c, h, w], w [o, c, 3, 3], and g, a gradient of the result's shape. */
  arrays: { x: ArrayAt; w: ArrayAt; g: ArrayAt };
}

/** A program of commands that compute next to nothing. */
export interface ReplaySpec {
  kind: "replay";
  name: string;
  commands: number;
}

export interface TrainSpec {
  kind: "train";
  name: string;
  title: string;
  layers: Layer[];
  loss: "mse" | "crossEntropy";
  /** What a cross-entropy tells apart; labels have the shape of all dimensions but the last. */
  classes: number;
  /** Adam's betas and eps are the usual; AdamW decays by 0.01. */
  optimizer: { kind: "sgd" | "adam" | "adamw"; lr: number };
  /** Prepared data; step i takes batch i modulo their number. */
  batches: { x: ArrayAt; y: ArrayAt }[];
  /** Initial weights under PyTorch's state-dict keys and in its layout. */
  weights: Record<string, ArrayAt>;
}

/** Training on images that are decoded on the way. */
export interface LoaderSpec {
  kind: "loader";
  name: string;
  title: string;
  /** PNG files. */
  images: string[];
  /** Their pixels a side. */
  size: number;
  batch: number;
}

/** What a contender is asked to do; the numbers lie in `<name>.bin` beside it. */
export type Spec = GemmSpec | OpSpec | ConvSpec | ReplaySpec | TrainSpec;

/** A workload made ready by a contender. */
export interface Ready {
  /** One product, op or training step, complete when it returns (or resolves); training gives the loss. */
  step(): unknown;
  /** Last element of the result, to see that it is right. */
  probe?(): number | Promise<number>;
  /** Operations of one step, where that is not the workload's own number. */
  flops?: number;
  /** Bytes that a step moves, likewise. */
  bytes?: number;
  /** What a compiled step is made of. */
  stats?(): ProgramStats | null;
}

/** What `compiled.stats()` tells. */
export interface ProgramStats {
  commands: number;
  /** Commands that fusion has saved. */
  fused?: number;
  arenaBytes: number;
  intermediateBytes: number;
  boundBytes: number;
}

export type Arrays = (at: ArrayAt) => Float32Array | Int32Array;

/** A contender in its own process. */
export interface Contender<S = Spec> {
  /** Version and what it runs on, for the report. */
  about: string;
  open(spec: S, arrays: Arrays): Ready | Promise<Ready>;
}

/** How the parent starts a contender. */
export interface Entry {
  /** Name in the tables. */
  name: string;
  families: string[];
  command: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  /** Steps of a warm-up at least; default 3. Fewer for who takes many seconds each. */
  least?: number;
}

export interface Warmed {
  /** The first losses, or the probe: contenders must agree. */
  evidence: number[];
  /** Seconds of the last step. */
  last: number;
  flops: number | null;
  bytes: number | null;
  stats: ProgramStats | null;
}

/** Seconds a step: one number a slice, one list a round. */
export interface Readings {
  rounds: number[][];
  /** Operations of one step, or null where speed is not given in GFLOP/s. */
  flops: number | null;
  /** Bytes that one step moves, where the contender has a number of its own. */
  bytes: number | null;
  stats: ProgramStats | null;
  evidence: number[];
  /** Why there is no reading, or why it cannot be trusted. */
  error: string | null;
}

/** Readings by workload and contender. */
export type Results = Map<string, Map<string, Readings>>;
