import { AutogradError, DTypeError, ShapeError } from "../errors.ts";
import { copy_16, copy_32, copy_8 } from "../program/kernels.gen.ts";
import { f32, i32, u8 } from "../wasm/views.ts";
import type { Ptr } from "../wasm/heap.ts";
import type { TensorMethods } from "../ops/methods.ts";
import { bytesOf, isHalf, typedArray, type DType, type TypedArray } from "./dtype.ts";
import { formatTensor } from "./format.ts";
import { widenInto } from "./half.ts";
import { countHandle, DISPOSED, free, touch } from "./handle.ts";
import { born } from "./lifetime.ts";
import type { Lease } from "./net.ts";
import {
  broadcastStrides,
  collapse,
  contiguousStrides,
  formatShape,
  isContiguous,
  sizeOf,
  type Shape,
} from "./shape.ts";
import type { Trace } from "./sites.ts";
import { Storage, withWorkspace } from "./storage.ts";
import { refuseInProgram } from "./witness.ts";

/** What a tensor needs to know of the graph node that made it. */
export interface GraphNode {
  readonly name: string;
  /** Handles outside the graph, and later nodes, that keep it. */
  refs: number;
  /** Handles that the graph keeps: freed as backward consumes the node. */
  readonly owned: Tensor[];
  unref(): void;
}

/** What a leaf's registerHook takes: see autograd/hooks.ts. */
// eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- a hook that only looks returns nothing
export type Hook = (grad: Tensor) => Tensor | void;

/** What recorded writes in place have done to tensors that share a storage: see autograd/views.ts. */
export interface ViewHistory {
  /** Goes up with every recorded write; a tensor whose `seen` is behind must be brought up to date. */
  readonly generation: number;
  update(t: Tensor): void;
  /** The last tensor of the family is gone. */
  end(): void;
}

/** A tensor and the views made of it: a write in place that is recorded concerns them all. */
export class Family {
  /** The tensor that the others are views of; it may have been freed. */
  readonly base: Tensor;
  history: ViewHistory | null = null;
  /** Members that have not been freed. */
  members = 1;

  constructor(base: Tensor) {
    this.base = base;
  }

  leave(): void {
    if (--this.members > 0) return;
    this.history?.end();
    this.history = null;
  }
}

export type NestedArray = number | boolean | NestedArray[];

/**
 * An n-dimensional array in linear memory: a shape and strides over a counted storage. Views (transpose, slice, expand) share the
 * storage. Nothing has to be disposed: see docs/memory.md for who frees what, `keep` and `scope` for the exceptions.
 */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- its methods: see the interface below
export class Tensor {
  /** @internal Where the elements lie, shared with its views. */
  readonly storage: Storage;
  /** Where the first element lies in the storage, in elements. */
  readonly offset: number;
  readonly shape: Shape;
  readonly strides: Shape;
  readonly dtype: DType;
  /** Number of elements. */
  readonly size: number;

  /** The accumulated gradient of a leaf, or null. It lives until `zeroGrad()` or the next assignment. */
  grad: Tensor | null = null;
  /** @internal The graph node that made it; null for leaves and for what needs no gradient. */
  node: GraphNode | null = null;
  /** @internal Which output of its node. */
  outputIndex = 0;
  /** @internal The tensor whose gradient an alias stands for. */
  aliasOf: Tensor | null = null;
  /** Exempt from every automatic release. */
  kept = false;
  /** What freed it, or null while it lives. */
  freedBy: string | null = null;
  /** @internal The moment in which it was last used (windows.ts). */
  lastUsed = 0;
  /** @internal The tensors that share its storage as views; null while there are none. */
  family: Family | null = null;
  /** @internal The generation of the family's history that it is up to date with. */
  seen = 0;
  /** @internal Hooks on a leaf's gradient; those on a result are with its node. */
  hooks: Hook[] | null = null;
  /** @internal Whether the handle counts as a reference of its node. */
  countsNode = false;
  /** @internal Its place in the last net, if it has one. */
  lease: Lease | null = null;
  /** @internal Where it was made, when allocations are traced. */
  trace: Trace | null = null;
  private needsGrad = false;

