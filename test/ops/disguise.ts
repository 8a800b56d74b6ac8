import { tensor, type Tensor } from "../../src/index.ts";
import { view } from "../../src/tensor/tensor.ts";
import { toTensor, type Input } from "./spec.ts";

/** Stored with the dimensions in reverse order. */
export function transposed(input: Input): Tensor {
  const { shape, dtype } = input;
  const order = shape.map((_, d) => shape.length - 1 - d);
  return toTensor(input).permute(order).clone().permute(order).to(dtype);
}

/** Stored inside a larger tensor, with gaps between rows and an offset. */
export function gapped(input: Input): Tensor {
  const t = toTensor(input);
  if (t.ndim === 0 || t.size === 0) return t;
  const last = t.ndim - 1;
  const wide = t.shape.map((n, d) => (d === last ? n + 3 : n));
  const room = tensor(new Float32Array(wide.reduce((a, b) => a * b, 1)), { shape: wide }).to(t.dtype);
  const inside = view(room, t.shape, room.strides, room.offset + 2);
  inside.copy_(t);
  return inside;
}
