import { IndexOutOfRangeError, ShapeError, ValueError } from "../errors.ts";
import { bytesOf } from "../tensor/dtype.ts";
import { free, keep, touch } from "../tensor/lifetime.ts";
import { formatShape } from "../tensor/shape.ts";
import { contiguous, empty, view, type Tensor } from "../tensor/tensor.ts";
import { u8 } from "../wasm/views.ts";
import type { Dataset } from "./dataset.ts";

export interface SlidingWindowsOptions {
  /** Steps that a sample shows. */
  readonly length: number;
  /** Steps that follow and are to be foretold. Default 1. */
  readonly horizon?: number;
  /** Steps from one sample to the next. Default 1. */
  readonly stride?: number;
  /** What is to be foretold, as long as the series. Default the series itself. */
  readonly target?: Tensor;
}

/**
 * Windows of a time series: sample i is [series[s … s + length], target[s + length … s + length + horizon]] with s = i · stride, of shapes
 * [length, …] and [horizon, …]. The tensors are shared, not copied: writing to them changes the samples.
 *
 * Split a series before you make windows of it, or those of one part show the other's.
 */
export class SlidingWindows implements Dataset<[Tensor, Tensor]> {
  readonly length: number;
  readonly #series: Tensor;
  readonly #target: Tensor;
  readonly #options: Required<Omit<SlidingWindowsOptions, "target">>;

  /**
   * @param series [time, …], any dtype.
   * @throws ValueError for options that make no sense; ShapeError for a series that is too short and a target of another length.
   * @example
   * const hours = new data.SlidingWindows(tensor([1, 2, 3, 4]), { length: 2 }); // [1, 2] → [3], [2, 3] → [4]
   */
  constructor(series: Tensor, options: SlidingWindowsOptions) {
    const { length, horizon = 1, stride = 1, target = series } = options;
    for (const [what, value] of Object.entries({ length, horizon, stride })) {
      if (!Number.isSafeInteger(value) || value < 1)
        throw new ValueError(`SlidingWindows: ${what} must be a whole number ≥ 1, got ${value}`);
    }
    touch(series, "SlidingWindows");
    touch(target, "SlidingWindows");
    const time = series.shape[0] ?? 0;
    if (target.shape[0] !== series.shape[0]) {
      throw new ShapeError(
        `SlidingWindows: series and target differ in length, ${formatShape(series.shape)} and ${formatShape(target.shape)}`,
      );
    }
    if (time < length + horizon) {
      throw new ShapeError(
        `SlidingWindows: a series of ${time} steps has no window of ${length} and ${horizon} (it needs ${length + horizon})`,
      );
    }
    this.length = Math.floor((time - length - horizon) / stride) + 1;
    this.#options = { length, horizon, stride };
    const held = (t: Tensor): Tensor => {
      const dense = contiguous(t);
      return keep(dense === t ? view(t, t.shape, t.strides, t.offset) : dense);
    };
    this.#series = held(series);
    this.#target = target === series ? this.#series : held(target);
  }

  /** Sample `index`: views of the series. */
  get(index: number): [Tensor, Tensor] {
    const { length, horizon } = this.#options;
    const start = this.#start(index, "get");
    const part = (t: Tensor, from: number, steps: number): Tensor => {
      touch(t, "SlidingWindows.get");
      return view(t, [steps, ...t.shape.slice(1)], t.strides, t.offset + from * (t.strides[0] as number));
    };
    return [part(this.#series, start, length), part(this.#target, start + length, horizon)];
  }

  /** Copies of the windows, [n, length, …] and [n, horizon, …]. */
  batch(indices: Int32Array): [Tensor, Tensor] {
    const { length, horizon } = this.#options;
    const starts = Array.from(indices, (index) => this.#start(index, "batch"));
    const parts = (t: Tensor, after: number, steps: number): Tensor => {
      touch(t, "SlidingWindows.batch");
      const out = empty([starts.length, steps, ...t.shape.slice(1)], t.dtype);
      const step = (t.strides[0] as number) * bytesOf(t.dtype);
      starts.forEach((start, i) => {
        const from = t.ptr + (start + after) * step;
        u8.copyWithin(out.ptr + i * steps * step, from, from + steps * step);
      });
      return out;
    };
    return [parts(this.#series, 0, length), parts(this.#target, length, horizon)];
  }

  /** Frees the dataset's hold on its tensors. Rarely needed: it lives as long as what it was made of is wanted. */
  dispose(): void {
    for (const t of [this.#series, this.#target]) free(t, "SlidingWindows.dispose()");
  }

  #start(index: number, method: string): number {
    if (!Number.isInteger(index) || index < 0 || index >= this.length) {
      throw new IndexOutOfRangeError(
        `SlidingWindows.${method}: index ${index} is outside [0, ${this.length - 1}]`,
      );
    }
    return index * this.#options.stride;
  }
}
