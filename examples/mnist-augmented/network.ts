import { nn } from "simdgrad";
import { CLASSES } from "../mnist/digits.ts";

/** 3 × 3 convolution, half the height and width, batch norm, ReLU: pooling first leaves less to do for what follows. */
const block = (inputs: number, outputs: number): nn.Layer[] => [
  new nn.Conv2d(inputs, outputs, 3, { padding: 1, bias: false }),
  new nn.MaxPool2d(2),
  new nn.BatchNorm2d(outputs),
  new nn.ReLU(),
];

/** [n, 1, 28, 28] → logits [n, 10]. */
export const createModel = (): nn.Sequential =>
  new nn.Sequential(
    ...block(1, 16), // 14 × 14
    ...block(16, 32), // 7 × 7
    ...block(32, 64), // 3 × 3
    new nn.Flatten(),
    new nn.Linear(64 * 3 * 3, CLASSES),
  );
