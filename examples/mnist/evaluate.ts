import { data, logSoftmax, noGrad, type nn } from "simdgrad";
import { CLASSES, type Digits } from "./digits.ts";

/** As many as keep the intermediate results of a batch in the cache. */
const BATCH = 100;

export interface Evaluation {
  readonly total: number;
  readonly correct: number;
  /** Mean cross-entropy. */
  readonly loss: number;
  /** [total]: the class that the network gives. */
  readonly predicted: Uint8Array;
  /** [total, 10]: the logarithm of the probability that the network gives each class. */
  readonly logProbabilities: Float32Array;
}

/** What a model makes of every digit, or null where the signal ended it early. */
export async function evaluate(
  model: nn.Layer,
  digits: Digits,
  signal?: AbortSignal,
): Promise<Evaluation | null> {
  const predicted = new Uint8Array(digits.length);
  const logProbabilities = new Float32Array(digits.length * CLASSES);
  let correct = 0;
  let loss = 0;
  let done = 0;
  model.eval();
  for await (const [images, labels] of new data.DataLoader(digits, { batchSize: BATCH })) {
    if (signal?.aborted) return null;
    noGrad(() => {
      const scores = logSoftmax(model.forward(images), { dim: 1 });
      predicted.set(scores.argmax({ dim: 1 }).data, done);
      logProbabilities.set(scores.data, done * CLASSES);
    });
    done += labels.size;
  }
  digits.labels.forEach((label, i) => {
    if (predicted[i] === label) correct++;
    loss -= logProbabilities[i * CLASSES + label] ?? NaN;
  });
  return { total: digits.length, correct, loss: loss / digits.length, predicted, logProbabilities };
}
