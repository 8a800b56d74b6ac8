import { CompileError } from "../errors.ts";
import { isGradEnabled } from "../autograd/mode.ts";
import { intercept, type Interceptor } from "../program/emit.ts";
import { copy_8 } from "../program/kernels.gen.ts";
import { Recording, type Region } from "../program/recording.ts";
import {
  abandonFrame,
  born,
  closeFrame,
  collectTensors,
  heldTensors,
  openFrame,
  refusePromise,
} from "../tensor/lifetime.ts";
import { formatShape } from "../tensor/shape.ts";
import { Storage, storagesMade } from "../tensor/storage.ts";
import { copyTo, empty, leaveFamily, Tensor } from "../tensor/tensor.ts";
import { before, type Witness } from "../tensor/witness.ts";
import { heap } from "../wasm/engine.ts";
import type { Heap, Ptr } from "../wasm/heap.ts";
import { f32, u8 } from "../wasm/views.ts";
import { Fields } from "./fields.ts";
import { mapTree, type Leaf } from "./inputs.ts";

/** What a leaf's gradient was when the function first looked at it: an address, nothing, or (dropped) of no interest. */
export type EntryGradient = Ptr | null | "dropped";

/** An argument inside of the function. */
export interface Slot {
  readonly inside: Tensor;
  readonly leaf: Leaf;
}

/** Runs a function for real, and learns what must be known to run it again without JavaScript. */
export class Capture implements Witness {
  readonly recording = new Recording();
  readonly slots: Slot[] = [];
  /** Tensors from outside that ops used. */
  readonly outside = new Set<Tensor>();
  readonly gradients = new Map<Tensor, EntryGradient>();
  /** By storage, the version before the first use. */
  readonly versions = new Map<Storage, number>();
  /** Of each argument the gradient that the function has given it. */
  inputGradients: (Tensor | null)[] = [];
  passes = 0;
  fields = new Fields([]);
  private readonly holders = new Set<object>();
  private readonly handles = new Set<Tensor>();
  private readonly constants: Storage[] = [];
  private firstStorage = 0;
  private readonly heap: Heap;

  constructor() {
    this.heap = heap();
  }

  // ---- the witness -----------------------------------------------------------------------------------------------------------

  born(t: Tensor): void {
    this.handles.add(t);
  }

  touched(t: Tensor): void {
    const base = t.aliasOf ?? t;
    if (this.handles.has(base) || this.isInside(base.storage) || this.outside.has(base)) return;
    if (base.node !== null && isGradEnabled()) {
      throw new CompileError(
        `compile: the function uses a result of ${base.node.name} of shape ${formatShape(base.shape)} that was recorded outside of it, whose graph it cannot have at the next call; detach() it, pass it as an argument, or compute it inside`,
      );
    }
    this.outside.add(base);
    this.versions.set(base.storage, base.storage.version);
  }

  gradient(leaf: Tensor, dropped: boolean): void {
    const base = leaf.aliasOf ?? leaf;
    if (this.gradients.has(base)) return;
    const { grad } = base;
    this.gradients.set(base, dropped ? "dropped" : grad === null ? null : grad.ptr);
  }

  used(holder: object): void {
    this.holders.add(holder);
  }

  /** Data from JavaScript is the same at each call; what else is done with that memory is not. */
  wrote(address: number, bytes: number): void {
    if (bytes === 0) return;
    const constant = this.aside(() => new Storage(bytes, "u8"));
    this.constants.push(constant);
    u8.copyWithin(constant.ptr, address, address + bytes);
    copy_8(address as Ptr, constant.ptr, [1, bytes, 1, 1]);
  }

  passed(): void {
    this.passes++;
  }

  /** Allocates what is no part of the program's arena. */
  private aside<T>(fn: () => T): T {
    const { listener } = this.heap;
    this.heap.listener = null;
    try {
      return fn();
    } finally {
      this.heap.listener = listener;
    }
  }

  private isInside(storage: Storage): boolean {
    return storage.serial > this.firstStorage;
  }

  // ---- the run ---------------------------------------------------------------------------------------------------------------

  /** Runs the function on stand-ins for its arguments; the result has dense tensors of its own, outside of every graph. */
  run(
    fn: (...args: never[]) => unknown,
    args: readonly unknown[],
    commands: Interceptor = this.recording,
  ): unknown {
    this.firstStorage = storagesMade();
    const outer = this.heap.listener;
    this.heap.listener = this.recording;
    const mark = openFrame();
    let result: unknown;
    try {
      result = before(this, () =>
        intercept(commands, () => {
          const inside = args.map((arg) => mapTree(arg, (leaf) => this.enter(leaf)));
          const raw = fn(...(inside as never[]));
          refusePromise("compile", raw);
          return this.leave(raw);
        }),
      );
      this.fields = new Fields(this.holders);
      this.checkEscapes();
      // The stand-ins end with the call, their gradients do not.
      this.inputGradients = this.slots.map(({ inside }) => {
        const { grad } = inside;
        inside.grad = null;
        return grad;
      });
    } catch (error) {
      abandonFrame(mark, "the failed compiled function");
      this.releaseConstants();
      throw error;
    } finally {
      this.heap.listener = outer;
    }
    closeFrame(
      mark,
      collectTensors(result, new Set<Tensor>()),
      "the end of the compiled function, which did not return it",
    );
    return result;
  }

