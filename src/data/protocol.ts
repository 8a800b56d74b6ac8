import { contiguous, Tensor } from "../tensor/tensor.ts";
import { ofBytes } from "../tensor/create.ts";
import { bytesOf, type DType } from "../tensor/dtype.ts";
import { touch } from "../tensor/lifetime.ts";
import type { Shape } from "../tensor/shape.ts";
import { u8 } from "../wasm/views.ts";
import { isPlain } from "./sample.ts";

/** What a program and its data workers say to each other. `simdgrad` tells these messages from others on the same port. */
export type ToWorker =
  | { readonly simdgrad: "hello" }
  | ({ readonly simdgrad: "ask"; readonly id: number } & Ask)
  | { readonly simdgrad: "cancel"; readonly id: number };

export type FromWorker =
  | { readonly simdgrad: "ready"; readonly length: number }
  | { readonly simdgrad: "batch"; readonly id: number; readonly sample: Packed }
  | { readonly simdgrad: "failed"; readonly id: number; readonly error: Thrown };

export interface Ask {
  readonly indices: Int32Array;
  readonly seed: number;
  readonly epoch: number;
}

export interface Thrown {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

/** A sample as messages carry it: typed arrays travel without a copy. */
export type Packed =
  | { readonly shape: Shape; readonly dtype: DType; readonly bytes: ArrayBuffer }
  | { readonly list: readonly Packed[] }
  | { readonly fields: Readonly<Record<string, Packed>> }
  | { readonly value: unknown };

/** Copies a sample out of linear memory. The arrays to be transferred are added to `transfer`. */
export function pack(value: unknown, transfer: ArrayBuffer[]): Packed {
  if (value instanceof Tensor) {
    touch(value, "serve");
    const { ptr, size, shape, dtype } = contiguous(value);
    const bytes = u8.slice(ptr, ptr + size * bytesOf(dtype)).buffer;
    transfer.push(bytes);
    return { shape, dtype, bytes };
  }
  if (Array.isArray(value)) return { list: value.map((part) => pack(part, transfer)) };
  if (isPlain(value)) {
    return {
      fields: Object.fromEntries(Object.entries(value).map(([key, part]) => [key, pack(part, transfer)])),
    };
  }
  return { value };
}

/** Makes the sample anew. `one`: of a batch of one, without the first dimension. */
export function unpack(packed: Packed, one: boolean): unknown {
  if ("bytes" in packed) {
    return ofBytes(new Uint8Array(packed.bytes), one ? packed.shape.slice(1) : packed.shape, packed.dtype);
  }
  if ("list" in packed) return packed.list.map((part) => unpack(part, one));
  if ("fields" in packed) {
    return Object.fromEntries(Object.entries(packed.fields).map(([key, part]) => [key, unpack(part, one)]));
  }
  return packed.value;
}
