import { CompileError } from "../errors.ts";
import { touch } from "../tensor/handle.ts";
import { isPlain } from "../tensor/holders.ts";
import { bytesOf, type DType } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import { copyTo, Tensor } from "../tensor/tensor.ts";
import { f32, i32, u8 } from "../wasm/views.ts";
import type { Ptr } from "../wasm/heap.ts";

/** What may change from call to call: a tensor, or a number, which is a scalar inside. */
export type Leaf = Tensor | number;

/** Whether a value is like the one that it was made of, but for the leaves, which it collects. */
export type Pattern = (value: unknown, leaves: Leaf[]) => boolean;

/** The pattern of an argument; lists and plain objects by what is in them, anything else that is no leaf by identity. */
export function patternOf(value: unknown): Pattern {
  if (typeof value === "number") {
    return (other, leaves) => typeof other === "number" && leaves.push(other) > 0;
  }
  if (value instanceof Tensor) return ofTensor(value.shape, value.dtype, value.requiresGrad);
  if (typeof value !== "object" || value === null) return (other) => other === value;
  if (ArrayBuffer.isView(value)) {
    throw new CompileError(
      `compile: an argument is a ${value.constructor.name}, whose content may differ at the next call; pass a tensor`,
    );
  }
  if (Array.isArray(value)) {
    const items = value.map(patternOf);
    return (other, leaves) =>
      Array.isArray(other) &&
      other.length === items.length &&
      items.every((item, i) => item(other[i], leaves));
  }
  if (!isPlain(value)) return (other) => other === value;
  const fields = Object.entries(value).map(([name, field]) => [name, patternOf(field)] as const);
  return (other, leaves) =>
    typeof other === "object" &&
    other !== null &&
    Object.keys(other).length === fields.length &&
    fields.every(([name, field]) => field((other as Record<string, unknown>)[name], leaves));
}

function ofTensor(shape: Shape, dtype: DType, requiresGrad: boolean): Pattern {
  const ndim = shape.length;
  return (other, leaves) => {
    if (!(other instanceof Tensor) || other.dtype !== dtype || other.shape.length !== ndim) return false;
    for (let d = 0; d < ndim; d++) if (other.shape[d] !== shape[d]) return false;
    return other.requiresGrad === requiresGrad && leaves.push(other) > 0;
  };
}

/** The same lists and plain objects with something else in the place of what is in them. */
export function mapTree(value: unknown, map: (leaf: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => mapTree(item, map));
  if (typeof value !== "object" || value === null || !isPlain(value)) return map(value);
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, mapTree(field, map)]));
}

/** Puts the value of a leaf where the program reads it. */
export function feed(ptr: Ptr, leaf: Leaf): void {
  if (typeof leaf === "number") {
    f32[ptr >>> 2] = leaf;
    return;
  }
  touch(leaf, "compiled function");
  if (leaf.isContiguous) copyBytes(ptr, leaf.ptr, leaf.size * bytesOf(leaf.dtype));
  else copyTo(ptr, leaf);
}

/** Up to so many bytes a loop is faster than a call of the engine's. */
const FEW = 128;

export function copyBytes(to: number, from: number, bytes: number): void {
  if (bytes > FEW || ((from | to | bytes) & 3) !== 0) {
    u8.copyWithin(to, from, from + bytes);
    return;
  }
  const [target, source] = [to >>> 2, from >>> 2];
  for (let i = 0; i < bytes >>> 2; i++) i32[target + i] = i32[source + i] as number;
}
