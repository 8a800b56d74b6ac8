import { ValueError } from "../errors.ts";
import { isContiguous } from "../tensor/shape.ts";
import { fillNormal, fillUniform } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** PyTorch's initialisers: they fill a parameter in place from the stream of manualSeed, and return it. */

function dense(op: string, t: Tensor): void {
  if (t.dtype !== "f32" || !isContiguous(t.shape, t.strides))
    throw new ValueError(`${op}: takes a dense f32 tensor`);
}

/** Uniform numbers of [low, high). */
export function uniform_(t: Tensor, low = 0, high = 1): Tensor {
  dense("uniform_", t);
  fillUniform(t, low, high);
  return t;
}

/** Normal numbers. */
export function normal_(t: Tensor, mean = 0, std = 1): Tensor {
  dense("normal_", t);
  fillNormal(t, mean, std);
  return t;
}

/** Inputs (fan in) and outputs (fan out) of one unit of a weight [out, in, ...kernel]. */
export function fans(t: Tensor): { fanIn: number; fanOut: number } {
  if (t.ndim < 2)
    throw new ValueError(`fans: a weight has at least 2 dimensions, got [${t.shape.join(", ")}]`);
  const [out, inputs, ...kernel] = t.shape as [number, number, ...number[]];
  const field = kernel.reduce((a, b) => a * b, 1);
  return { fanIn: inputs * field, fanOut: out * field };
}

export interface KaimingOptions {
  /** Slope of the leaky ReLU behind the layer. Default 0, a plain ReLU. */
  a?: number;
  mode?: "fanIn" | "fanOut";
}

/** Uniform of variance 2 / ((1 + a²)·fan) (K. He et al., "Delving deep into rectifiers", 2015). */
export function kaimingUniform_(t: Tensor, options: KaimingOptions = {}): Tensor {
  const a = options.a ?? 0;
  const bound = Math.sqrt(6 / ((1 + a * a) * fans(t)[options.mode ?? "fanIn"]));
  return uniform_(t, -bound, bound);
}

/** Uniform of variance 2 / (fan in + fan out) (X. Glorot and Y. Bengio, 2010). */
export function xavierUniform_(t: Tensor, gain = 1): Tensor {
  const { fanIn, fanOut } = fans(t);
  const bound = gain * Math.sqrt(6 / (fanIn + fanOut));
  return uniform_(t, -bound, bound);
}

/** PyTorch's default for Linear and Conv: weight and bias uniform in ±1/√fan in. */
export function resetLinear(weight: Tensor, bias: Tensor | null): void {
  const bound = 1 / Math.sqrt(fans(weight).fanIn);
  uniform_(weight, -bound, bound);
  if (bias !== null) uniform_(bias, -bound, bound);
}
