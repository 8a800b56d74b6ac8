import { nn } from "simdgrad";
import { AREA, CLASSES } from "../mnist/digits.ts";

/** Maps that each convolution makes. */
export const CHANNELS = [8, 16] as const;

/** [n, 1, 28, 28] → logits [n, 10]. */
export const convolutional = (): nn.Sequential =>
  new nn.Sequential(
    new nn.Conv2d(1, CHANNELS[0], 3, { padding: 1 }),
    new nn.ReLU(),
    new nn.MaxPool2d(2), // 28 × 28 → 14 × 14
    new nn.Conv2d(CHANNELS[0], CHANNELS[1], 3, { padding: 1 }),
    new nn.ReLU(),
    new nn.MaxPool2d(2), // 14 × 14 → 7 × 7
    new nn.Flatten(),
    new nn.Linear(CHANNELS[1] * 7 * 7, CLASSES),
  );

/** The same task without convolution: every hidden unit looks at every pixel. */
export const dense = (): nn.Sequential =>
  new nn.Sequential(new nn.Flatten(), new nn.Linear(AREA, 32), new nn.ReLU(), new nn.Linear(32, CLASSES));

/** Weights and biases. */
export const sizeOf = (model: nn.Module): number => model.parameters().reduce((sum, p) => sum + p.size, 0);