  /** @internal Takes over one count of `storage`. Users make tensors by `tensor`, `zeros`, … */
  constructor(storage: Storage, offset: number, shape: Shape, strides: Shape, dtype: DType) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
    this.dtype = dtype;
    this.size = sizeOf(shape);
    countHandle(1);
  }

  /** Number of dimensions. */
  get ndim(): number {
    return this.shape.length;
  }

  /** @internal Address of the first element. */
  get ptr(): Ptr {
    return (this.storage.ptr + this.offset * bytesOf(this.dtype)) as Ptr;
  }

  get isContiguous(): boolean {
    return isContiguous(this.shape, this.strides);
  }

  /** Whether backward must reach it. Settable on leaves of dtype f32. */
  get requiresGrad(): boolean {
    if (this.family !== null) this.catchUp(this.family);
    return this.needsGrad;
  }

  set requiresGrad(value: boolean) {
    if (value && this.dtype !== "f32") {
      const wayOut = isHalf(this.dtype) ? '; train in f32 and convert with to(x, "f16") to store' : "";
      throw new DTypeError(
        `requiresGrad: only f32 tensors have gradients, this one is ${this.dtype}${wayOut}`,
      );
    }
    if (!value && this.node !== null) {
      throw new AutogradError(
        "requiresGrad: only a leaf can stop requiring gradients; take detach() of a result",
      );
    }
    // A leaf of its own is no view any more: what is recorded through others must not reach it.
    if (value && this.node === null) leaveFamily(this);
    this.needsGrad = value;
  }

  /** True for tensors that no recorded op made: parameters and inputs. */
  get isLeaf(): boolean {
    if (this.family !== null) this.catchUp(this.family);
    return this.node === null;
  }

  private catchUp({ history }: Family): void {
    if (history !== null && history.generation !== this.seen && this.freedBy === null) history.update(this);
  }

  /** The value of a one-element tensor (bool as 0 or 1). */
  item(): number {
    touch(this, "item");
    refuseReading("item()");
    if (this.size !== 1) {
      throw new ShapeError(
        `item: needs one element, got shape ${formatShape(this.shape)}; use toArray() or data`,
      );
    }
    const at = this.ptr;
    if (this.dtype === "f32") return f32[at >>> 2] as number;
    if (isHalf(this.dtype)) return this.read((view) => view[0] as number);
    return (this.dtype === "i32" ? i32[at >>> 2] : u8[at]) as number;
  }

  /** A copy of the elements, row-major: Float32Array (f32, f16, bf16), Int32Array, or Uint8Array (u8; bool as 0 and 1). */
  get data(): TypedArray {
    return this.read((view) => view.slice());
  }

  /**
   * Lends the elements, row-major, for the length of `fn`, without copying where they lie contiguous. The view must not be kept nor
   * outlive an allocation: any op may replace linear memory.
   */
  read<T>(fn: (view: TypedArray) => T): T {
    touch(this, "read");
    refuseReading("data, toArray() or read()");
    const { dtype } = this;
    if (this.size === 0) return fn(typedArray(dtype, 0));
    return readDense(this, (dense) => {
      if (!isHalf(dtype)) return fn(viewOf(dense));
      return withWorkspace(this.size * 4, (wide) => {
        widenInto(wide, dense.ptr, this.size, dtype);
        return fn(f32.subarray(wide >>> 2, (wide >>> 2) + this.size));
      });
    });
  }

  /** The elements as nested arrays; a scalar gives its value. Bools are true and false. */
  toArray(): NestedArray {
    const flat = this.data;
    const isBool = this.dtype === "bool";
    let at = 0;
    const build = (d: number): NestedArray => {
      if (d === this.shape.length) {
        const value = flat[at++] as number;
        return isBool ? value !== 0 : value;
      }
      return Array.from({ length: this.shape[d] as number }, () => build(d + 1));
    };
    return build(0);
  }

  /** NumPy's way of printing, with the dtype where it is not f32. */
  toString(): string {
    return formatTensor(this);
  }

  /** Frees the tensor now. Other tensors on the same storage, and the graph, keep what they need. */
  dispose(): void {
    free(this, DISPOSED);
  }
}

const refuseReading = (how: string): void => {
  refuseInProgram(
    `the data of a tensor is read (${how})`,
    "return the tensor and read it outside; compute with ops in place of branches",
  );
};

