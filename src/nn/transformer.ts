import { triu } from "../ops/rearrange.ts";
import { full } from "../tensor/create.ts";
import { composite } from "../tensor/lifetime.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { xavierUniform_ } from "./init.ts";
import { LayerNorm } from "./layernorm.ts";
import { checkCount } from "./arguments.ts";
import { Module } from "./module.ts";
import {
  type DecoderOptions,
  type EncoderLayerOptions,
  TransformerDecoderLayer,
  TransformerEncoderLayer,
  type TransformerLayer,
  type TransformerLayerOptions,
} from "./transformerlayer.ts";

/** Masks of an encoder. */
export interface EncoderOptions extends Omit<EncoderLayerOptions, "srcMask"> {
  /** [time, time] or [batch · heads, time, time]. */
  mask?: Tensor | null;
}

/** The given layer, and others made like it. */
function copies<L extends TransformerLayer>(name: string, layer: L, numLayers: number): readonly L[] {
  checkCount(name, "numLayers", numLayers);
  const make = layer.constructor as new (...args: readonly unknown[]) => L;
  return Array.from({ length: numLayers }, (_, i) => (i === 0 ? layer : new make(...layer.config())));
}

/**
 * Encoder layers one after the other, and a last norm where one is given. `encoderLayer` is the first of them; the others are made by the
 * same arguments, with weights of their own (PyTorch copies the first one's).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.TransformerEncoder.html
 * @example
 * const encoder = new nn.TransformerEncoder(new nn.TransformerEncoderLayer(64, 4), 6, { norm: new nn.LayerNorm(64) });
 */
export class TransformerEncoder extends Module {
  readonly layers: readonly TransformerEncoderLayer[];
  readonly norm: LayerNorm | null;

  constructor(
    encoderLayer: TransformerEncoderLayer,
    numLayers: number,
    options: { norm?: LayerNorm | null } = {},
  ) {
    super();
    this.layers = copies("TransformerEncoder", encoderLayer, numLayers);
    this.norm = options.norm ?? null;
  }

  override forward(x: Tensor, options: EncoderOptions = {}): Tensor {
    const { mask = null, ...rest } = options;
    let out = x;
    for (const layer of this.layers) out = layer.forward(out, { ...rest, srcMask: mask });
    return this.norm ? this.norm.forward(out) : out;
  }

  override config(): readonly unknown[] {
    return [this.layers[0], this.layers.length, { norm: this.norm }];
  }
}

/**
 * Decoder layers one after the other, and a last norm where one is given. `decoderLayer` is the first of them; the others are made by the
 * same arguments, with weights of their own (PyTorch copies the first one's).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.TransformerDecoder.html
 * @example
 * const decoder = new nn.TransformerDecoder(new nn.TransformerDecoderLayer(64, 4), 6);
 * const y = decoder.forward(target, memory, { tgtIsCausal: true });
 */
export class TransformerDecoder extends Module {
  readonly layers: readonly TransformerDecoderLayer[];
  readonly norm: LayerNorm | null;

  constructor(
    decoderLayer: TransformerDecoderLayer,
    numLayers: number,
    options: { norm?: LayerNorm | null } = {},
  ) {
    super();
    this.layers = copies("TransformerDecoder", decoderLayer, numLayers);
    this.norm = options.norm ?? null;
  }

  override forward(target: Tensor, memory: Tensor, options: DecoderOptions = {}): Tensor {
    let out = target;
    for (const layer of this.layers) out = layer.forward(out, memory, options);
    return this.norm ? this.norm.forward(out) : out;
  }

  override config(): readonly unknown[] {
    return [this.layers[0], this.layers.length, { norm: this.norm }];
  }
}

export interface TransformerOptions extends TransformerLayerOptions {
  /** Default 6. */
  numEncoderLayers?: number;
  /** Default 6. */
  numDecoderLayers?: number;
}

/** Masks of a transformer: those of its encoder and of its decoder. */
export interface TransformerForwardOptions extends DecoderOptions {
  /** [source, source] or [batch · heads, source, source]. */
  srcMask?: Tensor | null;
  /** [batch, source]. */
  srcKeyPaddingMask?: Tensor | null;
  /** A source position sees itself and those before it. Default false. */
  srcIsCausal?: boolean;
}

/**
 * An encoder and a decoder (A. Vaswani et al., 2017), each with a last norm: source [source, batch, dModel], target [target, batch,
 * dModel] (batch first with `batchFirst`, or both without a batch) → the target's shape. Weights start uniform by Xavier's rule;
 * state-dict keys are PyTorch's.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Transformer.html
 * @example
 * const y = new nn.Transformer(64, 4, { numEncoderLayers: 2, numDecoderLayers: 2 }).forward(source, target, { tgtIsCausal: true });
 */
export class Transformer extends Module {
  readonly encoder: TransformerEncoder;
  readonly decoder: TransformerDecoder;

  constructor(dModel = 512, nhead = 8, options: TransformerOptions = {}) {
    super();
    const { numEncoderLayers = 6, numDecoderLayers = 6, ...rest } = options;
    const encoderLayer = new TransformerEncoderLayer(dModel, nhead, rest);
    const norm = (): LayerNorm => {
      const { layerNormEps: eps, bias } = encoderLayer.options;
      return new LayerNorm(dModel, { eps, bias });
    };
    this.encoder = new TransformerEncoder(encoderLayer, numEncoderLayers, { norm: norm() });
    const decoderLayer = new TransformerDecoderLayer(dModel, nhead, rest);
    this.decoder = new TransformerDecoder(decoderLayer, numDecoderLayers, { norm: norm() });
    for (const p of this.parameters()) if (p.ndim > 1) xavierUniform_(p);
  }

  override forward(source: Tensor, target: Tensor, options: TransformerForwardOptions = {}): Tensor {
    const { srcMask: mask, srcKeyPaddingMask, srcIsCausal, ...rest } = options;
    const memory = this.encoder.forward(source, {
      mask: mask ?? null,
      srcKeyPaddingMask: srcKeyPaddingMask ?? null,
      isCausal: srcIsCausal ?? false,
    });
    return this.decoder.forward(target, memory, rest);
  }

  override config(): readonly unknown[] {
    const [first] = this.encoder.layers;
    const [dModel, nhead, options] = (first as TransformerEncoderLayer).config() as [number, number, object];
    const numEncoderLayers = this.encoder.layers.length;
    const numDecoderLayers = this.decoder.layers.length;
    return [dModel, nhead, { ...options, numEncoderLayers, numDecoderLayers }];
  }

  /**
   * The mask that hides later positions, f32 [size, size]: −∞ above the diagonal and 0 elsewhere. `isCausal` does the same without one.
   * @example
   * nn.Transformer.generateSquareSubsequentMask(3); // [[0, -Infinity, -Infinity], [0, 0, -Infinity], [0, 0, 0]]
   */
  static generateSquareSubsequentMask(size: number): Tensor {
    checkCount("generateSquareSubsequentMask", "size", size);
    return composite("generateSquareSubsequentMask", () =>
      triu(full([size, size], -Infinity), { diagonal: 1 }),
    );
  }
}
