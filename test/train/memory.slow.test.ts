import { expect, it } from "vitest";
import { crossEntropy, data, memory, optim, train } from "../../src/index.ts";
import { blobs, classifier, expectNoLeaks, owned } from "./sets.ts";

expectNoLeaks();

it(
  "10,000 steps of fit with all that it has end with the bytes of step 100",
  { timeout: 600_000 },
  async () => {
    const model = classifier();
    const loader = new data.DataLoader(blobs(100), { batchSize: 10, shuffle: true });
    const optimizer = owned(new optim.AdamW(model.parameters(), { lr: 0.001 }));
    let early = memory();
    let last = memory();
    const history = await train.fit(model, loader, {
      epochs: 2000,
      optimizer,
      loss: crossEntropy,
      accumulate: 2,
      clipGradNorm: 1,
      ema: owned(new optim.ExponentialMovingAverage(model.parameters())),
      validation: new data.DataLoader(blobs(20), { batchSize: 10 }),
      metrics: { accuracy: new train.Accuracy(), f1: new train.F1({ average: "macro" }) },
      callbacks: [
        owned(new train.BestModel()),
        {
          onStep({ step }) {
            if (step === 100) early = memory();
            if (step === 10_000) last = memory();
          },
        },
      ],
    });
    expect(history.steps.loss).toHaveLength(10_000);
    expect(last).toEqual({ ...early, peak: last.peak });
  },
);
