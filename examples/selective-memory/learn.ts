import { mseLoss, noGrad, optim } from "simdgrad";
import type { Reader } from "./network.ts";
import { addingProblem, type Batch } from "./task.ts";

export interface Lesson {
  /** Steps of a sequence. */
  readonly length: number;
  /** Steps of the optimiser. */
  readonly steps: number;
  /** Sequences that are never trained on. */
  readonly validation: Batch;
  readonly signal: AbortSignal;
}

/** Mean squared error on sequences that the network has not seen. */
export const errorOf = (model: Reader, { x, y }: Batch): number =>
  noGrad(() => mseLoss(model.forward(x), y).item());

/** Trains on new sequences each step; gives the validation error as [step, error]. */
export function learn(model: Reader, { length, steps, validation, signal }: Lesson): [number, number][] {
  const curve: [number, number][] = [];
  const optimizer = new optim.Adam(model.parameters(), { lr: 0.01 });
  for (let step = 1; step <= steps && !signal.aborted; step++) {
    const { x, y } = addingProblem(64, length);
    const loss = mseLoss(model.forward(x), y);
    optimizer.zeroGrad();
    loss.backward();
    optim.clipGradNorm(model.parameters(), 1);
    optimizer.step();
    if (step % 50 === 0) curve.push([step, errorOf(model, validation)]);
  }
  return curve;
}
