import { describe, expect, it } from "vitest";
import { crossEntropy, manualSeed, memory, nn, optim, randn, tensor } from "../../src/index.ts";

describe("2,000 training steps", () => {
  it("a CNN with batch norm and dropout ends with the bytes and pages of step 100", () => {
    manualSeed(0);
    const model = new nn.Sequential(
      new nn.Conv2d(1, 4, 3, { padding: 1 }),
      new nn.BatchNorm2d(4),
      new nn.ReLU(),
      new nn.MaxPool2d(2),
      new nn.Flatten(),
      new nn.Dropout(0.2),
      new nn.Linear(4 * 4 * 4, 3),
    );
    const optimizer = new optim.Adam(model.parameters());
    let early = memory();
    for (let i = 0; i < 2000; i++) {
      const x = randn([4, 1, 8, 8]);
      const y = tensor(Int32Array.from({ length: 4 }, (_, j) => (i + j) % 3));
      optimizer.zeroGrad();
      const loss = crossEntropy(model.forward(x), y);
      loss.backward();
      optimizer.step();
      if (i === 100) early = memory();
    }
    const late = memory();
    expect(late.live).toBe(early.live);
    expect(late.reserved).toBe(early.reserved);
    expect(late.storages).toBe(early.storages);
  });
});
