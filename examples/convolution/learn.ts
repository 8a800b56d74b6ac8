import { crossEntropy, data, noGrad, optim, type nn, type Tensor } from "simdgrad";
import type { Digits } from "../mnist/digits.ts";

const BATCH = 64;
const LR = 0.005;

/** Shows the model each digit once. */
export async function learn(
  model: nn.Sequential,
  digits: Digits,
  seed: number,
  signal: AbortSignal,
): Promise<void> {
  const loader = new data.DataLoader(digits, { batchSize: BATCH, shuffle: true, seed });
  const optimizer = new optim.Adam(model.parameters(), { lr: LR });
  const schedule = new optim.OneCycleLR(optimizer, { maxLr: LR, totalSteps: loader.length });
  model.train();
  for await (const [images, labels] of loader) {
    if (signal.aborted) return;
    optimizer.zeroGrad();
    crossEntropy(model.forward(images), labels).backward();
    optimizer.step();
    schedule.step();
  }
}

/** The share of the digits that the model reads right, in %; `change` is done to the images before. */
export async function accuracy(
  model: nn.Sequential,
  digits: Digits,
  change = (images: Tensor): Tensor => images,
): Promise<number> {
  let correct = 0;
  model.eval();
  for await (const [images, labels] of new data.DataLoader(digits, { batchSize: 100 })) {
    correct += noGrad(() => {
      const logits = model.forward(change(images));
      return logits.argmax({ dim: 1 }).eq(labels).sum().item();
    });
  }
  return (100 * correct) / digits.length;
}
