import { crossEntropy, manualSeed, optim, tensor } from "simdgrad";
import { Conv2d, Flatten, Linear, MaxPool2d, ReLU, Sequential } from "simdgrad/nn";

/** Five steps of a small CNN. The losses are the same numbers wherever every sum was taken in the same order. */
export function train() {
  manualSeed(7);
  const model = new Sequential(
    new Conv2d(1, 8, 3, { padding: 1 }),
    new ReLU(),
    new MaxPool2d(2),
    new Flatten(),
    new Linear(8 * 6 * 6, 64),
    new ReLU(),
    new Linear(64, 3),
  );
  const optimizer = new optim.Adam(model.parameters(), { lr: 0.003 });
  // Three kinds of noise, one brighter than the other.
  const pixels = Array.from({ length: 48 * 144 }, (_, i) => ((i * 37) % 101) / 101 + (Math.floor(i / 144) % 3) / 2);
  const x = tensor(pixels, { shape: [48, 1, 12, 12] });
  const y = tensor(
    Array.from({ length: 48 }, (_, i) => i % 3),
    { dtype: "i32" },
  );
  return Array.from({ length: 5 }, () => {
    optimizer.zeroGrad();
    const loss = crossEntropy(model.forward(x), y);
    loss.backward();
    optimizer.step();
    return loss.item();
  });
}
