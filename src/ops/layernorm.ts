import { apply, applyMulti } from "../autograd/apply.ts";
import { isGradEnabled } from "../autograd/mode.ts";
import type { OpRecord, Saved } from "../autograd/node.ts";
import { ShapeError, ValueError } from "../errors.ts";
import * as k from "../program/kernels.gen.ts";
import { formatShape, sameShape, type Shape } from "../tensor/shape.ts";
import { contiguous, empty, type Tensor } from "../tensor/tensor.ts";
import type { Ptr } from "../wasm/heap.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { castTo } from "./cast.ts";
import { reshape } from "./movement.ts";
import { mean, sum } from "./reduce.ts";
import { dense } from "./statistics.ts";
import { rsqrt, square } from "./unary.ts";

interface Rule {
  readonly eps: number;
  /** Rows that are normalised, and their length: the sizes before and of the normalised dimensions. */
  readonly rows: number;
  readonly n: number;
  /** Whether the mean is taken off (layer norm) or not (RMS norm). */
  readonly centred: boolean;
  /** Inputs behind x: weight and bias, as far as they are given. */
  readonly weight: boolean;
  readonly bias: boolean;
}

const NULL = 0 as Ptr;

const record: OpRecord<Rule> = {
  name: "layerNorm",
  forward(inputs, rule, extras) {
    const x = contiguous(castTo(inputs[0] as Tensor, "f32"));
    const { rows, n, eps } = rule;
    const weight = rule.weight ? dense(inputs[1]) : NULL;
    const bias = rule.bias ? dense(inputs.at(-1)) : NULL;
    const out = empty(x.shape, "f32");
    const invstd = empty([rows], "f32");
    extras.push(invstd);
    if (rule.centred) {
      const centre = empty([rows], "f32");
      extras.push(centre);
      if (out.size > 0) k.layerNorm_f32(out.ptr, centre.ptr, invstd.ptr, x.ptr, weight, bias, rows, n, eps);
    } else if (out.size > 0) k.rmsNorm_f32(out.ptr, invstd.ptr, x.ptr, weight, rows, n, eps);
    return out;
  },
  saves: { inputs: [0, 1] },
  vjp: ([incoming], s, rule) => {
    const g = incoming as Tensor;
    if (isGradEnabled()) return composedGrad(g, s, rule);
    const inputs = [g, s.input(0), s.extra(0)];
    if (rule.centred) inputs.push(s.extra(1));
    const out: (Tensor | null)[] = s.shapes.map(() => null);
    if (s.needs(0)) out[0] = apply(inputGradRecord, rule.weight ? [...inputs, s.input(1)] : inputs, rule);
    const last = s.shapes.length - 1;
    const parameters = [rule.weight && s.needs(1), rule.bias && s.needs(last)] as const;
    if (!parameters[0] && !parameters[1]) return out;
    const [dweight, dbias] = applyMulti(paramGradRecord, inputs, { rule, shape: s.shape(last) });
    if (parameters[0]) out[1] = dweight as Tensor;
    if (parameters[1]) out[last] = dbias as Tensor;
    return out;
  },
};

// The fused gradients have none of their own: under createGraph the composed rule takes their place.

const inputGradRecord: OpRecord<Rule> = {
  name: "layerNormGrad",
  forward([gradient, input, invstd, ...rest], rule) {
    const [g, x] = [contiguous(gradient as Tensor), contiguous(castTo(input as Tensor, "f32"))];
    const { rows, n } = rule;
    const out = empty(g.shape, "f32");
    const [dx, scale] = [out.ptr, (invstd as Tensor).ptr];
    const weight = rule.weight ? dense(rest.at(-1)) : NULL;
    if (out.size === 0) return out;
    if (rule.centred) k.layerNormGrad_f32(dx, g.ptr, x.ptr, (rest[0] as Tensor).ptr, scale, weight, rows, n);
    else k.rmsNormGrad_f32(dx, g.ptr, x.ptr, scale, weight, rows, n);
    return out;
  },
};

const paramGradRecord: OpRecord<{ readonly rule: Rule; readonly shape: Shape }> = {
  name: "layerNormParamGrad",
  forward([gradient, input, invstd, centre], { rule, shape }) {
    const [g, x] = [contiguous(gradient as Tensor), contiguous(castTo(input as Tensor, "f32"))];
    const { rows, n } = rule;
    const scale = (invstd as Tensor).ptr;
    const dweight = empty(shape, "f32");
    if (!rule.centred) {
      if (n > 0) k.rmsNormParamGrad_f32(dweight.ptr, g.ptr, x.ptr, scale, rows, n);
      return [dweight];
    }
    const dbias = empty(shape, "f32");
    const mean = (centre as Tensor).ptr;
    if (n > 0) k.layerNormParamGrad_f32(dweight.ptr, dbias.ptr, g.ptr, x.ptr, mean, scale, rows, n);
    return [dweight, dbias];
  },
};

