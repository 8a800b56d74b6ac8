import { IndexOutOfRangeError, ShapeError, ValueError } from "../errors.ts";
import { bytesOf } from "../tensor/dtype.ts";
import { free, keep, touch } from "../tensor/lifetime.ts";
import { formatShape } from "../tensor/shape.ts";
import { contiguous, empty, Tensor, view } from "../tensor/tensor.ts";
import { u8 } from "../wasm/views.ts";

/** What a dataset may know of who asks. */
export interface SampleRequest {
  /** The loader's seed. */
  readonly seed: number;
  /** Counts the loops over the loader, from 0. */
  readonly epoch: number;
  /** Aborts when the answer is no longer wanted, because the loop was left. */
  readonly signal: AbortSignal;
}

/**
 * What a loader draws from. A sample is a tensor, or tuples, arrays and plain objects of tensors. Answers may be promises.
 *
 * Tensors that `get` or `batch` make are freed by the loader; those that the dataset holds itself should be
 * `keep()`t, as nothing else tells the library that they are still wanted. Where the answer is a promise, make tensors after the last
 * `await`, and in one `scope(() => …)` where there are temporaries: no frame reaches over an `await`.
 */
export interface Dataset<S> {
  /** Number of samples. */
  readonly length: number;
  /** One sample. */
  get(index: number, request?: SampleRequest): S | Promise<S>;
  /** Several samples at once, each tensor with a first dimension more; without it the loader stacks what `get` gives. */
  batch?(indices: Int32Array, request?: SampleRequest): S | Promise<S>;
}

/** The same tuple, of whatever tensors: what a sample of a TensorDataset is. */
export type Rows<T extends readonly Tensor[]> = { [K in keyof T]: Tensor };

/** Row i of each tensor is sample i. The tensors are shared, not copied: writing to them changes the samples. */
export class TensorDataset<T extends readonly Tensor[]> implements Dataset<Rows<T>> {
  readonly length: number;
  readonly #tensors: readonly Tensor[];

  /**
   * @param tensors at least one; any shapes with the same first dimension, any dtypes.
   * @throws ShapeError for scalars and for first dimensions that differ.
   */
  constructor(...tensors: T) {
    const [first] = tensors as readonly Tensor[];
    if (first === undefined) throw new ValueError("TensorDataset: needs at least one tensor, got none");
    tensors.forEach((t, i) => {
      if (!(t instanceof Tensor)) throw new ValueError(`TensorDataset: argument ${i} is no tensor`);
      touch(t, "TensorDataset");
      if (t.ndim === 0)
        throw new ShapeError(`TensorDataset: tensor ${i} is a scalar and has no rows (give it shape [n, …])`);
      if (t.shape[0] !== first.shape[0]) {
        throw new ShapeError(
          `TensorDataset: first dimensions differ, ${formatShape(first.shape)} and ${formatShape(t.shape)} at ${i} (${first.shape[0]} ≠ ${t.shape[0]})`,
        );
      }
    });
    this.length = first.shape[0] as number;
    // Handles of its own: the samples outlive the caller's tensors, and are no part of a graph.
    this.#tensors = tensors.map((t) => {
      const dense = contiguous(t);
      return keep(dense === t ? view(t, t.shape, t.strides, t.offset) : dense);
    });
  }

  /** Sample `index`: views of its rows. */
  get(index: number): Rows<T> {
    this.#check(index, "get");
    const rows = this.#tensors.map((t) => {
      touch(t, "TensorDataset.get");
      return view(t, t.shape.slice(1), t.strides.slice(1), t.offset + index * (t.strides[0] as number));
    });
    return rows as Rows<T>;
  }

  /** Copies of the rows, in the order of the indices. */
  batch(indices: Int32Array): Rows<T> {
    for (const index of indices) this.#check(index, "batch");
    const copies = this.#tensors.map((t) => {
      touch(t, "TensorDataset.batch");
      const out = empty([indices.length, ...t.shape.slice(1)], t.dtype);
      const bytes = this.length === 0 ? 0 : (t.size / this.length) * bytesOf(t.dtype);
      let to = out.ptr as number;
      for (const index of indices) {
        const from = t.ptr + index * bytes;
        u8.copyWithin(to, from, from + bytes);
        to += bytes;
      }
      return out;
    });
    return copies as Rows<T>;
  }

  /** Frees the dataset's hold on its tensors. Rarely needed: it lives as long as what it was made of is wanted. */
  dispose(): void {
    for (const t of this.#tensors) free(t, "TensorDataset.dispose()");
  }

  #check(index: number, method: string): void {
    if (!Number.isInteger(index) || index < 0 || index >= this.length) {
      throw new IndexOutOfRangeError(
        `TensorDataset.${method}: index ${index} is outside [0, ${this.length - 1}]`,
      );
    }
  }
}
