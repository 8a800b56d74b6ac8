/**
 * The typed errors of the library, one class a kind, all of them `SimdgradError`s.
 *
 * Messages read `op: rule, values (way out)`, for instance
 * `matmul: inner dimensions differ, [2, 3] · [4, 5] (3 ≠ 4)`. `name` is set on the instance and not taken from
 * the class, because minifiers rename classes.
 */
export class SimdgradError extends Error {
  override readonly name: string = "SimdgradError";
}

/** Shapes that do not go together, or that an operation does not take. */
export class ShapeError extends SimdgradError {
  override readonly name = "ShapeError";
}

/** An element type that an operation does not take, or a mixture of them. */
export class DTypeError extends SimdgradError {
  override readonly name = "DTypeError";
}

/** An argument outside the values that make sense: NaN learning rate, negative size, unknown option. */
export class ValueError extends SimdgradError {
  override readonly name = "ValueError";
}

/** An index, a dimension or a class that does not exist. */
export class IndexOutOfRangeError extends SimdgradError {
  override readonly name = "IndexError";
}

/** A tensor that was used after it had been freed. */
export class DisposedError extends SimdgradError {
  override readonly name = "DisposedError";
}

/** A graph that cannot be differentiated as asked. */
export class AutogradError extends SimdgradError {
  override readonly name = "AutogradError";
}

/** A file that is not what it should be: truncated, mislabelled, hostile. Names the file and the byte. */
export class FormatError extends SimdgradError {
  override readonly name = "FormatError";
}

/** A function that cannot be compiled: it does something that a recorded program could not do again. */
export class CompileError extends SimdgradError {
  override readonly name = "CompileError";
}

/** Something that the host (browser, Node, worker …) does not have or does not allow. */
export class PlatformError extends SimdgradError {
  override readonly name = "PlatformError";
}

/** A loss or a gradient that is NaN or infinite. The parameters are as they were before the step. */
export class NonFiniteError extends SimdgradError {
  override readonly name = "NonFiniteError";
  /** From 1. */
  readonly epoch: number;
  /** Of all epochs together, from 1. */
  readonly step: number;

  constructor(message: string, at: { readonly epoch: number; readonly step: number }) {
    super(message);
    this.epoch = at.epoch;
    this.step = at.step;
  }
}

/** A background worker that failed, ended or fell silent. `cause` is what it threw, if that is what happened. */
export class WorkerError extends SimdgradError {
  override readonly name = "WorkerError";
}

/**
 * A thread of the pool that ended or fell silent. What it was computing is incomplete: go back to a state from before. The program goes on
 * with one thread until `init({ threads })` starts them anew.
 */
export class WorkerLostError extends SimdgradError {
  override readonly name = "WorkerLostError";
}

/** What the heap looked like when it could not give what was asked for; all in bytes. */
export interface MemoryFigures {
  readonly wanted: number;
  readonly live: number;
  readonly reserved: number;
  readonly limit: number;
}

/** The heap cannot give so many bytes. Nothing was lost: every tensor is as it was before the call. */
export class OutOfMemoryError extends SimdgradError implements MemoryFigures {
  override readonly name = "OutOfMemoryError";
  readonly wanted: number;
  readonly live: number;
  readonly reserved: number;
  readonly limit: number;

  constructor(message: string, figures: MemoryFigures) {
    super(message);
    this.wanted = figures.wanted;
    this.live = figures.live;
    this.reserved = figures.reserved;
    this.limit = figures.limit;
  }
}