  /** A stand-in for a leaf, with its value. */
  private enter(leaf: unknown): unknown {
    if (typeof leaf !== "number" && !(leaf instanceof Tensor)) return leaf;
    const known = typeof leaf === "number" ? undefined : this.slots.find((slot) => slot.leaf === leaf);
    if (known !== undefined) {
      this.slots.push(known);
      return known.inside;
    }
    const inside = intercept(null, () => {
      if (typeof leaf === "number") {
        const scalar = empty([], "f32");
        f32[scalar.ptr >>> 2] = leaf;
        return refuseArithmetic(scalar);
      }
      const t = empty(leaf.shape, leaf.dtype);
      copyTo(t.ptr, leaf);
      return t;
    });
    if (typeof leaf !== "number" && leaf.requiresGrad) {
      if (leaf.node !== null && isGradEnabled()) {
        throw new CompileError(
          `compile: an argument of shape ${formatShape(leaf.shape)} is a result of ${leaf.node.name} that was recorded outside, where no gradient can go from a compiled function; detach() it, or compute it inside`,
        );
      }
      inside.requiresGrad = true;
    }
    this.slots.push({ inside, leaf });
    return inside;
  }

  /** What the function returns, as it is handed out. */
  private leave(raw: unknown): unknown {
    const found = new Map<Tensor, Tensor>();
    return mapTree(raw, (t) => {
      if (!(t instanceof Tensor) || !this.handles.has(t)) return t;
      if (this.passes === 0 && t.requiresGrad && isGradEnabled()) {
        throw new CompileError(
          `compile: the result of shape ${formatShape(t.shape)} still waits for its gradient, which cannot flow into a compiled function; call backward() inside, or wrap the call in noGrad()`,
        );
      }
      const known = found.get(t);
      if (known !== undefined) return known;
      const out = this.asResult(t);
      found.set(t, out);
      return out;
    });
  }

  private asResult(t: Tensor): Tensor {
    if (t.isContiguous && this.recording.find(t.ptr) !== undefined) {
      const out = new Tensor(t.storage.retain(), t.offset, t.shape, t.strides, t.dtype);
      leaveFamily(out);
      born(out);
      return out;
    }
    const out = empty(t.shape, t.dtype);
    copyTo(out.ptr, t);
    return out;
  }

  /** Refuses what the function keeps beside its results, since later calls would not renew it. */
  private checkEscapes(): void {
    for (const slot of this.slots) {
      if (slot.inside.storage.version > 0)
        throw new CompileError(
          `compile: the function writes in place to an argument of shape ${formatShape(slot.inside.shape)}, which is a copy; return the new value, or write to a tensor from outside`,
        );
    }
    let held: ReadonlySet<Tensor> | null = null;
    for (const t of this.handles) {
      if (t.freedBy !== null) continue;
      if (t.kept)
        throw new CompileError(
          `compile: keep() of a tensor of shape ${formatShape(t.shape)} inside of a compiled function, where only the first call would do it; return the tensor`,
        );
      if ((held ??= heldTensors()).has(t)) {
        const [name] = Array.from(this.fields.tensors()).find(([, other]) => other === t) ?? ["a field"];
        throw new CompileError(
          `compile: the function stores a tensor of shape ${formatShape(t.shape)} in ${name}, which only the first call would do; return it, or write into a buffer that is there: copy_(buffer, value)`,
        );
      }
    }
  }

  /** The region that a tensor of the program lies in, with the place in it. */
  placeOf(t: Tensor): { readonly region: Region; readonly offset: number } | null {
    const region = this.recording.find(t.ptr);
    return region === undefined ? null : { region, offset: t.ptr - region.ptr };
  }

  /** Gives up the copies of constants: what has pinned them keeps them. */
  releaseConstants(): void {
    for (const constant of this.constants.splice(0)) constant.release();
  }
}

/** Numbers among the arguments are tensors inside: JavaScript's own arithmetic would make NaN of them. */
function refuseArithmetic(scalar: Tensor): Tensor {
  return Object.defineProperty(scalar, Symbol.toPrimitive, {
    value(): never {
      throw new CompileError(
        "compile: a number among the arguments is a tensor inside of the function, so that it may change from call to call; compute with ops (mul(x, t), not x * t), or take it from around the function if it never changes",
      );
    },
  });
}

/** Lets a function run up to one command, without running any, and that one fail: for the error that the op itself would throw. */
export function rehearse(
  fn: (...args: never[]) => unknown,
  args: readonly unknown[],
  index: number,
  code: number,
): void {
  let left = index;
  const commands: Interceptor = { command: () => (left-- === 0 ? code : 0) };
  const capture = new Capture();
  capture.run(fn, args, commands);
  capture.releaseConstants();
}
