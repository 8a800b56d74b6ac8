import { parallelism } from "../../program/emit.ts";
import * as k from "../../program/kernels.gen.ts";
import { withWorkspace } from "../../tensor/storage.ts";
import { contiguous, copyInto, empty, view, type Tensor } from "../../tensor/tensor.ts";
import type { Ptr } from "../../wasm/heap.ts";
import { castTo } from "../cast.ts";

/** Matrices by address, and the states of a sequence in one piece of memory: what the recurrent kernels run on. */

export const NULL = 0 as Ptr;
const FLOAT = 4;

export const dense = (t: Tensor): Tensor => contiguous(castTo(t, "f32"));

/** An address so many elements on; a null pointer stays one. */
export const plus = (ptr: Ptr, elements: number): Ptr =>
  ptr === NULL ? ptr : ((ptr + FLOAT * elements) as Ptr);

/** A run of a dense tensor's elements. */
export const part = (t: Tensor, start: number, length: number): Tensor =>
  view(t, [length], [1], t.offset + start);

/** Strides in elements. */
export interface Matrix {
  readonly ptr: Ptr;
  readonly row: number;
  readonly col: number;
}

/** A row-major matrix, its rows `row` elements apart. */
export const rowMajor = (ptr: Ptr, row: number): Matrix => ({ ptr, row, col: 1 });

export const turned = ({ ptr, row, col }: Matrix): Matrix => ({ ptr, row: col, col: row });

/** out [m, n] = a · b (+ out); `out` is row-major. */
export function multiply(
  out: Matrix,
  a: Matrix,
  b: Matrix,
  [m, n, inner]: readonly [number, number, number],
  add = false,
): void {
  if (m === 0 || n === 0) return;
  withWorkspace(k.gemm_f32_workspace(m, n, inner, parallelism()), (workspace) => {
    // prettier-ignore
    k.gemm_f32(
      out.ptr, a.ptr, b.ptr, NULL, m, n, inner, a.row, a.col, b.row, b.col, out.row,
      1, 0, 0, 0, Number(add), 0, workspace,
    );
  });
}

/** Lends a product by `b` [inner, n] that is done at every step: b's panels are packed once. */
export function withProduct(
  b: Matrix,
  [m, n, inner]: readonly [number, number, number],
  use: (multiply: (out: Ptr, a: Matrix, add: boolean) => void) => void,
): void {
  withWorkspace(k.gemmPack_f32_workspace(n, inner, parallelism()), (panels) => {
    k.gemmPack_f32(panels, b.ptr, n, inner, b.row, b.col);
    withWorkspace(k.gemmPacked_f32_workspace(m, inner, parallelism()), (workspace) => {
      use((out, a, add) => {
        k.gemmPacked_f32(out, a.ptr, panels, m, n, inner, a.row, a.col, n, Number(add), workspace);
      });
    });
  });
}

/** The states of all steps, [time + 1, batch, hidden], with the initial one at that end where the walk starts. */
export class States {
  readonly all: Tensor;
  private readonly size: number;
  private readonly reverse: boolean;

  constructor(all: Tensor, reverse: boolean) {
    this.all = all;
    this.size = (all.shape[1] as number) * (all.shape[2] as number);
    this.reverse = reverse;
  }

  static from(initial: Tensor, time: number, reverse: boolean): States {
    const states = new States(empty([time + 1, ...initial.shape], "f32"), reverse);
    copyInto(states.slot(reverse ? time : 0), castTo(initial, "f32"));
    return states;
  }

  private slot(i: number): Tensor {
    const [, batch, hidden] = this.all.shape as [number, number, number];
    return view(this.all, [batch, hidden], [hidden, 1], this.all.offset + i * this.size);
  }

  after(t: number): Ptr {
    return plus(this.all.ptr, (this.reverse ? t : t + 1) * this.size);
  }

  before(t: number): Ptr {
    return plus(this.all.ptr, (this.reverse ? t + 1 : t) * this.size);
  }

  /** The states after the steps, by time. */
  sequence(): Tensor {
    const [slots, batch, hidden] = this.all.shape as [number, number, number];
    const offset = this.all.offset + (this.reverse ? 0 : this.size);
    return view(this.all, [slots - 1, batch, hidden], [this.size, hidden, 1], offset);
  }

  /** A copy of the last state. */
  last(): Tensor {
    const [slots, batch, hidden] = this.all.shape as [number, number, number];
    const out = empty([batch, hidden], "f32");
    copyInto(out, this.slot(this.reverse ? 0 : slots - 1));
    return out;
  }
}

/** The steps in the order of time, or against it. */
export const order = (time: number, reverse: boolean): number[] =>
  Array.from({ length: time }, (_, i) => (reverse ? time - 1 - i : i));
