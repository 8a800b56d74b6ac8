import { DTypeError } from "../errors.ts";
import { apply } from "../autograd/apply.ts";
import type { OpRecord, Saved } from "../autograd/node.ts";
import type { Ptr } from "../wasm/heap.ts";
import { free } from "../tensor/lifetime.ts";
import { bytesOf, promote, type DType } from "../tensor/dtype.ts";
import { fillWith } from "../tensor/create.ts";
import { broadcastShapes, broadcastStrides, collapse, sameShape } from "../tensor/shape.ts";
import { Storage } from "../tensor/storage.ts";
import { contiguous, empty, Tensor } from "../tensor/tensor.ts";
import { castTo } from "./cast.ts";
import { sumTo } from "./reduce.ts";

/** Families own what their ops share: dtype rules, broadcasting and its reverse, dense inputs. An op adds its kernel and its gradient. */

type UnaryKernel = (out: Ptr, x: Ptr, n: number) => number;
type UnaryVjp = (g: Tensor, saved: Saved) => Tensor;

export interface UnaryOp {
  (x: Tensor): Tensor;
  readonly record: OpRecord<null>;
}

/** Which value a gradient rule reads. */
type Saves = "input" | "output" | "none";

export function savesOf(what: Saves): { inputs?: readonly number[]; output?: boolean } {
  return what === "input" ? { inputs: [0] } : what === "output" ? { output: true } : {};
}

/** An element-wise map of one f32 input; integers and bools are converted first, as in PyTorch. */
export function unary(name: string, kernel: UnaryKernel, saves: Saves, vjp: UnaryVjp): UnaryOp {
  const record: OpRecord<null> = {
    name,
    forward: ([x]) => mapF32(x as Tensor, kernel),
    saves: savesOf(saves),
    vjp: ([g], saved) => [vjp(g as Tensor, saved)],
  };
  return Object.assign((x: Tensor) => apply(record, [x], null), { record });
}

/** Runs a map over a dense f32 form of `x`. */
export function mapF32(x: Tensor, kernel: UnaryKernel, dtype: DType = "f32"): Tensor {
  const dense = contiguous(castTo(x, "f32"));
  const out = empty(x.shape, dtype);
  if (out.size > 0) kernel(out.ptr, dense.ptr, out.size);
  return out;
}

type BinaryKernel = (out: Ptr, a: Ptr, b: Ptr, dims: readonly number[]) => number;

export interface BinaryKernels {
  readonly f32?: BinaryKernel;
  readonly i32?: BinaryKernel;
  readonly bool?: BinaryKernel;
}

export interface BinaryOp {
  (x: Tensor, y: Tensor | number): Tensor;
  (x: Tensor | number, y: Tensor): Tensor;
  readonly record: OpRecord<null>;
}

export interface BinaryRule {
  readonly kernels: BinaryKernels;
  /** The dtype of the result; default: the one computed in. */
  readonly result?: DType;
  readonly saves?: { readonly inputs?: readonly number[]; readonly output?: boolean };
  /** Gradients before un-broadcasting; null where none flows. */
  readonly vjp?: (g: Tensor, saved: Saved) => readonly [Tensor | null, Tensor | null];
  /** What a kernel's code (position of the offending element + 1) means. */
  readonly explain?: (code: number) => Error;
}

/** An element-wise map of two operands under NumPy's broadcasting. */
export function binary(name: string, rule: BinaryRule): BinaryOp {
  const { vjp } = rule;
  const record: OpRecord<null> = {
    name,
    forward: ([x, y]) => mapBinary(name, rule, x as Tensor, y as Tensor),
    ...(rule.saves === undefined ? {} : { saves: rule.saves }),
    ...(vjp === undefined
      ? {}
      : {
          vjp: ([g], saved) => {
            const [gx, gy] = vjp(g as Tensor, saved);
            return [gx && sumTo(gx, saved.shape(0)), gy && sumTo(gy, saved.shape(1))];
          },
        }),
  };
  const op = (x: Tensor | number, y: Tensor | number): Tensor =>
    withOperands(x, y, (a, b) => apply(record, [a, b], null));
  return Object.assign(op, { record });
}

/** Runs `use` on two operands of which one may be a number; the tensor made of it ends with the call. */
export function withOperands(
  x: Tensor | number,
  y: Tensor | number,
  use: (x: Tensor, y: Tensor) => Tensor,
): Tensor {
  if (typeof x !== "number" && typeof y !== "number") return use(x, y);
  if (typeof x !== "number") return withScalar(y as number, x, (s) => use(x, s));
  if (typeof y !== "number") return withScalar(x, y, (s) => use(s, y));
  throw new DTypeError("an op of two numbers needs no tensor: one operand must be a tensor");
}

/** A number takes the dtype of the tensor it meets, unless it has a fraction or the tensor is bool. */
function withScalar(value: number, beside: Tensor, use: (scalar: Tensor) => Tensor): Tensor {
  const whole = Number.isInteger(value) && Math.abs(value) < 2 ** 31;
  const dtype = beside.dtype !== "f32" && whole ? "i32" : "f32";
  const scalar = new Tensor(new Storage(bytesOf(dtype), dtype), 0, [], [], dtype);
  try {
    fillWith(scalar, value);
    return use(scalar);
  } finally {
    free(scalar, "its op: it was a number");
  }
}

/** The dtype an op with these kernels computes in: the narrowest that holds both operands and has a kernel. */
function computeDType(name: string, kernels: BinaryKernels, x: Tensor, y: Tensor): "f32" | "i32" | "bool" {
  const common = promote(x.dtype, y.dtype);
  if (common === "bool" && kernels.bool) return "bool";
  if (common !== "f32" && kernels.i32) return "i32";
  if (kernels.f32) return "f32";
  if (kernels.bool) return "bool";
  throw new DTypeError(
    `${name}: takes whole numbers or bools, got ${x.dtype} and ${y.dtype}; convert with to("i32")`,
  );
}

function mapBinary(name: string, rule: BinaryRule, x: Tensor, y: Tensor): Tensor {
  const dtype = computeDType(name, rule.kernels, x, y);
  const kernel = rule.kernels[dtype] as BinaryKernel;
  const a = castTo(x, dtype);
  const b = castTo(y, dtype);
  const shape = broadcastShapes(name, a.shape, b.shape);
  const out = empty(shape, rule.result ?? dtype);
  if (out.size === 0) return out;
  const plain = sameShape(a.shape, b.shape) && a.isContiguous && b.isContiguous;
  const dims = plain
    ? [1, out.size, 1, 1]
    : collapse(shape, [
        broadcastStrides(a.shape, a.strides, shape),
        broadcastStrides(b.shape, b.strides, shape),
      ]);
  const code = kernel(out.ptr, a.ptr, b.ptr, dims);
  if (code !== 0) throw rule.explain?.(code) ?? new Error(`${name}: kernel code ${code}`);
  return out;
}

/** A map of equal-shaped dense operands by a kernel of (out, a, b, n): the fused derivatives. */
export function mapPair(
  a: Tensor,
  b: Tensor,
  kernel: (out: Ptr, a: Ptr, b: Ptr, n: number) => number,
): Tensor {
  const x = contiguous(a);
  const y = contiguous(b);
  const out = empty(x.shape, "f32");
  if (out.size > 0) kernel(out.ptr, x.ptr, y.ptr, out.size);
  return out;
}
