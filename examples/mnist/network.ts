import { nn } from "simdgrad";
import { CLASSES } from "./digits.ts";

/** [n, 1, 28, 28] → logits [n, 10]: two 3 × 3 convolutions with pooling, two linear layers. */
export function createModel(): nn.Sequential {
  return new nn.Sequential(
    new nn.Conv2d(1, 16, 3, { padding: 1 }),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Conv2d(16, 32, 3, { padding: 1 }),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Flatten(),
    new nn.Linear(32 * 7 * 7, 128),
    new nn.ReLU(),
    new nn.Linear(128, CLASSES),
  );
}
