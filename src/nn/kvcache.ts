import { isGradEnabled, noGrad } from "../autograd/mode.ts";
import { AutogradError, ShapeError, ValueError } from "../errors.ts";
import { copy_ } from "../ops/inplace.ts";
import { indexSelect } from "../ops/indexing.ts";
import { narrow } from "../ops/movement.ts";
import { own } from "../tensor/lifetime.ts";
import { formatShape } from "../tensor/shape.ts";
import { empty, type Tensor } from "../tensor/tensor.ts";
import { checkCount } from "./arguments.ts";

/** What one attention has seen: [batch, heads, maxLength, features] each, of which the first `length` positions are filled. */
interface Entry {
  keys: Tensor;
  values: Tensor;
  length: number;
}

/**
 * The keys and values of all positions that a model has seen, so that generation computes one new position at a time. One cache serves all
 * self-attentions of a model: pass it to each block, along with `isCausal`. It takes its memory when it first sees a block, for
 * `maxLength` positions, and keeps it: `reset()` starts another text in the same memory.
 * @throws {ValueError} more than maxLength positions; {AutogradError} use with gradients on.
 * @example
 * const cache = new nn.KVCache(256);
 * const y = noGrad(() => block.forward(x, { isCausal: true, cache }));
 */
export class KVCache {
  /** Positions it has room for. */
  readonly maxLength: number;
  readonly #entries = new Map<object, Entry>();

  constructor(maxLength: number) {
    this.maxLength = checkCount("KVCache", "maxLength", maxLength);
  }

  /** Positions that every attention has seen: where the next token stands. */
  get length(): number {
    return this.#entries.size === 0 ? 0 : Math.min(...Array.from(this.#entries.values(), (e) => e.length));
  }

  /** Positions that one attention has seen before this call. */
  seenBy(layer: object): number {
    // A call that failed half-way has left some layers ahead of the others.
    return Math.min(this.#entries.get(layer)?.length ?? 0, this.length);
  }

  /**
   * Takes on the keys and values [batch, heads, time, features] of new positions.
   * @param layer whose they are.
   * @returns those of all positions, as views of the cache.
   */
  append(layer: object, keys: Tensor, values: Tensor): [keys: Tensor, values: Tensor] {
    if (isGradEnabled())
      throw new AutogradError(
        "KVCache: serves generation and records no gradients; call the model inside noGrad()",
      );
    const [batch, heads, time, features] = keys.shape as [number, number, number, number];
    let entry = this.#entries.get(layer);
    const start = this.seenBy(layer);
    if (start + time > this.maxLength) {
      throw new ValueError(
        `KVCache: position ${start + time - 1} is beyond maxLength ${this.maxLength} (reset() it, or make a longer one)`,
      );
    }
    const shape = [batch, heads, this.maxLength, features];
    if (entry && formatShape(entry.keys.shape) !== formatShape(shape)) {
      if (start > 0) {
        throw new ShapeError(
          `KVCache: holds keys ${formatShape(entry.keys.shape)}, and new ones make ${formatShape(shape)} (reset() starts anew, reorder() changes the batch)`,
        );
      }
      free(entry);
      entry = undefined;
    }
    if (entry === undefined) {
      entry = { keys: own(empty(shape, "f32")), values: own(empty(shape, "f32")), length: 0 };
      this.#entries.set(layer, entry);
    }
    const { keys: allKeys, values: allValues } = entry;
    const at = { dim: 2, start, length: time };
    copy_(narrow(allKeys, at), keys);
    copy_(narrow(allValues, at), values);
    entry.length = start + time;
    const seen = { dim: 2, start: 0, length: entry.length };
    return [narrow(allKeys, seen), narrow(allValues, seen)];
  }

  /** Forgets everything; the memory stays for the next text. */
  reset(): void {
    for (const entry of this.#entries.values()) entry.length = 0;
  }

  /**
   * Lets row i of the batch go on from row `rows[i]`, as beam search wants it; there may be more or fewer rows than before.
   * @param rows i32 [new batch].
   */
  reorder(rows: Tensor): void {
    noGrad(() => {
      for (const entry of this.#entries.values()) {
        const [keys, values] = [entry.keys, entry.values].map((t) => indexSelect(t, rows, { dim: 0 })) as [
          Tensor,
          Tensor,
        ];
        free(entry);
        entry.keys = own(keys);
        entry.values = own(values);
      }
    });
  }

  /** Gives the memory back. */
  dispose(): void {
    for (const entry of this.#entries.values()) free(entry);
    this.#entries.clear();
  }
}

function free({ keys, values }: Entry): void {
  keys.dispose();
  values.dispose();
}
