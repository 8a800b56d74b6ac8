/** A training with everything in it that has a state, small enough to be stopped at every step. */
import type * as Simdgrad from "../../src/index.ts";
import type { data, Tensor, train } from "../../src/index.ts";

/** The sources, or what is built of them. */
export type Library = typeof Simdgrad;

type Batch = [x: Tensor, y: Tensor];

export const EPOCHS = 3;
const SAMPLES = 44;

const dataset = ({ tensor }: Library, length: number): data.Dataset<Batch> => ({
  length,
  get: (i) => [tensor([0, 1, 2, 3].map((k) => ((i * (k + 3)) % 7) - 3)), tensor(i % 3, { dtype: "i32" })],
});

/** Counts what it sees, and keeps the count. */
class Counter implements train.Callback {
  steps = 0;
  starts = 0;
  onStep(): void {
    this.steps++;
  }
  onEpochStart(): void {
    this.starts++;
  }
  stateDict(): Readonly<Record<string, unknown>> {
    return { steps: this.steps, starts: this.starts };
  }
  loadStateDict({ steps, starts }: Readonly<Record<string, unknown>>): void {
    this.steps = steps as number;
    this.starts = starts as number;
  }
}

type Extra = Partial<
  Pick<train.FitOptions<Batch, Tensor, Tensor>, "checkpoint" | "resume" | "signal" | "callbacks" | "epochs">
>;

export interface Outcome {
  readonly history: train.History;
  /** Weights, averages, state of the optimiser and so on, and what was counted. */
  readonly all: Uint8Array;
}

/** Runs it, from the checkpoint where there is one. */
export async function runProgram(lib: Library, extra: Extra, epochs = EPOCHS): Promise<Outcome> {
  const { crossEntropy, data, manualSeed, nn, optim, train } = lib;
  class MeanOutput extends lib.train.Metric<{ sum: number; count: number }> {
    protected override start(): { sum: number; count: number } {
      return { sum: 0, count: 0 };
    }
    override update(output: Tensor): void {
      for (const value of output.data) this.state.sum += value;
      this.state.count += output.size;
    }
    override compute(): number {
      return this.state.sum / this.state.count;
    }
  }

  manualSeed(4);
  const model = new nn.Sequential(
    new nn.Linear(4, 16),
    new nn.BatchNorm1d(16),
    new nn.ReLU(),
    new nn.Dropout(0.3),
    new nn.Linear(16, 3),
  );
  const optimizer = new optim.AdamW(model.parameters(), { lr: 0.01 });
  const schedule = new optim.OneCycleLR(optimizer, { maxLr: 0.05, totalSteps: 100 });
  const ema = new optim.ExponentialMovingAverage(model.parameters(), { decay: 0.7 });
  const loader = new data.DataLoader(dataset(lib, SAMPLES), { batchSize: 4, shuffle: true, seed: 7 });
  const counter = new Counter();
  try {
    const history = await train.fit(model, loader, {
      epochs,
      optimizer,
      schedule,
      ema,
      loss: crossEntropy,
      accumulate: 2,
      clipGradNorm: 1,
      metrics: { mean: new MeanOutput() },
      validation: new data.DataLoader(dataset(lib, 9), { batchSize: 4 }),
      ...extra,
      callbacks: [counter, ...(extra.callbacks ?? [])],
    });
    const { steps, epochs: records, stopped } = history;
    const values = records.map(({ epoch, step, lr, values: v }) => ({ epoch, step, lr, values: v }));
    const notes = { steps, values, stopped, counter: counter.stateDict() };
    return { history, all: train.encodeCheckpoint({ model, optimizer, schedule, ema, loader }, notes) };
  } finally {
    for (const part of [model, optimizer, ema]) part.dispose();
  }
}
