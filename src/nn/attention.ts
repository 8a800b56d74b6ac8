import { DTypeError, ShapeError, ValueError } from "../errors.ts";
import { eq, gt, logicalOr } from "../ops/compare.ts";
import { add } from "../ops/arithmetic.ts";
import { attend, scaledDotProductAttention } from "../ops/attention.ts";
import { linear } from "../ops/matmul.ts";
import { narrow, permute, reshape, squeeze, transpose, unsqueeze } from "../ops/movement.ts";
import { mean } from "../ops/reduce.ts";
import { where } from "../ops/select.ts";
import { arange, fillWith, zeros } from "../tensor/create.ts";
import { formatShape } from "../tensor/shape.ts";
import { empty, type Tensor } from "../tensor/tensor.ts";
import { checkCount, checkProbability, optional } from "./arguments.ts";
import { xavierUniform_ } from "./init.ts";
import type { KVCache } from "./kvcache.ts";
import { Linear } from "./linear.ts";
import { Module } from "./module.ts";
import { Parameter } from "./parameter.ts";
import { rotaryEmbedding } from "./positions.ts";

export interface MultiheadAttentionOptions {
  /** Probability to drop a weight in training. Default 0. */
  dropout?: number;
  /** Default true. */
  bias?: boolean;
  /** Features of the keys, if not those of the queries. */
  kdim?: number;
  /** Features of the values, if not those of the queries. */
  vdim?: number;
  /** Inputs and outputs are [batch, time, …] instead of [time, batch, …]. Default false. */
  batchFirst?: boolean;
  /** Turn queries and keys by their positions, see `rotaryEmbedding`. Default false. */
  rotary?: boolean;
}

export interface AttendOptions {
  /** Keys to leave out, [batch, keys] (or [keys]): bool, **true is left out** as in PyTorch's module; or f32, added to the scores. */
  keyPaddingMask?: Tensor | null;
  /** What a query must not see, [queries, keys] or [batch · heads, queries, keys]: bool, **true is left out**; or f32, added. */
  attnMask?: Tensor | null;
  /** A query sees the keys up to its own position only. Default false. */
  isCausal?: boolean;
  /** Holds the keys and values of positions before; those of this call are added. A keyPaddingMask then covers all positions. */
  cache?: KVCache | null;
  /** Give the attention's weights, too. Default true. */
  needWeights?: boolean;
  /** Their mean over the heads instead of each. Default true. */
  averageAttnWeights?: boolean;
}

/**
 * Attention by several heads at once (A. Vaswani et al., 2017): query [queries, batch, e], key [keys, batch, kdim], value [keys, batch,
 * vdim] (batch first with `batchFirst`, or without a batch) → [queries, batch, e] and the weights [batch, queries, keys] (each head's
 * [batch, heads, queries, keys]), or null. State-dict keys are PyTorch's.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html
 * @example
 * const layer = new MultiheadAttention(64, 4, { batchFirst: true });
 * const [y] = layer.forward(x, x, x, { isCausal: true, needWeights: false });
 */
export class MultiheadAttention extends Module {
  readonly in_proj_weight: Parameter | null;
  readonly q_proj_weight: Parameter | null;
  readonly k_proj_weight: Parameter | null;
  readonly v_proj_weight: Parameter | null;
  readonly in_proj_bias: Parameter | null;
  readonly out_proj: Linear;
  readonly embedDim: number;
  readonly numHeads: number;
  readonly dropout: number;
  readonly batchFirst: boolean;
  readonly rotary: boolean;

  constructor(embedDim: number, numHeads: number, options: MultiheadAttentionOptions = {}) {
    super();
    this.embedDim = checkCount("MultiheadAttention", "embedDim", embedDim);
    this.numHeads = checkCount("MultiheadAttention", "numHeads", numHeads);
    if (embedDim % numHeads !== 0) {
      throw new ValueError(
        `MultiheadAttention: embedDim must be a multiple of numHeads, got ${embedDim} and ${numHeads}`,
      );
    }
    this.dropout = checkProbability("MultiheadAttention", "dropout", options.dropout ?? 0);
    this.batchFirst = options.batchFirst ?? false;
    this.rotary = options.rotary ?? false;
    if (this.rotary && (embedDim / numHeads) % 2 !== 0)
      throw new ValueError(
        `MultiheadAttention: rotary needs an even number of features a head, got ${embedDim / numHeads}`,
      );
    const bias = options.bias ?? true;
    const kdim = checkCount("MultiheadAttention", "kdim", options.kdim ?? embedDim);
    const vdim = checkCount("MultiheadAttention", "vdim", options.vdim ?? embedDim);
    const together = kdim === embedDim && vdim === embedDim;
    const weight = (rows: number, columns: number): Parameter =>
      new Parameter(xavierUniform_(empty([rows, columns], "f32")));
    this.in_proj_weight = together ? weight(3 * embedDim, embedDim) : null;
    this.q_proj_weight = together ? null : weight(embedDim, embedDim);
    this.k_proj_weight = together ? null : weight(embedDim, kdim);
    this.v_proj_weight = together ? null : weight(embedDim, vdim);
    this.in_proj_bias = bias ? new Parameter(zeros([3 * embedDim])) : null;
    this.out_proj = new Linear(embedDim, embedDim, { bias });
    if (this.out_proj.bias) fillWith(this.out_proj.bias, 0);
  }