/** The same gradients in public ops, over [rows, n]: differentiable again. */
function composedGrad(incoming: Tensor, s: Saved, rule: Rule): (Tensor | null)[] {
  const asRows = (t: Tensor): Tensor => reshape(t, [rule.rows, rule.n]);
  const along = { dim: 1, keepdim: true };
  const g = asRows(incoming);
  const x = asRows(s.input(0));
  const centred = rule.centred ? sub(x, mean(x, along)) : x;
  const invstd = rsqrt(add(mean(square(centred), along), rule.eps));
  const normal = mul(centred, invstd);
  const scaled = rule.weight ? mul(g, reshape(s.input(1), [rule.n])) : g;
  const shared = mul(normal, mean(mul(scaled, normal), along));
  const rest = rule.centred ? sub(sub(scaled, mean(scaled, along)), shared) : sub(scaled, shared);
  const out: (Tensor | null)[] = [reshape(mul(invstd, rest), s.shape(0))];
  if (rule.weight) out.push(reshape(sum(mul(g, normal), { dim: 0 }), s.shape(1)));
  if (rule.bias) out.push(reshape(sum(g, { dim: 0 }), s.shape(s.shapes.length - 1)));
  return out;
}

function normalise(
  op: string,
  x: Tensor,
  given: { weight?: Tensor | null | undefined; bias?: Tensor | null | undefined },
  options: { normalizedShape?: number | Shape; eps: number },
  centred: boolean,
): Tensor {
  const { weight = null, bias = null } = given;
  const { eps } = options;
  if (!(eps >= 0)) throw new ValueError(`${op}: eps must be ≥ 0, got ${eps}`);
  const named = options.normalizedShape ?? weight?.shape ?? bias?.shape;
  if (named === undefined)
    throw new ValueError(`${op}: give normalizedShape, the sizes of the last dimensions, or a weight`);
  const shape = typeof named === "number" ? [named] : named;
  const lead = x.ndim - shape.length;
  if (shape.length === 0 || lead < 0 || !sameShape(x.shape.slice(lead), shape)) {
    throw new ShapeError(
      `${op}: normalizedShape ${formatShape(shape)} must be the last dimensions of the input ${formatShape(x.shape)}`,
    );
  }
  for (const [name, t] of Object.entries({ weight, bias })) {
    if (t !== null && !sameShape(t.shape, shape))
      throw new ShapeError(`${op}: ${name} must be ${formatShape(shape)}, got ${formatShape(t.shape)}`);
  }
  const product = (sizes: Shape): number => sizes.reduce((a, b) => a * b, 1);
  const rule: Rule = {
    eps,
    rows: product(x.shape.slice(0, lead)),
    n: product(shape),
    centred,
    weight: weight !== null,
    bias: bias !== null,
  };
  return apply(
    record,
    [x, weight, bias].filter((t) => t !== null),
    rule,
  );
}

export interface LayerNormOptions {
  /** Sizes of the last dimensions, over which is normalised. Default: the shape of the weight. */
  normalizedShape?: number | Shape;
  /** Added to the variance. Default 1e-5. */
  eps?: number;
}

/**
 * Layer normalisation over the last dimensions: (x − mean) / √(variance + eps) · weight + bias, weight and bias of `normalizedShape` or
 * left out (Ba, Kiros, Hinton 2016; PyTorch's layer_norm, with the biased variance).
 * @throws {ShapeError} the last dimensions are not `normalizedShape`, or weight or bias is of another shape.
 * @example
 * layerNorm(tensor([[1, 3], [10, 30]]), ones([2]), tensor([0, 1])); // [[-1, 2], [-1, 2]]
 * layerNorm(zeros([2, 8, 4]), null, null, { normalizedShape: [8, 4] }).shape; // [2, 8, 4]
 */
export const layerNorm = /* @__PURE__ */ Object.assign(
  (x: Tensor, weight?: Tensor | null, bias?: Tensor | null, options: LayerNormOptions = {}): Tensor =>
    normalise("layerNorm", x, { weight, bias }, { eps: 1e-5, ...options }, true),
  { record },
);

/** The step between 1 and the next f32. */
const F32_EPSILON = 1.1920928955078125e-7;

export interface RMSNormOptions {
  /** Sizes of the last dimensions, over which is normalised. Default: the shape of the weight. */
  normalizedShape?: number | Shape;
  /** Added to the mean square. Default 2⁻²³, the precision of f32. */
  eps?: number | null;
}

/**
 * Normalisation by the root mean square of the last dimensions: x / √(mean of x² + eps) · weight, weight of `normalizedShape` or left out
 * (Zhang, Sennrich 2019; PyTorch's rms_norm).
 * @throws {ShapeError} the last dimensions are not `normalizedShape`, or the weight is of another shape.
 * @example
 * rmsNorm(tensor([[3, 4]]), ones([2])); // [[0.8485, 1.131]]
 */
export function rmsNorm(x: Tensor, weight?: Tensor | null, options: RMSNormOptions = {}): Tensor {
  const eps = options.eps ?? F32_EPSILON;
  return normalise("rmsNorm", x, { weight }, { ...options, eps }, false);
}
