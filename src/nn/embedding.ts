import { withGrad } from "../autograd/mode.ts";
import { ShapeError, ValueError } from "../errors.ts";
import { embedding, type EmbeddingOptions } from "../ops/embedding.ts";
import { clone, select } from "../ops/movement.ts";
import { zero_ } from "../ops/inplace.ts";
import { formatShape } from "../tensor/shape.ts";
import { empty, type Tensor } from "../tensor/tensor.ts";
import { checkCount, optional } from "./arguments.ts";
import { normal_ } from "./init.ts";
import { Module } from "./module.ts";
import { Parameter } from "./parameter.ts";

/**
 * A table of vectors for tokens: indices of any shape → [...shape, embeddingDim]. Its weight [numEmbeddings, embeddingDim] starts normal,
 * the row `paddingIdx` (negative counts from the end) at 0, which stays: it gets no gradient.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Embedding.html
 * @example
 * new Embedding(10, 3).forward(tensor([[1, 2, 4]], { dtype: "i32" })).shape; // [1, 3, 3]
 */
export class Embedding extends Module {
  readonly weight: Parameter;
  readonly paddingIdx: number | null;

  /** @param weight a table to take over instead of drawing one. */
  constructor(numEmbeddings: number, embeddingDim: number, options: EmbeddingOptions = {}, weight?: Tensor) {
    super();
    checkCount("Embedding", "numEmbeddings", numEmbeddings);
    checkCount("Embedding", "embeddingDim", embeddingDim);
    this.paddingIdx = options.paddingIdx ?? null;
    if (this.paddingIdx !== null && !(this.paddingIdx >= -numEmbeddings && this.paddingIdx < numEmbeddings)) {
      throw new ValueError(
        `Embedding: paddingIdx ${this.paddingIdx} is outside [${-numEmbeddings}, ${numEmbeddings - 1}] of the ${numEmbeddings} rows`,
      );
    }
    const table = weight ?? normal_(empty([numEmbeddings, embeddingDim], "f32"));
    if (weight === undefined && this.paddingIdx !== null) zero_(select(table, 0, this.paddingIdx));
    this.weight = new Parameter(table);
  }

  /**
   * An embedding whose table is a copy of `weight` [numEmbeddings, embeddingDim].
   * @param options.freeze whether training leaves it as it is. Default true.
   */
  static fromPretrained(weight: Tensor, options: EmbeddingOptions & { freeze?: boolean } = {}): Embedding {
    if (weight.ndim !== 2) {
      throw new ShapeError(
        `Embedding.fromPretrained: the weight must be [num, dim], got ${formatShape(weight.shape)}`,
      );
    }
    const { freeze = true, ...rest } = options;
    const [num, dim] = weight.shape as [number, number];
    const table = withGrad(false, () => clone(weight));
    return new Embedding(num, dim, rest, table).requiresGrad_(!freeze);
  }

  override forward(index: Tensor): Tensor {
    return embedding(index, this.weight, { paddingIdx: this.paddingIdx });
  }

  override config(): readonly unknown[] {
    const { weight, paddingIdx } = this;
    return [...weight.shape, ...optional({ paddingIdx }, { paddingIdx: null })];
  }
}
