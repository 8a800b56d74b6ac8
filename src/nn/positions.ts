import { IndexOutOfRangeError, ShapeError, ValueError } from "../errors.ts";
import { add, mul, sub } from "../ops/arithmetic.ts";
import { dropout } from "../ops/dropout.ts";
import { cat, narrow, reshape, stack, unsqueeze } from "../ops/movement.ts";
import { cos, sin } from "../ops/unary.ts";
import { arange, tensor } from "../tensor/create.ts";
import { composite } from "../tensor/lifetime.ts";
import { power } from "../tensor/scalar.ts";
import { formatShape } from "../tensor/shape.ts";
import { empty, type Tensor } from "../tensor/tensor.ts";
import { normal_ } from "./init.ts";
import { checkCount } from "./arguments.ts";
import { Module } from "./module.ts";
import { Parameter } from "./parameter.ts";

/** Where things stand in a sequence, for attention, which does not see it by itself. */

export interface PositionOptions {
  /** Position of the first element, such as `cache.length`. Default 0. */
  offset?: number;
}

export interface PositionModuleOptions {
  /** Probability to drop an element of the sum in training. */
  dropout?: number;
  /** Inputs are [batch, time, …] instead of [time, batch, …]. Default false. */
  batchFirst?: boolean;
}

function checkOffset(op: string, offset: number): number {
  if (!Number.isInteger(offset) || offset < 0)
    throw new ValueError(`${op}: offset must be a whole number ≥ 0, got ${offset}`);
  return offset;
}

/** Angles [time, features / 2] of a position: (offset + t) · base^(−2i / features). */
function angles(time: number, features: number, offset: number, base: number): Tensor {
  const rates = tensor(
    Float32Array.from({ length: features / 2 }, (_, i) => power(base, (-2 * i) / features)),
  );
  return mul(unsqueeze(arange(offset, offset + time, 1, { dtype: "f32" }), 1), rates);
}

/** What adds something to each position. */
abstract class Positions extends Module {
  readonly features: number;
  readonly dropout: number;
  readonly batchFirst: boolean;

  constructor(features: number, options: PositionModuleOptions, defaultDropout: number) {
    super();
    const { name } = this.constructor;
    this.features = checkCount(name, "features", features);
    this.dropout = options.dropout ?? defaultDropout;
    if (!(this.dropout >= 0 && this.dropout <= 1))
      throw new ValueError(`${name}: dropout must lie in [0, 1], got ${this.dropout}`);
    this.batchFirst = options.batchFirst ?? false;
  }

  /** What is added to the positions from `offset` on, [time, features]. */
  protected abstract rows(time: number, offset: number): Tensor;

  override forward(x: Tensor, options: PositionOptions = {}): Tensor {
    const { name } = this.constructor;
    if ((x.ndim !== 2 && x.ndim !== 3) || x.shape.at(-1) !== this.features) {
      const dims = this.batchFirst ? "batch, time" : "time, batch";
      throw new ShapeError(
        `${name}: takes [${dims}, ${this.features}] or [time, ${this.features}], got ${formatShape(x.shape)}`,
      );
    }
    const first = x.ndim === 2 || !this.batchFirst;
    const rows = this.rows(x.shape[first ? 0 : 1] as number, checkOffset(name, options.offset ?? 0));
    const sum = add(x, first && x.ndim === 3 ? unsqueeze(rows, 1) : rows);
    return dropout(sum, { p: this.dropout, training: this.training });
  }

  override extraRepr(): string {
    return String(this.features);
  }
}

/**
 * Adds sines and cosines of the position (A. Vaswani et al., 2017, section 3.5): feature 2i gets sin(t / 10000^(2i / features)), feature
 * 2i + 1 its cosine. x [time, batch, features] (batch first with `batchFirst`, or without a batch) keeps its shape; of any length, with
 * nothing to learn. Dropout is 0.1 by default.
 * @throws {ValueError} an odd number of features.
 * @example
 * const x = new nn.PositionalEncoding(64, { batchFirst: true }).forward(embedded);
 */
