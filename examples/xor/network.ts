import { binaryCrossEntropyWithLogits, nn, optim, tensor } from "simdgrad";

/** The four questions and their answers: one or the other, but not both. */
export const QUESTIONS = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
];
export const ANSWERS = [[0], [1], [1], [0]];

/** The whole of it, in ten lines: `look` sees each step's number, the loss before it and the network. */
export function learnXor(
  steps: number,
  look: (step: number, loss: number, model: nn.Sequential) => void,
): void {
  const [x, y] = [tensor(QUESTIONS), tensor(ANSWERS)];
  const model = new nn.Sequential(new nn.Linear(2, 8), new nn.Tanh(), new nn.Linear(8, 1));
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.5, momentum: 0.9 });
  for (let step = 0; step < steps; step++) {
    const loss = binaryCrossEntropyWithLogits(model.forward(x), y); // 1 forward, 2 loss
    loss.backward(); // 3 backward
    look(step, loss.item(), model);
    optimizer.step(); // 4 step
    optimizer.zeroGrad();
  } // 5 repeat
}
