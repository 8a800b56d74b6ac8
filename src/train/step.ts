import { noGrad } from "../autograd/mode.ts";
import { compile, type Compiled } from "../compile/compile.ts";
import type { Module } from "../nn/module.ts";
import { clipGradNorm, clipGradValue } from "../optim/clip.ts";
import type { ExponentialMovingAverage } from "../optim/ema.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import { mul_ } from "../ops/inplace.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Judged } from "./batch.ts";
import { checkGradients, checkLossTensor, type Position } from "./finite.ts";

/** What a step of training needs. */
export interface StepParts {
  readonly model: Module;
  readonly optimizer: Optimizer;
  readonly judge: (batch: unknown) => Judged;
  /** Batches whose gradients make up one step. */
  readonly accumulate: number;
  readonly clipGradNorm?: number;
  readonly clipGradValue?: number;
  readonly ema: ExponentialMovingAverage | null;
  /** Run it as a recorded program. */
  readonly compile: boolean;
  /** Whether what the batch is judged by is looked at, beside the loss. */
  readonly wantsOutput: boolean;
  /** Where training is. */
  readonly at: () => Position;
}

/** A step of training, in as many batches as it takes: eagerly, or compiled to the same numbers. */
export class Step {
  /** Batches whose gradients wait for the rest of the step. */
  pending = 0;
  private readonly parts: StepParts;
  private readonly runBatch: (batch: unknown, isFirst: boolean, isLast: boolean) => Judged;
  private readonly runRest: (batches: string) => void;
  private readonly programs:
    readonly [Compiled<[unknown, boolean, boolean], Judged>, Compiled<[string], void>] | null;

  constructor(parts: StepParts) {
    this.parts = parts;
    const batch = (of: unknown, isFirst: boolean, isLast: boolean): Judged => {
      const judged = this.gather(of, isFirst);
      if (isLast) this.finish(parts.accumulate);
      // Copying out what nobody looks at would cost time.
      return parts.compile && !parts.wantsOutput ? { loss: judged.loss } : judged;
    };
    // A number would be an input of the program, and could differ from call to call.
    const rest = (batches: string): void => {
      this.finish(Number(batches));
    };
    if (parts.compile) {
      this.programs = [compile(batch), compile(rest)];
      [this.runBatch, this.runRest] = this.programs;
    } else [this.runBatch, this.runRest, this.programs] = [batch, rest, null];
  }

  /** Gives up the programs of compiled steps. */
  dispose(): void {
    for (const program of this.programs ?? []) program.dispose();
  }

  /** Adds the gradients of a batch; whether that completed the step. */
  take(batch: unknown): { readonly judged: Judged; readonly complete: boolean } {
    const isFirst = this.pending === 0;
    const complete = this.pending + 1 === this.parts.accumulate;
    const judged = this.runBatch(batch, isFirst, complete);
    this.pending = complete ? 0 : this.pending + 1;
    return { judged, complete };
  }

  /** Takes the step with the batches that there are. */
  completeEarly(): void {
    this.runRest(String(this.pending));
    this.pending = 0;
  }

  private gather(batch: unknown, isFirst: boolean): Judged {
    const { optimizer, judge, accumulate, at } = this.parts;
    if (isFirst) optimizer.zeroGrad();
    const judged = judge(batch);
    checkLossTensor(judged.loss, at());
    (accumulate === 1 ? judged.loss : judged.loss.div(accumulate)).backward();
    return judged;
  }

  private finish(batches: number): void {
    const { model, optimizer, accumulate, ema, at } = this.parts;
    const parameters = optimizer.groups.flatMap((group) => group.params);
    // The last batches of an epoch may be fewer: their mean, too.
    if (batches < accumulate) scaleGradients(parameters, accumulate / batches);
    checkGradients(model, at(), parameters);
    if (this.parts.clipGradNorm !== undefined) clipGradNorm(parameters, this.parts.clipGradNorm);
    if (this.parts.clipGradValue !== undefined) clipGradValue(parameters, this.parts.clipGradValue);
    optimizer.step();
    ema?.update();
  }
}

function scaleGradients(parameters: readonly Tensor[], factor: number): void {
  noGrad(() => {
    for (const { grad } of parameters) if (grad !== null) mul_(grad, factor);
  });
}
