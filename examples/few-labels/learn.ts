import { cat, crossEntropy, data, noGrad, optim, type nn, type Tensor } from "simdgrad";
import { normalise, type Digits } from "../mnist/digits.ts";
import { evaluate } from "../mnist/evaluate.ts";

export interface Settings {
  readonly steps: number;
  /** When pseudo-labels begin to count, and from when on they count in full: shares of the steps. */
  readonly ramp: readonly [number, number];
  /** How much they count then, against the labels. */
  readonly weight: number;
  readonly seed: number;
  readonly signal: AbortSignal;
}

const LABELLED = 50;
const UNLABELLED = 150;
/** Steps between two tests. */
const TEST_EVERY = 100;

/** Each digit turned, moved, resized and slanted a little, anew each time. */
const augment = data.transforms.on(
  0,
  data.transforms.randomAffine(10, {
    translate: [0.07, 0.07],
    scale: [0.9, 1.1],
    shear: 8,
    interpolation: "bilinear",
    fill: normalise(0),
  }),
);

/** Batches without end: epoch after epoch. */
async function* endless(digits: Digits, batchSize: number, seed: number): AsyncGenerator<[Tensor, Tensor]> {
  const loader = new data.DataLoader(digits, {
    batchSize,
    shuffle: true,
    dropLast: true,
    seed,
    transform: augment,
  });
  for (;;) yield* loader;
}

/** How much pseudo-labels count after a share of the steps: nothing at first, while they are mostly wrong. */
export function weightAt(share: number, { ramp: [from, to], weight }: Settings): number {
  return weight * Math.min(1, Math.max(0, (share - from) / (to - from)));
}

/**
 * Trains on digits with labels and, where there are others, on those with the model's own answers as labels (D.-H. Lee, "Pseudo-Label",
 * 2013). Gives the accuracy on the test digits as [step, %].
 */
export async function learn(
  model: nn.Sequential,
  labelled: Digits,
  unlabelled: Digits | null,
  testing: Digits,
  settings: Settings,
): Promise<[number, number][]> {
  const { steps, seed, signal } = settings;
  const optimizer = new optim.Adam(model.parameters(), { lr: 0.002 });
  const known = endless(labelled, LABELLED, seed);
  const unknown = unlabelled && endless(unlabelled, UNLABELLED, seed + 1);
  const curve: [number, number][] = [];
  for (let step = 0; step < steps && !signal.aborted; step++) {
    const [x, y] = (await known.next()).value as [Tensor, Tensor];
    const weight = unknown === null ? 0 : weightAt(step / steps, settings);
    model.train();
    optimizer.zeroGrad();
    if (unknown === null || weight === 0) {
      crossEntropy(model.forward(x), y).backward();
    } else {
      const [u] = (await unknown.next()).value as [Tensor, Tensor];
      const logits = model.forward(cat([x, u]));
      const [sure, guessed] = logits.split([LABELLED, UNLABELLED]) as [Tensor, Tensor];
      const pseudo = noGrad(() => guessed.argmax({ dim: 1 }));
      crossEntropy(sure, y).add(crossEntropy(guessed, pseudo).mul(weight)).backward();
    }
    optimizer.step();
    if ((step + 1) % TEST_EVERY === 0) {
      const result = await evaluate(model, testing, signal);
      if (result !== null) curve.push([step + 1, (100 * result.correct) / result.total]);
    }
  }
  await known.return(undefined);
  await unknown?.return(undefined);
  return curve;
}