export class PositionalEncoding extends Positions {
  constructor(features: number, options: PositionModuleOptions = {}) {
    super(features, options, 0.1);
    checkEven("PositionalEncoding", features);
  }

  protected override rows(time: number, offset: number): Tensor {
    const angle = angles(time, this.features, offset, 10000);
    return reshape(stack([sin(angle), cos(angle)], { dim: 2 }), [time, this.features]);
  }

  override config(): readonly unknown[] {
    const { features, dropout, batchFirst } = this;
    return [features, { dropout, batchFirst }];
  }
}

/**
 * Adds a learned row to each position, as GPT-2 does; `weight` [maxLength, features] starts normal with deviation 0.02. x [time, batch,
 * features] (batch first with `batchFirst`, or without a batch) keeps its shape. Dropout is 0 by default.
 * @throws {IndexOutOfRangeError} a position from maxLength on.
 * @example
 * const x = new nn.LearnedPositions(128, 64, { batchFirst: true }).forward(embedded);
 */
export class LearnedPositions extends Positions {
  readonly weight: Parameter;

  constructor(maxLength: number, features: number, options: PositionModuleOptions = {}) {
    super(features, options, 0);
    checkCount("LearnedPositions", "maxLength", maxLength);
    this.weight = new Parameter(normal_(empty([maxLength, features], "f32"), 0, 0.02));
  }

  protected override rows(time: number, offset: number): Tensor {
    const maxLength = this.weight.shape[0] as number;
    if (offset + time > maxLength) {
      throw new IndexOutOfRangeError(
        `LearnedPositions: position ${offset + time - 1} is outside [0, ${maxLength - 1}] (shorten the input, or make it with a larger maxLength)`,
      );
    }
    return narrow(this.weight, { dim: 0, start: offset, length: time });
  }

  override config(): readonly unknown[] {
    const { features, dropout, batchFirst } = this;
    return [this.weight.shape[0], features, { dropout, batchFirst }];
  }
}

export interface RotaryOptions extends PositionOptions {
  /** The slowest pair turns by about 1 / base each step. Default 10000. */
  base?: number;
}

/**
 * Turns queries or keys by an angle that grows with the position, so that their products depend on distances alone (J. Su et al.,
 * "RoFormer: enhanced transformer with rotary position embedding", 2021). x [..., time, features] keeps its shape; feature i and feature
 * i + features / 2 are a pair (the halves of GPT-NeoX and Llama, not the neighbours of the paper), turned by t · base^(−2i / features).
 * @throws {ValueError} an odd number of features.
 * @example
 * nn.rotaryEmbedding(queries, { offset: cache.length });
 */
export function rotaryEmbedding(x: Tensor, options: RotaryOptions = {}): Tensor {
  const { base = 10000 } = options;
  const offset = checkOffset("rotaryEmbedding", options.offset ?? 0);
  if (!(base > 0 && base < Infinity)) throw new ValueError(`rotaryEmbedding: base must be > 0, got ${base}`);
  if (x.ndim < 2)
    throw new ShapeError(`rotaryEmbedding: takes [..., time, features], got ${formatShape(x.shape)}`);
  const [time, features] = x.shape.slice(-2) as [number, number];
  checkEven("rotaryEmbedding", features);
  return composite("rotaryEmbedding", () => {
    const angle = angles(time, features, offset, base);
    const [c, s] = [cos(angle), sin(angle)];
    const half = features / 2;
    const a = narrow(x, { dim: -1, start: 0, length: half });
    const b = narrow(x, { dim: -1, start: half, length: half });
    return cat([sub(mul(a, c), mul(b, s)), add(mul(b, c), mul(a, s))], { dim: -1 });
  });
}

function checkEven(op: string, features: number): void {
  if (features % 2 !== 0) throw new ValueError(`${op}: features must be even, got ${features}`);
}