  /** The rows of the projection for queries (0), keys (1) or values (2). */
  private project(x: Tensor, i: 0 | 1 | 2): Tensor {
    const rows = { dim: 0, start: i * this.embedDim, length: this.embedDim };
    const own = [this.q_proj_weight, this.k_proj_weight, this.v_proj_weight][i] ?? null;
    const weight = own ?? narrow(this.in_proj_weight as Tensor, rows);
    return linear(x, weight, this.in_proj_bias && narrow(this.in_proj_bias, rows));
  }

  /** [batch, time, e] → [batch, heads, time, e / heads]. */
  private split(x: Tensor): Tensor {
    const [batch, time] = x.shape as [number, number];
    return permute(reshape(x, [batch, time, this.numHeads, this.embedDim / this.numHeads]), [0, 2, 1, 3]);
  }

  override forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    options: AttendOptions = {},
  ): [Tensor, Tensor | null] {
    if ((query.ndim !== 2 && query.ndim !== 3) || key.ndim !== query.ndim || value.ndim !== query.ndim) {
      throw new ShapeError(
        `MultiheadAttention: query, key and value must all have 3 dimensions, or 2 without a batch, got ${[query, key, value].map((t) => formatShape(t.shape)).join(", ")}`,
      );
    }
    const alone = query.ndim === 2;
    const turn = (x: Tensor): Tensor => (alone ? unsqueeze(x, 0) : this.batchFirst ? x : transpose(x, 0, 1));
    const { cache = null } = options;
    const past = cache?.seenBy(this) ?? 0;
    let [q, k, v] = [query, key, value].map((x, i) => this.split(this.project(turn(x), i as 0 | 1 | 2))) as [
      Tensor,
      Tensor,
      Tensor,
    ];
    if (this.rotary) [q, k] = [q, k].map((t) => rotaryEmbedding(t, { offset: past })) as [Tensor, Tensor];
    const [batch, , queries] = q.shape as [number, number, number];
    const attnMask = this.mask(options, past, batch, queries, past + (k.shape[2] as number));
    if (cache) [k, v] = cache.append(this, k, v);
    const rule = {
      attnMask,
      isCausal: past === 0 && (options.isCausal ?? false),
      dropoutP: this.training ? this.dropout : 0,
    };
    const needWeights = options.needWeights ?? true;
    const [heads, weights] = needWeights
      ? attend(q, k, v, rule)
      : [scaledDotProductAttention(q, k, v, rule), null];
    const joined = reshape(permute(heads, [0, 2, 1, 3]), [batch, queries, this.embedDim]);
    const out = this.out_proj.forward(joined);
    const output = alone ? squeeze(out, { dim: 0 }) : this.batchFirst ? out : transpose(out, 0, 1);
    if (weights === null) return [output, null];
    const shown = (options.averageAttnWeights ?? true) ? mean(weights, { dim: 1 }) : weights;
    return [output, alone ? squeeze(shown, { dim: 0 }) : shown];
  }

  /** Both masks as one, of a shape that broadcasts to [batch, heads, queries, keys]: bool with true for what is seen, or f32. */
  private mask(
    options: AttendOptions,
    past: number,
    batch: number,
    queries: number,
    keys: number,
  ): Tensor | null {
    const { keyPaddingMask: padding = null, attnMask = null } = options;
    const parts: Tensor[] = [];
    if (padding) {
      if (padding.size !== batch * keys || padding.shape.at(-1) !== keys)
        throw refusal("keyPaddingMask", padding, `[${batch}, ${keys}] [batch, keys]`);
      parts.push(reshape(padding, [batch, 1, 1, keys]));
    }
    if (attnMask) {
      const each = attnMask.ndim === 3;
      const shape = each ? [batch * this.numHeads, queries, keys] : [queries, keys];
      if (formatShape(attnMask.shape) !== formatShape(shape))
        throw refusal("attnMask", attnMask, formatShape(shape));
      parts.push(each ? reshape(attnMask, [batch, this.numHeads, queries, keys]) : attnMask);
    }
    for (const t of parts) {
      if (t.dtype !== "bool" && t.dtype !== "f32") {
        throw new DTypeError(
          `MultiheadAttention: masks must be bool (true is left out) or f32 (added), got ${t.dtype}; convert with to(mask, "bool")`,
        );
      }
    }
    // One new position sees all; without a past the softmax itself is causal.
    if (options.isCausal && past > 0 && queries > 1)
      parts.push(gt(arange(keys), unsqueeze(arange(past, past + queries), 1)));
    const [first, ...rest] = parts;
    if (first === undefined) return null;
    if (parts.every((t) => t.dtype === "bool")) return eq(rest.reduce(logicalOr, first), 0);
    const added = (t: Tensor): Tensor => (t.dtype === "bool" ? where(t, -Infinity, zeros([])) : t);
    return rest.reduce((sum, t) => add(sum, added(t)), added(first));
  }

  override config(): readonly unknown[] {
    const { embedDim, numHeads, dropout, batchFirst, rotary } = this;
    const kdim = this.k_proj_weight?.shape[1] ?? embedDim;
    const vdim = this.v_proj_weight?.shape[1] ?? embedDim;
    const options = { dropout, bias: this.in_proj_bias !== null, kdim, vdim, batchFirst, rotary };
    const defaults = {
      dropout: 0,
      bias: true,
      kdim: embedDim,
      vdim: embedDim,
      batchFirst: false,
      rotary: false,
    };
    return [embedDim, numHeads, ...optional(options, defaults)];
  }
}

const refusal = (name: string, t: Tensor, shape: string): ShapeError =>
  new ShapeError(`MultiheadAttention: ${name} must be ${shape}, got ${formatShape(t.shape)}`);
