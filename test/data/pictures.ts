import { noGrad } from "../../src/autograd/mode.ts";
import type { BatchContext, BatchTransform } from "../../src/data/index.ts";
import { tensor } from "../../src/tensor/create.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { noise } from "../kernels/buffers.ts";

/** Images in plain numbers, for references that share nothing with the kernels. */
export interface Pictures {
  readonly shape: readonly [n: number, c: number, h: number, w: number];
  readonly data: ArrayLike<number>;
}

/** Values in [0, 1], the same in every run. */
export function pictures(n: number, c: number, h: number, w: number, seed = 1): Pictures {
  return { shape: [n, c, h, w], data: noise(n * c * h * w, seed, 0.5).map((x) => x + 0.5) };
}

/** The pixel, or `fill` outside. */
export function pixel(
  { shape, data }: Pictures,
  n: number,
  c: number,
  y: number,
  x: number,
  fill = 0,
): number {
  const [, channels, h, w] = shape;
  if (y < 0 || x < 0 || y >= h || x >= w) return fill;
  return data[((n * channels + c) * h + y) * w + x] as number;
}

/** Pictures of another size (or the same), pixel by pixel. */
export function draw(
  from: Pictures,
  [h, w]: readonly [number, number],
  at: (n: number, c: number, y: number, x: number) => number,
): Pictures {
  const [n, c] = from.shape;
  const data = new Float64Array(n * c * h * w);
  for (let i = 0; i < data.length; i++) {
    const [x, y] = [i % w, Math.floor(i / w) % h];
    data[i] = at(Math.floor(i / (w * h * c)), Math.floor(i / (w * h)) % c, y, x);
  }
  return { shape: [n, c, h, w], data };
}

/** A context for samples 0 … n − 1. */
export const context = (n: number, options: Partial<BatchContext> = {}): BatchContext => ({
  seed: 5,
  epoch: 0,
  indices: Int32Array.from({ length: n }, (_, i) => i),
  ...options,
});

/** Runs a transform on pictures; the tensors are gone afterwards. */
export function run(
  transform: BatchTransform<Tensor>,
  from: Pictures,
  ctx: BatchContext = context(from.shape[0]),
): Pictures {
  return noGrad(() => {
    const x = tensor(Float32Array.from(from.data), { shape: from.shape });
    const y = transform(x, ctx);
    return { shape: y.shape as unknown as Pictures["shape"], data: Float32Array.from(y.data) };
  });
}

/** Some of the samples, in this order. */
export function samples(from: Pictures, rows: readonly number[]): Pictures {
  const [, c, h, w] = from.shape;
  const size = c * h * w;
  const all = Float32Array.from(from.data);
  const data = new Float32Array(rows.length * size);
  rows.forEach((row, i) => data.set(all.subarray(row * size, (row + 1) * size), i * size));
  return { shape: [rows.length, c, h, w], data };
}
