import { ValueError } from "../errors.ts";
import { gelu, relu } from "../ops/activation.ts";
import { add } from "../ops/arithmetic.ts";
import { dropout } from "../ops/dropout.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type AttendOptions, MultiheadAttention } from "./attention.ts";
import type { KVCache } from "./kvcache.ts";
import { LayerNorm } from "./layernorm.ts";
import { checkCount } from "./arguments.ts";
import { Linear } from "./linear.ts";
import { Module } from "./module.ts";

export interface TransformerLayerOptions {
  /** Features between the two linear layers. Default 2048. */
  dimFeedforward?: number;
  /** Probability to drop, in training, weights of attention and elements of each part's result. Default 0.1. */
  dropout?: number;
  /** Default "relu". */
  activation?: "relu" | "gelu";
  /** Default 1e-5. */
  layerNormEps?: number;
  /** Inputs and outputs are [batch, time, features] instead of [time, batch, features]. Default false. */
  batchFirst?: boolean;
  /** Normalise what goes into each part instead of each sum. Default false, as in the paper. */
  normFirst?: boolean;
  /** Biases of linear layers and norms. Default true. */
  bias?: boolean;
  /** Turn the queries and keys of self-attention by their positions, see `rotaryEmbedding`. Default false. */
  rotary?: boolean;
}

/** Masks of an encoder layer. Bool: **true is left out**, as in PyTorch; or f32, added to the scores. */
export interface EncoderLayerOptions {
  /** [time, time] or [batch · heads, time, time]. */
  srcMask?: Tensor | null;
  /** [batch, time]. */
  srcKeyPaddingMask?: Tensor | null;
  /** A position sees itself and those before it; no mask is needed besides. Default false. */
  isCausal?: boolean;
  /** What the layer has seen before, for generation; wants isCausal. */
  cache?: KVCache | null;
}

/** Masks of a decoder and its layers. Bool: **true is left out**, as in PyTorch; or f32, added to the scores. */
export interface DecoderOptions {
  /** [target, target] or [batch · heads, target, target]. */
  tgtMask?: Tensor | null;
  /** [target, memory] or [batch · heads, target, memory]. */
  memoryMask?: Tensor | null;
  /** [batch, target]. */
  tgtKeyPaddingMask?: Tensor | null;
  /** [batch, memory]. */
  memoryKeyPaddingMask?: Tensor | null;
  /** A target position sees itself and those before it; no mask is needed besides. Default false. */
  tgtIsCausal?: boolean;
  /** A target position sees the memory's positions up to its own number. Default false. */
  memoryIsCausal?: boolean;
  /** What the self-attention has seen before, for generation; wants tgtIsCausal. */
  cache?: KVCache | null;
}

const ACTIVATIONS = { relu, gelu } as const;

/** What encoder and decoder layers share: the feed-forward part, and sums and norms around each part. */
export abstract class TransformerLayer extends Module {
  readonly self_attn: MultiheadAttention;
  readonly linear1: Linear;
  readonly linear2: Linear;
  readonly norm1: LayerNorm;
  readonly norm2: LayerNorm;
  readonly options: Readonly<Required<TransformerLayerOptions>>;

  constructor(dModel: number, nhead: number, options: TransformerLayerOptions) {
    super();
    const { name } = this.constructor;
    const {
      dimFeedforward = 2048,
      dropout: p = 0.1,
      activation = "relu",
      layerNormEps = 1e-5,
      batchFirst = false,
      normFirst = false,
      bias = true,
      rotary = false,
    } = options;
    this.options = {
      dimFeedforward,
      dropout: p,
      activation,
      layerNormEps,
      batchFirst,
      normFirst,
      bias,
      rotary,
    };
    checkCount(name, "dModel", dModel);
    checkCount(name, "dimFeedforward", dimFeedforward);
    if (!(p >= 0 && p <= 1)) throw new ValueError(`${name}: dropout must lie in [0, 1], got ${p}`);
    if (!Object.hasOwn(ACTIVATIONS, activation))
      throw new ValueError(`${name}: activation must be "relu" or "gelu", got ${JSON.stringify(activation)}`);
    this.self_attn = new MultiheadAttention(dModel, nhead, { dropout: p, bias, batchFirst, rotary });
    this.linear1 = new Linear(dModel, dimFeedforward, { bias });
    this.linear2 = new Linear(dimFeedforward, dModel, { bias });
    this.norm1 = new LayerNorm(dModel, { eps: layerNormEps, bias });
    this.norm2 = new LayerNorm(dModel, { eps: layerNormEps, bias });
  }

