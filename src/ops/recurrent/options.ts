import { DTypeError, ShapeError, ValueError } from "../../errors.ts";
import { tensor } from "../../tensor/create.ts";
import { formatShape, sameShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Cell } from "./cell.ts";

export interface RecurrentOptions {
  /** Width of the hidden state; checked against the weights if given. */
  hiddenSize?: number;
  /** Width of the input; checked against the weights if given. */
  inputSize?: number;
  /** Layers, each fed with the outputs of the one below. Default: as many as the weights hold. */
  numLayers?: number;
  /** A second set of layers that runs against time, its outputs beside the others'. Default: if the weights hold `…_reverse`. */
  bidirectional?: boolean;
  /** Whether there are biases. Default: if the weights hold them. */
  bias?: boolean;
  /** x and the outputs are [batch, time, …] instead of [time, batch, …]. Default false. */
  batchFirst?: boolean;
  /** Probability to drop an output of a layer on its way to the next. Default 0. */
  dropout?: number;
  /** Whether dropout drops. Default true. */
  training?: boolean;
  /**
   * How many steps of each sequence count, [batch], each from 0 to time; default all. Results are those of each sequence alone: outputs
   * beyond its end are 0, its final state is the one at its last step, where the reverse direction starts.
   */
  lengths?: Tensor | readonly number[] | null;
}

/** Weights by the names of PyTorch's state dict: weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, …_l1, …_reverse. */
export type RecurrentWeights = Readonly<Record<string, Tensor>>;

/** Weights of a cell, by the names of PyTorch's state dict: [gates · hidden, in], [gates · hidden, hidden], [gates · hidden]. */
export interface CellWeights {
  readonly weight_ih: Tensor;
  readonly weight_hh: Tensor;
  readonly bias_ih?: Tensor | null;
  readonly bias_hh?: Tensor | null;
}

/** One layer in one direction: [wi, wh] or [wi, wh, bi, bh]. */
type LayerWeights = readonly Tensor[];

export interface Plan {
  readonly layers: readonly (readonly LayerWeights[])[];
  readonly directions: 1 | 2;
  readonly hidden: number;
  readonly bias: boolean;
}

export function checkSize(op: string, name: string, value: number): number {
  if (!Number.isInteger(value) || value < 1)
    throw new ValueError(`${op}: ${name} must be a whole number ≥ 1, got ${value}`);
  return value;
}

function layersIn(weights: RecurrentWeights): number {
  let layers = 0;
  while (Object.hasOwn(weights, `weight_ih_l${layers}`)) layers++;
  return Math.max(1, layers);
}

/** A weight of the shape that it must have. */
export function checkWeight(
  op: string,
  weights: RecurrentWeights | CellWeights,
  name: string,
  shape: readonly number[],
  why: string,
): Tensor {
  const given = weights as Readonly<Record<string, Tensor | null | undefined>>;
  const t = Object.hasOwn(given, name) ? given[name] : undefined;
  if (!t) {
    throw new ValueError(
      `${op}: the weights lack ${name}; they hold ${Object.keys(weights).join(", ") || "nothing"} (${why})`,
    );
  }
  if (!sameShape(t.shape, shape))
    throw new ShapeError(
      `${op}: ${name} must be ${formatShape(shape)} (${why}), got ${formatShape(t.shape)}`,
    );
  return t;
}

/** Finds the layers in the weights and checks every size. */
export function planOf(
  op: string,
  cell: Cell,
  features: number,
  weights: RecurrentWeights,
  options: RecurrentOptions,
): Plan {
  const numLayers = checkSize(op, "numLayers", options.numLayers ?? layersIn(weights));
  const directions = (options.bidirectional ?? Object.hasOwn(weights, "weight_ih_l0_reverse")) ? 2 : 1;
  const bias = options.bias ?? Object.hasOwn(weights, "bias_ih_l0");
  const recurrent = Object.hasOwn(weights, "weight_hh_l0") ? weights["weight_hh_l0"] : undefined;
  const hidden = checkSize(op, "hiddenSize", options.hiddenSize ?? recurrent?.shape[1] ?? 0);
  if (options.inputSize !== undefined && options.inputSize !== features)
    throw new ShapeError(`${op}: the input has ${features} features, inputSize is ${options.inputSize}`);
  const rows = cell.gates * hidden;
  const known = new Set<string>();
  const get = (name: string, shape: readonly number[], why: string): Tensor => {
    known.add(name);
    return checkWeight(op, weights, name, shape, why);
  };
  const layers = Array.from({ length: numLayers }, (_, l) =>
    ["", "_reverse"].slice(0, directions).map((suffix) => {
      const inputs = l === 0 ? features : directions * hidden;
      const why = `layer ${l}: ${inputs} inputs, hidden size ${hidden}, ${cell.gates} gates`;
      const wi = get(`weight_ih_l${l}${suffix}`, [rows, inputs], why);
      const wh = get(`weight_hh_l${l}${suffix}`, [rows, hidden], why);
      if (!bias) return [wi, wh];
      return [wi, wh, get(`bias_ih_l${l}${suffix}`, [rows], why), get(`bias_hh_l${l}${suffix}`, [rows], why)];
    }),
  );
  const unknown = Object.keys(weights).filter((name) => !known.has(name));
  if (unknown.length > 0) {
    throw new ValueError(
      `${op}: nothing uses the weights ${unknown.join(", ")} with numLayers ${numLayers}, bidirectional ${directions === 2}, bias ${bias}; leave the options out to take all that the weights hold`,
    );
  }
  return { layers, directions, hidden, bias };
}

/** A state of the shape that it must have. */
export function checkState(
  op: string,
  name: string,
  t: Tensor,
  shape: readonly number[],
  why: string,
): Tensor {
  if (!sameShape(t.shape, shape))
    throw new ShapeError(
      `${op}: ${name} must be ${formatShape(shape)} (${why}), got ${formatShape(t.shape)}`,
    );
  return t;
}

/** Lengths as an i32 tensor [batch]. The kernels check the numbers of a tensor. */
export function lengthsOf(
  op: string,
  lengths: Tensor | readonly number[],
  time: number,
  batch: number,
): Tensor {
  if (Array.isArray(lengths)) {
    const numbers = lengths as readonly number[];
    numbers.forEach((n, i) => {
      if (!Number.isInteger(n) || n < 0 || n > time)
        throw new ValueError(
          `${op}: length ${n} of sequence ${i} is outside [0, ${time}]; there are ${time} steps`,
        );
    });
    return lengthsOf(op, tensor(Int32Array.from(numbers)), time, batch);
  }
  const t = lengths as Tensor;
  if (t.dtype !== "i32")
    throw new DTypeError(`${op}: lengths must be i32, got ${t.dtype}; convert with to(lengths, "i32")`);
  if (t.ndim !== 1 || t.shape[0] !== batch) {
    throw new ShapeError(
      `${op}: lengths must be [${batch}], one for each sequence of the batch, got ${formatShape(t.shape)}`,
    );
  }
  return t;
}