/**
 * The one place where ops meet the class, and only as types: the bundled declarations would lose an augmentation of a module.
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type, @typescript-eslint/no-unsafe-declaration-merging -- installMethods keeps the promise
export interface Tensor extends TensorMethods {}

/** A typed view of a contiguous tensor; valid until the next allocation. */
function viewOf(t: Tensor): TypedArray {
  const { ptr, size } = t;
  if (t.dtype === "f32") return f32.subarray(ptr >>> 2, (ptr >>> 2) + size);
  if (t.dtype === "i32") return i32.subarray(ptr >>> 2, (ptr >>> 2) + size);
  return u8.subarray(ptr, ptr + size);
}

/** Lends a contiguous form of the tensor: itself, or a copy that ends with the call. */
function readDense<T>(t: Tensor, use: (dense: Tensor) => T): T {
  if (t.isContiguous) return use(t);
  const dense = copyContiguous(t);
  try {
    return use(dense);
  } finally {
    free(dense, "read(…): it was a copy");
  }
}

/** Lends the bytes of the elements, row-major and little-endian, for the length of `fn`. */
export function readBytes<T>(t: Tensor, fn: (bytes: Uint8Array) => T): T {
  touch(t, "read");
  refuseReading("its bytes");
  return readDense(t, ({ ptr, size, dtype }) => fn(u8.subarray(ptr, ptr + size * bytesOf(dtype))));
}

/** A new, uninitialised, contiguous tensor. */
export function empty(shape: Shape, dtype: DType): Tensor {
  const size = sizeOf(shape);
  const t = new Tensor(new Storage(size * bytesOf(dtype), dtype), 0, shape, contiguousStrides(shape), dtype);
  born(t);
  return t;
}

/** Another tensor on the same storage. */
export function view(of: Tensor, shape: Shape, strides: Shape, offset: number): Tensor {
  const t = new Tensor(of.storage.retain(), offset, shape, strides, of.dtype);
  const family = (of.family ??= new Family(of));
  family.members++;
  t.family = family;
  t.seen = of.seen;
  born(t);
  return t;
}

/** Makes a tensor one that no recorded write through another reaches. */
export function leaveFamily(t: Tensor): void {
  t.family?.leave();
  t.family = null;
}

/** A handle of its own for the graph: same storage, same place in the graph, outside of every lifetime rule. Its holder releases the storage. */
export function alias(of: Tensor): Tensor {
  const t = new Tensor(of.storage.retain(), of.offset, of.shape, of.strides, of.dtype);
  countHandle(-1);
  t.requiresGrad = of.requiresGrad;
  t.node = of.node;
  t.outputIndex = of.outputIndex;
  t.aliasOf = of.aliasOf ?? of;
  return t;
}

const COPIES = { 1: copy_8, 2: copy_16, 4: copy_32 };

/** Copies `from`, broadcast, over the elements of `to`; same dtype size. */
export function copyInto(to: Tensor, from: Tensor): void {
  if (to.size === 0) return;
  const dims = collapse(to.shape, [to.strides, broadcastStrides(from.shape, from.strides, to.shape)]);
  COPIES[bytesOf(to.dtype)](to.ptr, from.ptr, dims);
}

/** Copies the elements of `from`, row-major, to an address. */
export function copyTo(ptr: Ptr, from: Tensor): void {
  if (from.size === 0) return;
  const dims = collapse(from.shape, [contiguousStrides(from.shape), from.strides]);
  COPIES[bytesOf(from.dtype)](ptr, from.ptr, dims);
}

/** A contiguous copy, unknown to the lifetime rules: the caller frees it. */
function copyContiguous(t: Tensor): Tensor {
  const dense = new Tensor(
    new Storage(t.size * bytesOf(t.dtype), t.dtype),
    0,
    t.shape,
    contiguousStrides(t.shape),
    t.dtype,
  );
  copyInto(dense, t);
  return dense;
}

/** The tensor itself where it is contiguous, else a contiguous copy that the running op's frame frees. */
export function contiguous(t: Tensor): Tensor {
  if (t.isContiguous) return t;
  const dense = copyContiguous(t);
  born(dense);
  return dense;
}

/** The tensor itself, or of f16 and bf16 an f32 copy that the running op's frame frees. */
export function widen(t: Tensor): Tensor {
  if (!isHalf(t.dtype)) return t;
  const dense = contiguous(t);
  const wide = empty(t.shape, "f32");
  widenInto(wide.ptr, dense.ptr, t.size, t.dtype);
  return wide;
}
