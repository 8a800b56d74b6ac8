import { isRecomputing } from "../autograd/region.ts";
import { DTypeError, ShapeError, ValueError } from "../errors.ts";
import * as k from "../program/kernels.gen.ts";
import { touch } from "../tensor/lifetime.ts";
import { formatShape } from "../tensor/shape.ts";
import { contiguous, copyInto, type Tensor } from "../tensor/tensor.ts";
import type { Ptr } from "../wasm/heap.ts";
import { castTo } from "./cast.ts";

/** What normalisations by channel share: their parameters, and the running estimates that training writes in place. */

/** A weight or bias as kernels read it: dense f32, or no pointer. */
export const dense = (t: Tensor | null | undefined): Ptr =>
  t ? contiguous(castTo(t, "f32")).ptr : (0 as Ptr);

/** Refuses parameters that are not one number a channel of x [n, c, …]. */
export function checkChannels(op: string, x: Tensor, given: Readonly<Record<string, Tensor | null>>): void {
  const c = x.shape[1] as number;
  for (const [name, t] of Object.entries(given)) {
    if (t !== null && (t.ndim !== 1 || t.shape[0] !== c)) {
      throw new ShapeError(
        `${op}: ${name} must be [${c}] for an input ${formatShape(x.shape)}, got ${formatShape(t.shape)}`,
      );
    }
  }
}

export interface Running {
  readonly runningMean: Tensor;
  readonly runningVar: Tensor;
}

/** The running estimates, both or none. They are no inputs of the record, so their use is noted here. */
export function checkRunning(
  op: string,
  x: Tensor,
  given: { runningMean?: Tensor | null; runningVar?: Tensor | null },
): Running | null {
  const { runningMean = null, runningVar = null } = given;
  if (runningMean === null && runningVar === null) return null;
  if (runningMean === null || runningVar === null)
    throw new ValueError(`${op}: give runningMean and runningVar, or neither`);
  checkChannels(op, x, { runningMean, runningVar });
  for (const t of [runningMean, runningVar]) {
    touch(t, op);
    if (t.dtype !== "f32") throw new DTypeError(`${op}: running estimates must be f32, got ${t.dtype}`);
  }
  return { runningMean, runningVar };
}

/** running += momentum · (new − running), of variances the unbiased ones of `count` values. */
export function updateRunning(
  { runningMean, runningVar }: Running,
  mean: Tensor,
  variance: Tensor,
  momentum: number,
  count: number,
): void {
  if (isRecomputing()) return; // a checkpoint's second run must not move them again
  const targets = [contiguous(runningMean), contiguous(runningVar)] as const;
  k.runningStats_f32(
    targets[0].ptr,
    targets[1].ptr,
    mean.ptr,
    variance.ptr,
    runningMean.size,
    momentum,
    count,
  );
  for (const [t, dense] of [
    [runningMean, targets[0]],
    [runningVar, targets[1]],
  ] as const) {
    if (dense !== t) copyInto(t, dense);
    t.storage.version++;
  }
}
