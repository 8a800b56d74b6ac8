import { afterEach, beforeEach, expect } from "vitest";
import { data, keep, manualSeed, memory, nn, randn, tensor, type Tensor } from "../../src/index.ts";

/** Small synthetic sets and models. What they are made of is freed after each test, which must end with the bytes it began with. */

const made: { dispose(): void }[] = [];

/** Frees it after the test. */
export function owned<T extends { dispose(): void }>(thing: T): T {
  made.push(thing);
  return thing;
}

/** Lets the memory rule free what is idle: it counts backward passes. */
export function letIdleGo(): void {
  const p = new nn.Parameter(tensor([0]));
  for (let i = 0; i < 6; i++) {
    p.square().sum().backward();
    p.grad?.dispose();
    p.grad = null;
  }
  p.dispose();
}

export function expectNoLeaks(): void {
  let before = 0;
  beforeEach(() => {
    letIdleGo();
    before = memory().live;
    manualSeed(3);
  });
  afterEach(() => {
    for (const thing of made.splice(0)) thing.dispose();
    letIdleGo();
    expect(memory().live, "live bytes after the test").toBe(before);
  });
}

/** Two blobs of points in `features` dimensions that overlap a little; class = blob. */
export function blobs(n: number, features = 4, classes = 3): data.TensorDataset<readonly [Tensor, Tensor]> {
  const x = randn([n, features]);
  const labels = Int32Array.from({ length: n }, (_, i) => i % classes);
  const values = x.data as Float32Array;
  for (let i = 0; i < n; i++) {
    const at = i * features + ((labels[i] as number) % features);
    values[at] = (values[at] as number) + 2;
  }
  x.dispose();
  return owned(
    new data.TensorDataset(
      owned(keep(tensor(values, { shape: [n, features] }))),
      owned(keep(tensor(labels))),
    ),
  );
}

export const classifier = (features = 4, classes = 3): nn.Sequential =>
  owned(
    new nn.Sequential(
      new nn.Linear(features, 16),
      new nn.ReLU(),
      new nn.Dropout(0.2),
      new nn.Linear(16, classes),
    ),
  );

/** All weights, one after the other. */
export const weights = (model: nn.Module): number[] =>
  Object.values(model.stateDict()).flatMap((t) => Array.from(t.data as Float32Array));
