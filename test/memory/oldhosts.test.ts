import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { mseLoss, nn, ones, optim, type Tensor } from "../../src/index.ts";

// As workerd at compatibility dates before 2025-05-05.
beforeEach(() => {
  vi.stubGlobal("WeakRef", undefined);
  vi.stubGlobal("FinalizationRegistry", undefined);
});
afterEach(() => {
  vi.unstubAllGlobals();
});

/** Keeps what it computed last in a field. */
class Remembering extends nn.Module {
  readonly linear = new nn.Linear(2, 2);
  last: Tensor | null = null;

  override forward(x: Tensor): Tensor {
    this.last = x.mul(3).detach();
    return this.linear.forward(x);
  }
}

it("without weak references models are built and trained, and what they hold is not freed", () => {
  const model = new Remembering();
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
  const x = ones([4, 2]);
  const step = (): number => {
    optimizer.zeroGrad();
    const loss = mseLoss(model.forward(x), x);
    loss.backward();
    optimizer.step();
    return loss.item();
  };
  const first = step();
  const held = model.last;
  // Far more passes than an idle tensor outlives.
  for (let i = 0; i < 10; i++) mseLoss(model.linear.forward(x), x).backward();
  expect(held?.toArray()).toEqual(Array(4).fill([3, 3]));
  for (let i = 0; i < 10; i++) step();
  expect(step()).toBeLessThan(first);
  held?.dispose();
  model.dispose();
  x.dispose();
});
