import { crossEntropy, data, optim, train, type nn, type Tensor } from "simdgrad";
import type { Digits } from "../mnist/digits.ts";

export interface Settings {
  readonly epochs: number;
  readonly seed: number;
  readonly signal: AbortSignal;
  /** What is done to each batch. */
  readonly transform?: data.BatchTransform<[Tensor, Tensor]>;
  /** The share of the test digits that were read right after an epoch, from 0 to 1. */
  tell(epoch: number, accuracy: number): void;
}

const BATCH = 128;
/** Peak of the learning rate's one cycle. */
const LR = 0.01;

/** Trains with AdamW over one cycle of the learning rate, and tests after each epoch. */
export function learn(
  model: nn.Sequential,
  training: Digits,
  testing: Digits,
  { epochs, seed, signal, transform, tell }: Settings,
): Promise<train.History> {
  const loader = new data.DataLoader(training, {
    batchSize: BATCH,
    shuffle: true,
    seed,
    ...(transform && { transform }),
  });
  const optimizer = new optim.AdamW(model.parameters(), { lr: LR, weightDecay: 0.01 });
  return train.fit(model, loader, {
    epochs,
    optimizer,
    schedule: new optim.OneCycleLR(optimizer, { maxLr: LR, totalSteps: epochs * loader.length }),
    loss: crossEntropy,
    metrics: { accuracy: new train.Accuracy() },
    validation: new data.DataLoader(testing, { batchSize: BATCH }),
    signal,
    callbacks: [{ onEpochEnd: ({ epoch, values }) => tell(epoch, Number(values["valAccuracy"])) }],
  });
}
