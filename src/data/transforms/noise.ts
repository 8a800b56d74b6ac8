import { DTypeError } from "../../errors.ts";
import { add } from "../../ops/arithmetic.ts";
import { clamp } from "../../ops/piecewise.ts";
import * as k from "../../program/kernels.gen.ts";
import { withWorkspace } from "../../tensor/storage.ts";
import { empty, type Tensor } from "../../tensor/tensor.ts";
import { witness } from "../../tensor/witness.ts";
import type { Ptr } from "../../wasm/heap.ts";
import { i32 } from "../../wasm/views.ts";
import type { BatchContext, Transform } from "../transform.ts";
import { wordsOf } from "./draws.ts";
import { onFirst } from "./images.ts";
import { finite } from "./options.ts";

export interface GaussianNoiseOptions {
  /** Default 0. */
  readonly mean?: number;
  /** Standard deviation. Default 0.1. */
  readonly sigma?: number;
  /** Clamp the result to [0, 1], as images are. Default true. */
  readonly clip?: boolean;
}

/** Normal numbers of x's shape; each sample has a stream of its own, with a key that its first draws give. */
function noiseFor(x: Tensor, context: BatchContext, mean: number, sigma: number): Tensor {
  const out = empty(x.shape, "f32");
  const n = context.indices.length;
  const each = out.size / n;
  withWorkspace(16 * n, (states) => {
    for (let row = 0; row < n; row++) {
      const [low, high] = wordsOf(context, row, 0);
      i32.set([low, high, 0, 0], (states >>> 2) + row * 4);
      if (witness !== null) witness.wrote(states + row * 16, 16);
      k.normal_f32((out.ptr + row * each * 4) as Ptr, each, mean, sigma, (states + row * 16) as Ptr);
    }
  });
  return out;
}

/**
 * Adds normal noise to f32 tensors of any shape: images, or with `clip: false` sequences.
 * @throws {ValueError} a negative sigma; when called, {DTypeError} tensors that are not f32.
 * @example
 * data.transforms.gaussianNoise({ sigma: 0.05 });
 */
export function gaussianNoise({ mean = 0, sigma = 0.1, clip = true }: GaussianNoiseOptions = {}): Transform {
  finite("gaussianNoise", "mean", mean);
  finite("gaussianNoise", "sigma", sigma, 0);
  return onFirst("gaussianNoise", (x, context) => {
    if (x.dtype !== "f32")
      throw new DTypeError(`gaussianNoise: takes f32, got ${x.dtype} (put toFloat() before it)`);
    if (x.size === 0 || (sigma === 0 && mean === 0)) return x;
    const noisy = add(x, noiseFor(x, context, mean, sigma));
    return clip ? clamp(noisy, { min: 0, max: 1 }) : noisy;
  });
}
