import type * as Simdgrad from "../../src/index.ts";
import type { Tensor } from "../../src/index.ts";
import { toNumber } from "./cases.ts";

type Attrs = Record<string, unknown>;
type Result = Tensor | readonly Tensor[];
type Inputs = Record<string, Tensor>;

/** Ops whose positional arguments are more than their inputs: how a case's attributes become arguments. */
const POSITIONAL: Readonly<Record<string, (inputs: Inputs, attrs: Attrs) => unknown[]>> = {
  batchNorm: ({ x, ...rest }, attrs) => [x, { ...rest, ...attrs }],
  cat: (inputs, attrs) => [Object.values(inputs), attrs],
  chunk: ({ x }, { chunks, ...attrs }) => [x, chunks, attrs],
  conv1d: convolution,
  conv2d: convolution,
  convTranspose1d: convolution,
  convTranspose2d: convolution,
  crossEntropy: weighted,
  einsum: (inputs, { equation }) => [equation, ...Object.values(inputs)],
  expand: ({ x }, { shape }) => [x, shape],
  gru: recurrent,
  linear: ({ x, weight, bias }) => [x, weight, bias],
  lstm: recurrent,
  maskedFill: ({ x, mask }, { value }) => [x, mask, toNumber(value as number | string)],
  movedim: ({ x }, { source, destination }) => [x, source, destination],
  nllLoss: weighted,
  pad: ({ x }, { padding, ...attrs }) => [x, padding, attrs],
  permute: ({ x }, { dims }) => [x, dims],
  pow: ({ x, y }, { exponent }) => [x, y ?? exponent],
  repeatInterleave: ({ x }, { repeats, ...attrs }) => [x, repeats, attrs],
  reshape: ({ x }, { shape }) => [x, shape],
  rnn: recurrent,
  scaledDotProductAttention: ({ q, k, v, mask }, attrs) => [
    q,
    k,
    v,
    mask ? { ...attrs, attnMask: mask } : attrs,
  ],
  roll: ({ x }, { shifts, ...attrs }) => [x, shifts, attrs],
  split: ({ x }, { sizes, ...attrs }) => [x, sizes, attrs],
  stack: (inputs, attrs) => [Object.values(inputs), attrs],
  tile: ({ x }, { repeats }) => [x, repeats],
  topk: ({ x }, { k, ...attrs }) => [x, k, attrs],
  transpose: ({ x }, { dim0, dim1 }) => [x, dim0, dim1],
  unsqueeze: ({ x }, { dim }) => [x, dim],
  where: ({ c, x, y }) => [c, x, y],
};

function convolution({ x, weight, bias }: Inputs, attrs: Attrs): unknown[] {
  // A 1-d case lists its one number.
  const options = Object.entries(attrs).map(([name, v]) => [
    name,
    Array.isArray(v) && v.length === 1 ? (v as unknown[])[0] : v,
  ]);
  return [x, weight, bias, Object.fromEntries(options)];
}

function recurrent({ x, h0, c0, ...weights }: Inputs, attrs: Attrs): unknown[] {
  return [x, c0 ? [h0, c0] : h0, weights, attrs];
}

function weighted({ input, target, weight }: Inputs, attrs: Attrs): unknown[] {
  return [input, target, weight ? { ...attrs, weight } : attrs];
}

/** Calls the op of a case through the public API. */
export function call(library: typeof Simdgrad, op: string, inputs: Inputs, attrs: Attrs): readonly Tensor[] {
  const fn = (library as unknown as Record<string, ((...args: unknown[]) => Result) | undefined>)[op];
  if (fn === undefined) throw new Error(`the op ${op} does not exist`);
  const args = POSITIONAL[op]?.(inputs, attrs) ?? [...Object.values(inputs), attrs];
  const result = fn(...args);
  return result instanceof library.Tensor ? [result] : result;
}
