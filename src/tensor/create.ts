import { DTypeError, ShapeError, ValueError } from "../errors.ts";
import { arange_f32, arange_i32, copy_16, fill_8, fill_f32, fill_i32 } from "../program/kernels.gen.ts";
import { f32, i32, u8 } from "../wasm/views.ts";
import type { Ptr } from "../wasm/heap.ts";
import {
  bytesOf,
  DTYPES,
  isFloat,
  isHalf,
  typedArray,
  type DType,
  type HalfDType,
  type TypedArray,
} from "./dtype.ts";
import { narrowInto } from "./half.ts";
import { checkShape, formatShape, resolveReshape, sizeOf, type Shape } from "./shape.ts";
import { free } from "./handle.ts";
import { withWorkspace } from "./storage.ts";
import { empty, type NestedArray, type Tensor } from "./tensor.ts";
import { witness } from "./witness.ts";

export interface TensorOptions {
  /** Default: the nesting of the data, or its length. May hold one −1. */
  shape?: Shape;
  /** Default: of typed arrays their own (Float64Array as f32, Float16Array as f16), of numbers f32, of booleans bool. */
  dtype?: DType;
  /** Default false; f32 only. */
  requiresGrad?: boolean;
}

export type TensorData =
  | number
  | boolean
  | NestedArray[]
  | TypedArray
  | Float64Array
  | Int8Array
  | Int16Array
  | Uint16Array
  | Uint8ClampedArray;

/**
 * A tensor with a copy of the data.
 * @param data a number, nested arrays of equal lengths, or a typed array (row-major).
 * @throws {ShapeError} ragged data, or data that does not fill the shape.
 * @throws {DTypeError} values that the dtype cannot hold: fractions or out-of-range numbers in i32 or u8.
 */
export function tensor(data: TensorData, options: TensorOptions = {}): Tensor {
  const { flat, shape: own, dtype: natural } = flatten(data);
  const dtype = options.dtype ?? natural;
  checkDType("tensor", dtype);
  const shape = options.shape === undefined ? own : fit(own, options.shape);
  if (!isFloat(dtype) && natural !== dtype) checkIntegers(flat, dtype);
  const t = isHalf(dtype) ? halves(shape, dtype, flat) : empty(shape, dtype);
  if (!isHalf(dtype)) write(t, flat);
  if (options.requiresGrad) t.requiresGrad = true;
  return t;
}

function fit(own: Shape, shape: Shape): Shape {
  if (shape.includes(-1)) return resolveReshape("tensor", own, shape);
  checkShape("tensor", shape);
  if (sizeOf(shape) !== sizeOf(own)) {
    throw new ShapeError(
      `tensor: ${sizeOf(own)} values do not fill shape ${formatShape(shape)} (${sizeOf(shape)} elements)`,
    );
  }
  return [...shape];
}

export function checkDType(op: string, dtype: string): void {
  if (!(DTYPES as readonly string[]).includes(dtype)) {
    throw new DTypeError(`${op}: unknown dtype "${dtype}"; there are ${DTYPES.join(", ")}`);
  }
}

function checkIntegers(flat: ArrayLike<number>, dtype: DType): void {
  if (dtype === "bool") return;
  const [low, high] = dtype === "u8" ? [0, 255] : [-(2 ** 31), 2 ** 31 - 1];
  for (let i = 0; i < flat.length; i++) {
    const v = flat[i] as number;
    if (!Number.isInteger(v) || v < low || v > high) {
      throw new DTypeError(
        `tensor: value ${v} at position ${i} does not fit ${dtype}, whole numbers from ${low} to ${high}; round it, or use f32`,
      );
    }
  }
}

/** A tensor of these bytes, row-major and little-endian, which must fill the shape. */
export function ofBytes(bytes: Uint8Array, shape: Shape, dtype: DType): Tensor {
  const t = empty([...shape], dtype);
  u8.set(bytes, t.ptr);
  if (witness !== null) witness.wrote(t.ptr, bytes.length);
  return t;
}

/** Values in 16 bits each, by way of f32. */
function halves(shape: Shape, dtype: HalfDType, flat: ArrayLike<number>): Tensor {
  return withWorkspace(flat.length * 4, (wide) => {
    const t = empty(shape, dtype);
    f32.set(flat, wide >>> 2);
    if (witness !== null) witness.wrote(wide, flat.length * 4);
    narrowInto(t.ptr, wide, t.size, dtype);
    return t;
  });
}

function write(t: Tensor, flat: ArrayLike<number>): void {
  const { ptr, size, dtype } = t;
  if (dtype === "f32") f32.set(flat, ptr >>> 2);
  else if (dtype === "i32") i32.set(flat, ptr >>> 2);
  else if (dtype === "u8") u8.set(flat, ptr);
  else for (let i = 0; i < size; i++) u8[ptr + i] = flat[i] === 0 ? 0 : 1;
  if (witness !== null) witness.wrote(ptr, size * bytesOf(dtype));
}

