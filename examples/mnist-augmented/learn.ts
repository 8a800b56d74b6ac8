import { crossEntropy, data, optim, train, type nn } from "simdgrad";
import type { Digits } from "../mnist/digits.ts";

export interface Settings {
  readonly epochs: number;
  readonly seed: number;
  readonly signal: AbortSignal;
  /** What is done to each batch of training digits. */
  readonly transform?: data.Transform;
  readonly callbacks?: readonly train.Callback[];
}

const BATCH = 128;
/** Peak of the learning rate's one cycle. */
const LR = 0.01;

/** Trains with AdamW over one cycle of the learning rate, and tests after each epoch. */
export function learn(
  model: nn.Sequential,
  training: Digits,
  testing: Digits,
  { epochs, seed, transform, ...rest }: Settings,
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
    ...rest,
  });
}
