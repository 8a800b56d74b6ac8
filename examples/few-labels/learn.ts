import { cat, crossEntropy, data, noGrad, optim, type nn, type Tensor } from "simdgrad";
import type { Digits } from "../mnist/digits.ts";

export interface Settings {
  readonly steps: number;
  readonly seed: number;
  readonly signal: AbortSignal;
  /** Called at the end and after every 200 steps before. */
  readonly look: (steps: number) => Promise<void>;
}

const LABELLED = 50;
const UNLABELLED = 150;
const LOOK_EVERY = 200;
const LR = 0.002;

/** When pseudo-labels begin to count, and from when on they count in full: shares of the steps. */
const RAMP = [0.1, 0.5] as const;

/** How much pseudo-labels count after a share of the steps: nothing at first, when many are wrong, and at last as much as labels. */
const weightAt = (share: number): number => Math.min(1, Math.max(0, (share - RAMP[0]) / (RAMP[1] - RAMP[0])));

/** Batches without end, epoch after epoch. */
async function* endless(digits: Digits, batchSize: number, seed: number): AsyncGenerator<[Tensor, Tensor]> {
  const loader = new data.DataLoader(digits, { batchSize, shuffle: true, dropLast: true, seed });
  for (;;) yield* loader;
}

/** The loss of a batch with labels and one without, which gets the model's own answers as labels. */
function lossOf(model: nn.Sequential, x: Tensor, y: Tensor, unlabelled: Tensor, weight: number): Tensor {
  model.eval(); // answers come without dropout
  const answers = noGrad(() => model.forward(unlabelled).argmax({ dim: 1 }));
  model.train();
  const [known, guessed] = model.forward(cat([x, unlabelled])).split([LABELLED, UNLABELLED]) as [
    Tensor,
    Tensor,
  ];
  return crossEntropy(known, y).add(crossEntropy(guessed, answers).mul(weight));
}

/** Trains on digits with labels and, unless null, on those without (D.-H. Lee, "Pseudo-Label", 2013). */
export async function learn(
  model: nn.Sequential,
  labelled: Digits,
  others: Digits | null,
  { steps, seed, signal, look }: Settings,
): Promise<void> {
  const optimizer = new optim.Adam(model.parameters(), { lr: LR });
  const unlabelled = others && endless(others, UNLABELLED, seed);
  let step = 0;
  for await (const [x, y] of endless(labelled, LABELLED, seed)) {
    if (step === steps || signal.aborted) break;
    const weight = weightAt(step / steps);
    model.train();
    optimizer.zeroGrad();
    if (unlabelled === null || weight === 0) {
      crossEntropy(model.forward(x), y).backward();
    } else {
      const [images] = (await unlabelled.next()).value as [Tensor, Tensor];
      lossOf(model, x, y, images, weight).backward();
    }
    optimizer.step();
    step++;
    if (step % LOOK_EVERY === 0 || step === steps) await look(step);
  }
  await unlabelled?.return(undefined);
}