function flatten(data: TensorData): { flat: ArrayLike<number>; shape: number[]; dtype: DType } {
  if (typeof data === "number") return { flat: [data], shape: [], dtype: "f32" };
  if (typeof data === "boolean") return { flat: [data ? 1 : 0], shape: [], dtype: "bool" };
  if (ArrayBuffer.isView(data)) {
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
      throw new DTypeError(
        "tensor: there is no dtype of 64-bit integers; convert with Int32Array.from(data, Number)",
      );
    }
    // Not every engine has the class.
    const isHalves = Object.prototype.toString.call(data) === "[object Float16Array]";
    const dtype = isHalves
      ? "f16"
      : data instanceof Float32Array || data instanceof Float64Array
        ? "f32"
        : data instanceof Uint8Array || data instanceof Uint8ClampedArray
          ? "u8"
          : "i32";
    return { flat: data, shape: [data.length], dtype };
  }
  if (!Array.isArray(data))
    throw new ValueError(`tensor: data must be a number, an array or a typed array, got ${typeof data}`);
  const shape: number[] = [];
  for (let level: unknown = data; Array.isArray(level); level = level[0]) shape.push(level.length);
  const flat = typedArray("f32", sizeOf(shape)) as Float32Array;
  let at = 0;
  let booleans = 0;
  const walk = (level: NestedArray, d: number, path: string): void => {
    if (d === shape.length) {
      if (typeof level !== "number" && typeof level !== "boolean") {
        throw new ShapeError(
          `tensor: ragged data: ${path} is ${Array.isArray(level) ? "an array" : typeof level}, a number was expected`,
        );
      }
      if (typeof level === "boolean") booleans++;
      flat[at++] = Number(level);
      return;
    }
    if (!Array.isArray(level) || level.length !== shape[d]) {
      throw new ShapeError(
        `tensor: ragged data: ${path || "data"} has ${Array.isArray(level) ? `${level.length} entries` : "no entries"}, its neighbours have ${shape[d]}`,
      );
    }
    for (let i = 0; i < level.length; i++) walk(level[i] as NestedArray, d + 1, `${path}[${i}]`);
  };
  walk(data, 0, "");
  return { flat, shape, dtype: flat.length > 0 && booleans === flat.length ? "bool" : "f32" };
}

export interface FillOptions {
  /** Default f32. */
  dtype?: DType;
  /** Default false; f32 only. */
  requiresGrad?: boolean;
}

/** A tensor of `shape` whose elements all are `value`. */
export function full(shape: Shape, value: number, options: FillOptions = {}): Tensor {
  return filled("full", shape, value, options);
}

function filled(op: string, shape: Shape, value: number, options: FillOptions): Tensor {
  const dtype = options.dtype ?? "f32";
  checkDType(op, dtype);
  checkShape(op, shape);
  if (dtype === "i32" || dtype === "u8") checkIntegers([value], dtype);
  const t = empty([...shape], dtype);
  try {
    fillWith(t, value);
  } catch (error) {
    free(t, `the failed ${op}(…)`);
    throw error;
  }
  if (options.requiresGrad) t.requiresGrad = true;
  return t;
}

/** Sets every element of a contiguous tensor. */
export function fillWith(t: Tensor, value: number): void {
  if (t.size === 0) return;
  if (t.dtype === "f32") fill_f32(t.ptr, value, t.size);
  else if (t.dtype === "i32") fill_i32(t.ptr, value, t.size);
  else if (isHalf(t.dtype)) fillHalves(t, value, t.dtype);
  else fill_8(t.ptr, t.dtype === "bool" ? Number(value !== 0) : value, t.size);
}

function fillHalves(t: Tensor, value: number, dtype: HalfDType): void {
  withWorkspace(8, (wide) => {
    const narrow = (wide + 4) as Ptr;
    fill_f32(wide, value, 1);
    narrowInto(narrow, wide, 1, dtype);
    copy_16(t.ptr, narrow, [1, t.size, 1, 0]);
  });
}

/** Zeros of `shape`. */
export const zeros = (shape: Shape, options: FillOptions = {}): Tensor => filled("zeros", shape, 0, options);

/** Ones of `shape`. */
export const ones = (shape: Shape, options: FillOptions = {}): Tensor => filled("ones", shape, 1, options);

/** Zeros of the shape and dtype of `t`. */
export const zerosLike = (t: Tensor): Tensor => full(t.shape, 0, { dtype: t.dtype });

/** Ones of the shape and dtype of `t`. */
export const onesLike = (t: Tensor): Tensor => full(t.shape, 1, { dtype: t.dtype });

/**
 * The numbers from `start` up to, not including, `end`. With one argument from 0.
 * @param options.dtype default i32 where start, end and step are whole numbers, else f32.
 */
export function arange(
  start: number,
  end?: number,
  step = 1,
  options: { dtype?: "f32" | "i32" } = {},
): Tensor {
  const from = end === undefined ? 0 : start;
  const to = end ?? start;
  if (!(Number.isFinite(from) && Number.isFinite(to) && Number.isFinite(step)) || step === 0) {
    throw new ValueError(
      `arange: start, end and step must be finite and step not 0, got ${from}, ${to}, ${step}`,
    );
  }
  const n = Math.max(0, Math.ceil((to - from) / step));
  const whole = Number.isInteger(from) && Number.isInteger(to) && Number.isInteger(step);
  const dtype = options.dtype ?? (whole ? "i32" : "f32");
  const t = empty([n], dtype);
  if (n > 0 && dtype === "f32") arange_f32(t.ptr, from, step, n);
  if (n > 0 && dtype === "i32") arange_i32(t.ptr, from, step, n);
  return t;
}
