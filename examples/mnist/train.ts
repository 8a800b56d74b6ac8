import { crossEntropy, data, noGrad, optim, type nn } from "simdgrad";
import type { Digits } from "./digits.ts";
import { Problem } from "../shared/problems.ts";

export interface TrainSettings {
  readonly epochs: number;
  readonly batch: number;
  /** Peak of the learning rate's one cycle. */
  readonly lr: number;
  readonly seed: number;
}

export interface Step {
  /** From 0. */
  readonly epoch: number;
  /** Mean over the batch. */
  readonly loss: number;
  /** Learning rate of the step. */
  readonly lr: number;
  /** How many digits of the batch the network told right before the step, and how many there were. */
  readonly correct: number;
  readonly size: number;
}

export interface Watcher {
  /** Ends training after the running step. */
  readonly signal: AbortSignal;
  step(step: Step): void;
  /** At the end of each epoch. */
  epoch(epoch: number): Promise<void>;
}

/** Trains with Adam over one cycle of the learning rate. Resolves to false where the signal ended it early. */
export async function train(
  model: nn.Sequential,
  digits: Digits,
  settings: TrainSettings,
  watcher: Watcher,
): Promise<boolean> {
  const { epochs, batch, lr, seed } = settings;
  const loader = new data.DataLoader(digits, { batchSize: batch, shuffle: true, seed });
  const optimizer = new optim.Adam(model.parameters(), { lr });
  const schedule = new optim.OneCycleLR(optimizer, { maxLr: lr, totalSteps: epochs * loader.length });

  for (let epoch = 0; epoch < epochs; epoch++) {
    model.train();
    for await (const [images, labels] of loader) {
      if (watcher.signal.aborted) return false;
      const rate = optimizer.lr;
      optimizer.zeroGrad();
      const logits = model.forward(images);
      const loss = crossEntropy(logits, labels);
      loss.backward();
      optimizer.step();
      schedule.step();

      const value = loss.item();
      if (!Number.isFinite(value)) {
        throw new Problem(`the loss is ${value}: training diverged (try a smaller --lr than ${lr})`);
      }
      const correct = noGrad(() => logits.argmax({ dim: 1 }).eq(labels).sum().item());
      watcher.step({ epoch, loss: value, lr: rate, correct, size: labels.size });
    }
    await watcher.epoch(epoch);
    if (watcher.signal.aborted) return false;
  }
  return true;
}
