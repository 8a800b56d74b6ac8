import { describe, expect, it } from "vitest";
import {
  cat,
  crossEntropy,
  manualSeed,
  memory,
  mseLoss,
  nn,
  noGrad,
  optim,
  randn,
  tensor,
  zeros,
  type Tensor,
} from "../../src/index.ts";
import { programs } from "./programs.ts";

const STEPS = 10_000;

/** Runs the steps; live bytes, storages and pages at the end must be those of step 100. */
function expectFlat(step: (i: number) => void): void {
  let early = memory();
  for (let i = 1; i <= STEPS; i++) {
    step(i);
    if (i === 100) early = memory();
  }
  expect(memory()).toEqual({ ...early, peak: memory().peak });
}

const labels = (n: number, i: number): Tensor =>
  tensor(Int32Array.from({ length: n }, (_, j) => (i + j) % 3));

/** An Elman cell of linear layers. */
class Cell extends nn.Module {
  readonly fromInput: nn.Linear;
  readonly fromState: nn.Linear;

  constructor(inputs: number, hidden: number) {
    super();
    this.fromInput = new nn.Linear(inputs, hidden);
    this.fromState = new nn.Linear(hidden, hidden, { bias: false });
  }

  forward(x: Tensor, h: Tensor): Tensor {
    return this.fromInput.forward(x).add(this.fromState.forward(h)).tanh();
  }
}

class Recurrent extends nn.Module {
  readonly cell = new Cell(3, 8);
  readonly head = new nn.Linear(8, 3);

  /** x [batch, time, features] → [batch, classes]. */
  forward(x: Tensor): Tensor {
    let h: Tensor = zeros([x.shape[0] as number, 8]);
    for (let t = 0; t < (x.shape[1] as number); t++) h = this.cell.forward(x.select(1, t), h);
    return this.head.forward(h);
  }
}

const models: [string, () => { forward(x: Tensor): Tensor; parameters(): Tensor[] }, number[]][] = [
  [
    "an MLP",
    () => new nn.Sequential(new nn.Linear(4, 16), new nn.ReLU(), new nn.Dropout(0.1), new nn.Linear(16, 3)),
    [8, 4],
  ],
  [
    "a CNN with batch norm and dropout",
    () =>
      new nn.Sequential(
        new nn.Conv2d(1, 4, 3, { padding: 1 }),
        new nn.BatchNorm2d(4),
        new nn.ReLU(),
        new nn.MaxPool2d(2),
        new nn.Flatten(),
        new nn.Dropout(0.2),
        new nn.Linear(4 * 4 * 4, 3),
      ),
    [4, 1, 8, 8],
  ],
  ["a recurrent net", () => new Recurrent(), [4, 6, 3]],
];

describe("10,000 steps end with the bytes and pages of step 100", { timeout: 600_000 }, () => {
  it.each(models)("inferences of %s that return numbers", (_name, make, shape) => {
    manualSeed(0);
    const model = make();
    expectFlat(() => {
      const x = tensor(new Float32Array(shape.reduce((a, b) => a * b)), { shape });
      noGrad(() => model.forward(x).argmax({ dim: 1 }).sum().item());
      x.dispose();
    });
  });

  it.each(models)("training %s", (_name, make, shape) => {
    manualSeed(0);
    const model = make();
    const optimizer = new optim.Adam(model.parameters());
    let total = 0;
    expectFlat((i) => {
      const x = randn(shape);
      const y = labels(shape[0] as number, i);
      optimizer.zeroGrad();
      const loss = crossEntropy(model.forward(x), y);
      loss.backward();
      optimizer.step();
      total += loss.item();
    });
    expect(total).toBeGreaterThan(0);
  });

  it("training with an evaluation of 50 batches every 500 steps, its outputs joined at the end", () => {
    manualSeed(0);
    const model = new nn.Linear(4, 3);
    const optimizer = new optim.Adam(model.parameters());
    const x = randn([8, 4]);
    const y = randn([8, 3]);
    expectFlat((i) => {
      optimizer.zeroGrad();
      mseLoss(model.forward(x), y).backward();
      optimizer.step();
      if (i % 500 !== 50) return;
      const outputs: Tensor[] = [];
      for (let j = 0; j < 50; j++) outputs.push(noGrad(() => model.forward(x)));
      expect(cat(outputs).shape).toEqual([400, 3]);
    });
  });

  it.each(programs.filter((p) => !/noGrad and held|cache/.test(p.name)))("$name", ({ make, weight = 1 }) => {
    manualSeed(1);
    const step = make();
    let at = 0;
    expectFlat((i) => {
      if (i <= 100 || i % weight === 0) step(at++);
    });
  });
});
