import { nn } from "simdgrad";
import { CLASSES } from "../mnist/digits.ts";

/** [n, 1, 28, 28] → logits [n, 10]. */
export const createModel = (): nn.Sequential =>
  new nn.Sequential(
    new nn.Conv2d(1, 16, 3, { padding: 1 }),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Conv2d(16, 32, 3, { padding: 1 }),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Flatten(),
    new nn.Dropout(0.3),
    new nn.Linear(32 * 7 * 7, CLASSES),
  );
