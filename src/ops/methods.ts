import { backward, type BackwardOptions } from "../autograd/backward.ts";
import { registerHook, retainGrad } from "../autograd/hooks.ts";
import { detach } from "../autograd/leaf.ts";
import { Tensor } from "../tensor/tensor.ts";
import * as inplace from "./inplace.ts";
import * as inplaceindex from "./inplaceindex.ts";
import * as ops from "./index.ts";

/** Ops that read well as methods: the first operand becomes `this`. Their types follow from the functions'. */
const methods = {
  // prettier-ignore
  ...{
    abs: ops.abs, add: ops.add, all: ops.all, amax: ops.amax, amin: ops.amin, any: ops.any, argmax: ops.argmax, argmin: ops.argmin,
    ceil: ops.ceil, chunk: ops.chunk, clamp: ops.clamp, clone: ops.clone, contiguous: ops.contiguous, cos: ops.cos, div: ops.div,
    eq: ops.eq, erf: ops.erf, exp: ops.exp, expand: ops.expand, flatten: ops.flatten, flip: ops.flip, floor: ops.floor,
    gather: ops.gather, ge: ops.ge, gt: ops.gt, indexSelect: ops.indexSelect, le: ops.le, log: ops.log, logSoftmax: ops.logSoftmax,
    logsumexp: ops.logsumexp, lt: ops.lt, matmul: ops.matmul, maximum: ops.maximum, mean: ops.mean, minimum: ops.minimum, mul: ops.mul,
    movedim: ops.movedim, narrow: ops.narrow, ne: ops.ne, neg: ops.neg, permute: ops.permute, pow: ops.pow, prod: ops.prod,
    reciprocal: ops.reciprocal, relu: ops.relu, reshape: ops.reshape, round: ops.round, rsqrt: ops.rsqrt, select: ops.select,
    sigmoid: ops.sigmoid, sign: ops.sign, sin: ops.sin, slice: ops.slice, softmax: ops.softmax, split: ops.split, sqrt: ops.sqrt,
    square: ops.square, squeeze: ops.squeeze, std: ops.std, sub: ops.sub, sum: ops.sum, tanh: ops.tanh, to: ops.to,
    transpose: ops.transpose, unsqueeze: ops.unsqueeze, var: ops.var,
    abs_: inplace.abs_, add_: inplace.add_, ceil_: inplace.ceil_, clamp_: inplace.clamp_, copy_: inplace.copy_, cos_: inplace.cos_,
    div_: inplace.div_, exp_: inplace.exp_, fill_: inplace.fill_, floor_: inplace.floor_, log_: inplace.log_, mul_: inplace.mul_,
    neg_: inplace.neg_, pow_: inplace.pow_, reciprocal_: inplace.reciprocal_, relu_: inplace.relu_, round_: inplace.round_,
    rsqrt_: inplace.rsqrt_, sigmoid_: inplace.sigmoid_, sin_: inplace.sin_, sqrt_: inplace.sqrt_, square_: inplace.square_,
    sub_: inplace.sub_, tanh_: inplace.tanh_, zero_: inplace.zero_,
    countNonzero: ops.countNonzero, cumprod: ops.cumprod, cumsum: ops.cumsum, diagonal: ops.diagonal, isfinite: ops.isfinite,
    isinf: ops.isinf, isnan: ops.isnan, lerp: ops.lerp, logicalAnd: ops.logicalAnd, logicalNot: ops.logicalNot,
    logicalOr: ops.logicalOr, logicalXor: ops.logicalXor, max: ops.max, min: ops.min, norm: ops.norm, repeat: ops.repeat,
    repeatInterleave: ops.repeatInterleave, roll: ops.roll, tile: ops.tile, tril: ops.tril, triu: ops.triu, trunc: ops.trunc,
    unbind: ops.unbind, unflatten: ops.unflatten,
  },
  // prettier-ignore
  ...{
    argsort: ops.argsort, index: ops.index, indexAdd: ops.indexAdd, indexCopy: ops.indexCopy, indexFill: ops.indexFill,
    indexPut: ops.indexPut, kthvalue: ops.kthvalue, maskedFill: ops.maskedFill, maskedSelect: ops.maskedSelect, nonzero: ops.nonzero,
    scatter: ops.scatter, scatterAdd: ops.scatterAdd, scatterReduce: ops.scatterReduce, sort: ops.sort, take: ops.take, topk: ops.topk,
    indexAdd_: inplaceindex.indexAdd_, indexCopy_: inplaceindex.indexCopy_, indexFill_: inplaceindex.indexFill_,
    indexPut_: inplaceindex.indexPut_, maskedFill_: inplaceindex.maskedFill_, scatter_: inplaceindex.scatter_,
    scatterAdd_: inplaceindex.scatterAdd_,
  },
  backward: (t: Tensor, options?: BackwardOptions) => {
    backward(t, options);
  },
  detach,
  registerHook,
  retainGrad,
};

type Methods = typeof methods;
/** A function of a tensor first as a method of that tensor. */
type Method<F> = F extends (x: Tensor, ...rest: infer R) => infer T ? (...rest: R) => T : never;

type BinaryMethod = (y: Tensor | number) => Tensor;
type BinaryName =
  "add" | "sub" | "mul" | "div" | "pow" | "maximum" | "minimum" | "eq" | "ne" | "lt" | "le" | "gt" | "ge";

/** `max` and `min` have two forms, which inference from the function would lose. */
interface ExtremumMethod {
  (options?: { dim?: undefined }): Tensor;
  (options: ops.ExtremumOptions): [values: Tensor, indices: Tensor];
}

/** What `installMethods` adds; tensor/tensor.ts declares it on the class. */
export type TensorMethods = {
  [K in Exclude<keyof Methods, BinaryName | "max" | "min">]: Method<Methods[K]>;
} & Record<BinaryName, BinaryMethod> &
  Record<"max" | "min", ExtremumMethod>;

/** Gives the class its methods. */
export function installMethods(): void {
  for (const [name, op] of Object.entries(methods)) {
    Object.defineProperty(Tensor.prototype, name, {
      value(this: Tensor, ...rest: unknown[]) {
        return (op as (x: Tensor, ...rest: unknown[]) => unknown)(this, ...rest);
      },
      configurable: true,
      writable: true,
    });
  }
}