  /** x plus what a part makes of it, normalised before or after. */
  protected around(x: Tensor, norm: LayerNorm, part: (x: Tensor) => Tensor): Tensor {
    const { normFirst } = this.options;
    const sum = add(x, this.drop(part(normFirst ? norm.forward(x) : x)));
    return normFirst ? sum : norm.forward(sum);
  }

  /** One attention's output. */
  protected attend(attention: MultiheadAttention, x: Tensor, to: Tensor, options: AttendOptions): Tensor {
    return attention.forward(x, to, to, { ...options, needWeights: false })[0];
  }

  protected feedForward(x: Tensor): Tensor {
    const hidden = ACTIVATIONS[this.options.activation](this.linear1.forward(x));
    return this.linear2.forward(this.drop(hidden));
  }

  private drop(x: Tensor): Tensor {
    return dropout(x, { p: this.options.dropout, training: this.training });
  }

  override config(): readonly unknown[] {
    return [this.self_attn.embedDim, this.self_attn.numHeads, this.options];
  }

  override extraRepr(): string {
    return `${this.self_attn.embedDim}, ${this.self_attn.numHeads}`;
  }
}

/**
 * A block of self-attention and a feed-forward part (A. Vaswani et al., 2017): x [time, batch, dModel] (batch first with `batchFirst`, or
 * without a batch) keeps its shape. State-dict keys are PyTorch's. With `isCausal` it is the block of a decoder-only model (GPT), and a
 * `KVCache` lets it generate one position at a time.
 * @throws {ValueError} dModel is no multiple of nhead, or an option is out of its range.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.TransformerEncoderLayer.html; unlike there, `isCausal` needs no mask.
 * @example
 * const block = new nn.TransformerEncoderLayer(64, 4, { dimFeedforward: 256, normFirst: true, batchFirst: true });
 * const y = block.forward(x, { isCausal: true });
 */
export class TransformerEncoderLayer extends TransformerLayer {
  constructor(dModel: number, nhead: number, options: TransformerLayerOptions = {}) {
    super(dModel, nhead, options);
  }

  override forward(x: Tensor, options: EncoderLayerOptions = {}): Tensor {
    const { srcMask: attnMask = null, srcKeyPaddingMask: keyPaddingMask = null, isCausal, cache } = options;
    const masks: AttendOptions = {
      attnMask,
      keyPaddingMask,
      isCausal: isCausal ?? false,
      cache: cache ?? null,
    };
    const attended = this.around(x, this.norm1, (t) => this.attend(this.self_attn, t, t, masks));
    return this.around(attended, this.norm2, (t) => this.feedForward(t));
  }
}

/**
 * A block of self-attention, attention to an encoder's output and a feed-forward part (A. Vaswani et al., 2017): target [target, batch,
 * dModel] and memory [memory, batch, dModel] (batch first with `batchFirst`, or both without a batch) → the target's shape. State-dict
 * keys are PyTorch's.
 * @throws {ValueError} dModel is no multiple of nhead, or an option is out of its range.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.TransformerDecoderLayer.html; unlike there, `tgtIsCausal` needs no mask.
 * @example
 * const y = new nn.TransformerDecoderLayer(64, 4).forward(target, memory, { tgtIsCausal: true });
 */
export class TransformerDecoderLayer extends TransformerLayer {
  readonly multihead_attn: MultiheadAttention;
  readonly norm3: LayerNorm;

  constructor(dModel: number, nhead: number, options: TransformerLayerOptions = {}) {
    super(dModel, nhead, options);
    const { dropout, bias, batchFirst, layerNormEps } = this.options;
    this.multihead_attn = new MultiheadAttention(dModel, nhead, { dropout, bias, batchFirst });
    this.norm3 = new LayerNorm(dModel, { eps: layerNormEps, bias });
  }

  override forward(target: Tensor, memory: Tensor, options: DecoderOptions = {}): Tensor {
    const self: AttendOptions = {
      attnMask: options.tgtMask ?? null,
      keyPaddingMask: options.tgtKeyPaddingMask ?? null,
      isCausal: options.tgtIsCausal ?? false,
      cache: options.cache ?? null,
    };
    const cross: AttendOptions = {
      attnMask: options.memoryMask ?? null,
      keyPaddingMask: options.memoryKeyPaddingMask ?? null,
      isCausal: options.memoryIsCausal ?? false,
    };
    let x = this.around(target, this.norm1, (t) => this.attend(this.self_attn, t, t, self));
    x = this.around(x, this.norm2, (t) => this.attend(this.multihead_attn, t, memory, cross));
    return this.around(x, this.norm3, (t) => this.feedForward(t));
  }
}
