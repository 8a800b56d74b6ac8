import { turn } from "../data/turn.ts";
import { ShapeError, ValueError } from "../errors.ts";
import { collectTensors } from "../tensor/lifetime.ts";
import { formatShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

/** What training draws from, once an epoch: a DataLoader, an array of batches, or anything else that can be iterated again and again. */
export type Batches<B> = AsyncIterable<B> | Iterable<B>;

/** What a model made of a batch. Metrics need the output and the target. */
export interface Judged<O = unknown, Y = unknown> {
  readonly loss: Tensor;
  readonly output?: O;
  readonly target?: Y;
}

/** Computes the loss of a batch, and, where metrics are wanted, gives output and target as well. */
export type StepFunction<B, O = Tensor, Y = Tensor> = (batch: B) => Tensor | Judged<O, Y>;

/** How a batch is judged: by a function of the batch, or by the model's output and the target. */
export interface Judging {
  readonly step?: StepFunction<never, unknown, unknown> | undefined;
  readonly loss?: ((output: never, target: never) => Tensor) | undefined;
}

/** The one form of both ways. */
export function judgeOf(
  who: string,
  model: { forward(...inputs: never[]): unknown },
  { step, loss }: Judging,
): (batch: unknown) => Judged {
  if ((step === undefined) === (loss === undefined))
    throw new ValueError(
      `${who}: needs loss, a function of output and target, or step, a function of the batch (${step === undefined ? "got neither" : "got both"})`,
    );
  if (step !== undefined) {
    return (batch) => {
      const result: Tensor | Judged = step(batch as never);
      return checkJudged(who, result instanceof Tensor ? { loss: result } : result);
    };
  }
  return (batch) => {
    if (!Array.isArray(batch) || batch.length !== 2)
      throw new ValueError(
        `${who}: a batch must be a pair [x, y], got ${Array.isArray(batch) ? `${batch.length} entries` : typeof batch} (for other batches pass step: (batch) => loss)`,
      );
    const [x, target] = batch as [unknown, unknown];
    const output = model.forward(x as never);
    return checkJudged(who, {
      loss: (loss as (o: unknown, y: unknown) => Tensor)(output, target),
      output,
      target,
    });
  };
}

function checkJudged(who: string, judged: Judged): Judged {
  const loss: unknown = (judged as Judged | undefined)?.loss;
  if (!(loss instanceof Tensor)) throw new ValueError(`${who}: the loss must be a tensor`);
  if (loss.size !== 1)
    throw new ShapeError(
      `${who}: the loss must be one number, got shape ${formatShape(loss.shape)} (reduce it with mean())`,
    );
  return judged;
}

/** How many samples a batch has: the first dimension of its first tensor; 1 where there is none. */
export function samplesOf(batch: unknown): number {
  const [first] = collectTensors(batch, new Set());
  return first?.shape[0] ?? 1;
}

/** The event loop gets its turn after so many milliseconds, for what gives batches without ever waiting. */
const BUDGET = 40;

/** Lets timers, messages and paints through now and again: call it each step. */
export class Breath {
  #last = performance.now();

  get due(): boolean {
    return performance.now() - this.#last > BUDGET;
  }

  async take(): Promise<void> {
    await turn();
    this.#last = performance.now();
  }
}
