import type { nn } from "simdgrad";
import type { Digits } from "./digits.ts";
import { evaluate, type Evaluation } from "./evaluate.ts";
import type { Progress } from "./progress.ts";
import { train, type Step, type TrainSettings } from "./train.ts";

export interface EpochResult {
  readonly seconds: number;
  /** Mean over the training digits, each as it was when its turn came. */
  readonly loss: number;
  readonly evaluation: Evaluation;
}

export interface Outcome {
  readonly steps: readonly Step[];
  readonly epochs: readonly EpochResult[];
  /** False where Ctrl-C ended it early. */
  readonly finished: boolean;
}

export interface LearnOptions {
  readonly settings: TrainSettings;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  /** Saves the model as it is: after each epoch, and when training is stopped. */
  save(steps: number): void;
  /** At the end of each epoch. */
  tell(epoch: number, result: EpochResult): void;
}

/** Trains, and tests after each epoch. */
export async function learn(
  model: nn.Sequential,
  sets: { readonly training: Digits; readonly testing: Digits },
  options: LearnOptions,
): Promise<Outcome> {
  const { settings, signal, progress } = options;
  const steps: Step[] = [];
  const epochs: EpochResult[] = [];
  let started = performance.now();
  const finished = await train(model, sets.training, settings, {
    signal,
    step(step) {
      steps.push(step);
      progress.step(step);
    },
    async epoch(epoch) {
      progress.stop();
      const seconds = (performance.now() - started) / 1000;
      options.save(steps.length);
      const evaluation = await evaluate(model, sets.testing, signal);
      if (evaluation === null) return;
      const own = steps.filter((step) => step.epoch === epoch);
      const loss = own.reduce((sum, step) => sum + step.loss * step.size, 0) / sets.training.length;
      const result = { seconds, loss, evaluation };
      epochs.push(result);
      options.tell(epoch, result);
      started = performance.now();
    },
  });
  if (!finished) {
    progress.stop();
    options.save(steps.length);
  }
  return { steps, epochs, finished: finished && epochs.length === settings.epochs };
}
