import { IndexOutOfRangeError, ValueError } from "../../errors.ts";
import { indexSelect } from "../../ops/indexing.ts";
import { tensor } from "../../tensor/create.ts";
import { free, own, touch } from "../../tensor/lifetime.ts";
import { type Tensor, view } from "../../tensor/tensor.ts";
import type { Dataset } from "../dataset.ts";

export interface TokenDatasetOptions {
  /** Tokens in a sample. */
  readonly blockSize: number;
  /** Tokens from the start of one sample to that of the next. Default blockSize: each token is predicted once. */
  readonly stride?: number;
}

/**
 * Pieces of a long row of tokens, to learn what comes next: sample i is tokens [i · stride, i · stride + blockSize) and the same one
 * further, i32 [blockSize] each.
 * @throws {ValueError} fewer than blockSize + 1 tokens, or an option out of its range.
 * @example
 * const samples = new data.TokenDataset(tokenizer.encode(text), { blockSize: 64 });
 */
export class TokenDataset implements Dataset<[tokens: Tensor, next: Tensor]> {
  readonly length: number;
  readonly blockSize: number;
  readonly stride: number;
  readonly #tokens: Tensor;

  constructor(tokens: ArrayLike<number>, options: TokenDatasetOptions) {
    const { blockSize, stride = blockSize } = options;
    for (const [name, value] of Object.entries({ blockSize, stride })) {
      if (!Number.isInteger(value) || value < 1)
        throw new ValueError(`TokenDataset: ${name} must be a whole number ≥ 1, got ${value}`);
    }
    if (tokens.length < blockSize + 1) {
      throw new ValueError(
        `TokenDataset: blockSize ${blockSize} needs ${blockSize + 1} tokens, got ${tokens.length} (each token has a next one)`,
      );
    }
    this.blockSize = blockSize;
    this.stride = stride;
    this.length = Math.floor((tokens.length - blockSize - 1) / stride) + 1;
    const numbers = tokens instanceof Int32Array ? tokens : Float64Array.from(tokens);
    this.#tokens = own(tensor(numbers, { dtype: "i32" }));
  }

  /** Sample `index`: views of its tokens. */
  get(index: number): [Tensor, Tensor] {
    this.#check(index, "get");
    const piece = (from: number): Tensor =>
      view(this.#tokens, [this.blockSize], [1], index * this.stride + from);
    return [piece(0), piece(1)];
  }

  /** Several samples, [indices, blockSize] each. */
  batch(indices: Int32Array): [Tensor, Tensor] {
    for (const index of indices) this.#check(index, "batch");
    const rows = tensor(indices);
    const pieces = (from: number): Tensor =>
      indexSelect(view(this.#tokens, [this.length, this.blockSize], [this.stride, 1], from), rows, {
        dim: 0,
      });
    return [pieces(0), pieces(1)];
  }

  /** Frees the tokens. Rarely needed: they live as long as the dataset. */
  dispose(): void {
    free(this.#tokens, "TokenDataset.dispose()");
  }

  #check(index: number, method: string): void {
    touch(this.#tokens, `TokenDataset.${method}`);
    if (!Number.isInteger(index) || index < 0 || index >= this.length) {
      throw new IndexOutOfRangeError(
        `TokenDataset.${method}: index ${index} is outside [0, ${this.length - 1}]`,
      );
    }
  }
}
