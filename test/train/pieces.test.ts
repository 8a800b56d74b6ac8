import { describe, expect, it } from "vitest";
import {
  crossEntropy,
  data,
  manualSeed,
  nn,
  noGrad,
  optim,
  train,
  ValueError,
  type Tensor,
} from "../../src/index.ts";
import { blobs, classifier, expectNoLeaks, owned, weights } from "./sets.ts";

expectNoLeaks();

const fitting = (callbacks: train.Callback[], extra: { ema?: boolean } = {}) => {
  const loader = new data.DataLoader(blobs(40), { batchSize: 10, shuffle: true, seed: 2 });
  const model = classifier();
  const optimizer = owned(new optim.Adam(model.parameters(), { lr: 0.03 }));
  const ema = extra.ema
    ? owned(new optim.ExponentialMovingAverage(model.parameters(), { decay: 0.5 }))
    : null;
  const done = train.fit(model, loader, {
    epochs: 8,
    optimizer,
    loss: crossEntropy,
    validation: loader,
    metrics: { accuracy: new train.Accuracy(), table: new train.ConfusionMatrix() },
    callbacks,
    ...(ema && { ema }),
  });
  return { loader, model, done };
};

describe("EarlyStopping", () => {
  const run = (options: train.EarlyStoppingOptions, values: readonly number[]): number => {
    const stopping = new train.EarlyStopping(options);
    return values.findIndex((value) => stopping.update(value)) + 1;
  };

  it.each<[train.EarlyStoppingOptions, number[], number]>([
    [{ patience: 2 }, [3, 2, 2, 2, 1], 4],
    [{ patience: 2 }, [3, 2, 2, 1, 1, 1], 6],
    [{ patience: 1, minDelta: 0.5 }, [3, 2.4, 2, 1], 3],
    [{ patience: 2, monitor: "valAccuracy", mode: "max" }, [0.1, 0.3, 0.2, 0.3], 4],
    [{ patience: 2 }, [NaN, NaN], 2],
    [{ patience: 2 }, [2, NaN, 1, 0], 0],
    [{}, [1, 1, 1, 1, 1, 1], 6],
  ])("%j over %j stops at value %i", (options, values, at) => {
    expect(run(options, values)).toBe(at);
  });

  it("ends fit, and says why", async () => {
    const stopping = new train.EarlyStopping({ monitor: "loss", patience: 1, minDelta: 1e9 });
    const history = await fitting([stopping]).done;
    expect(history.epochs).toHaveLength(2);
    expect(history.stopped).toMatch(/^EarlyStopping: no better loss than .* in 1 epochs$/);
  });

  it("goes on from its state", () => {
    const [a, b] = [new train.EarlyStopping({ patience: 2 }), new train.EarlyStopping({ patience: 2 })];
    a.update(1);
    a.update(2);
    b.loadStateDict(JSON.parse(JSON.stringify(a.stateDict())) as never);
    expect([b.update(2), b.best]).toEqual([true, 1]);
  });

  it("refuses what makes no sense", async () => {
    expect(() => new train.EarlyStopping({ monitor: "valAccuracy" })).toThrow(/mode must be "min" or "max"/);
    expect(() => new train.EarlyStopping({ patience: 0 })).toThrow(ValueError);
    expect(() => new train.EarlyStopping({ minDelta: NaN })).toThrow(ValueError);
    const lost = fitting([new train.EarlyStopping({ monitor: "valF1", mode: "max" })]).done;
    await expect(lost).rejects.toThrow(/"valF1"; there are loss, accuracy, valLoss, valAccuracy /);
    const table = fitting([new train.EarlyStopping({ monitor: "valTable", mode: "max" })]).done;
    await expect(table).rejects.toThrow(/"valTable" is not a number/);
  });
});

describe("BestModel", () => {
  it.each([false, true])("gives the weights of the best epoch back, averages: %s", async (ema) => {
    const best = new train.BestModel({ monitor: "valAccuracy", mode: "max" });
    // The last epoch spoils all, so that it is not the best.
    const spoil: train.Callback = {
      onEpochStart({ epoch, model: victim, optimizer }) {
        if (epoch < 8) return;
        optimizer.lr = 0;
        noGrad(() => victim.parameters().forEach((p) => void p.mul_(-1)));
      },
    };
    const { loader, model, done } = fitting([spoil, best], { ema });
    const history = await done;
    const all = history.values("valAccuracy");
    expect(all.at(-1), "the last epoch is not the best, or this shows nothing").toBeLessThan(
      Math.max(...all),
    );
    expect(best.best).toBe(Math.max(...all));
    const { accuracy } = await train.evaluate(model, loader, {
      loss: crossEntropy,
      metrics: { accuracy: new train.Accuracy() },
    });
    expect(accuracy).toBe(best.best);

    const copy = owned(new train.BestModel({ monitor: "valAccuracy", mode: "max" }));
    copy.loadStateDict(best.stateDict());
    best.dispose();
    const kept = weights(model);
    manualSeed(9);
    const other = classifier();
    copy.restore(other);
    expect(weights(other)).toEqual(kept);
    expect(copy.update(0, other)).toBe(false);
    expect(copy.update(2, other)).toBe(true);
  });

  it("works in a loop of one's own", () => {
    const model = classifier();
    const best = owned(new train.BestModel());
    expect(() => best.restore(model)).toThrow(/no epoch/);
    const start = weights(model);
    expect(best.update(1, model)).toBe(true);
    noGrad(() => model.parameters().forEach((p) => void p.fill_(0)));
    expect(best.update(1, model)).toBe(false);
    best.restore(model);
    expect(weights(model)).toEqual(start);
  });
});

describe("Live", () => {
  it("gives all that happens, to everyone who reads, and ends with training", async () => {
    const live = new train.Live();
    const read = async (each?: () => Promise<void>): Promise<train.LiveUpdate[]> => {
      const updates: train.LiveUpdate[] = [];
      for await (const update of live) {
        updates.push(structuredClone(update));
        await each?.();
      }
      return updates;
    };
    const quick = read();
    const slow = read(() => new Promise((resolve) => setTimeout(resolve, 15)));
    const history = await fitting([live]).done;
    for (const updates of [await quick, await slow]) {
      expect(updates.flatMap(({ steps }) => steps.map(({ loss }) => loss))).toEqual(history.steps.loss);
      expect(updates.flatMap(({ epochs }) => epochs)).toEqual(history.epochs);
    }
    expect(await read()).toEqual([]);
  });
});

describe("History", () => {
  it("goes through JSON and on", async () => {
    const history = await fitting([]).done;
    const copy = new train.History();
    copy.load(JSON.parse(JSON.stringify(history)) as train.HistoryData);
    expect(copy).toEqual(history);
    copy.addStep({ step: 33, epoch: 9, loss: 1, lr: 1 });
    expect(history.steps.loss).toHaveLength(32);
    expect(copy.values("valTable")[0]).toBeNaN();
    expect(() => copy.addStep({ step: 33, epoch: 9, loss: 1, lr: 1 })).toThrow(/in order/);
    expect(() => copy.load({ ...history.toJSON(), steps: { epoch: [], loss: [1], lr: [] } })).toThrow(
      ValueError,
    );
    expect(copy.steps.loss).toHaveLength(33);
  });
});

describe("findLr", () => {
  it("gives a curve that falls and diverges, and leaves everything as it was, to the bit", async () => {
    class Net extends nn.Module {
      readonly net = new nn.Sequential(
        new nn.Linear(4, 16),
        new nn.BatchNorm1d(16),
        new nn.ReLU(),
        new nn.Dropout(0.3),
        new nn.Linear(16, 3),
      );
      forward(x: Tensor): Tensor {
        return this.net.forward(x);
      }
    }
    const train3 = async (
      find: boolean,
      warm: boolean,
    ): Promise<[number[], number[], train.LrCurve | null]> => {
      manualSeed(4);
      const loader = new data.DataLoader(blobs(60), { batchSize: 12, shuffle: true, seed: 3 });
      const model = owned(new Net());
      const optimizer = owned(
        new optim.AdamW([
          { params: model.parameters().slice(0, 2), lr: 0.02 },
          { params: model.parameters().slice(2), lr: 0.01 },
        ]),
      );
      const fit = (): Promise<train.History> =>
        train.fit(model, loader, { epochs: 2, optimizer, loss: crossEntropy });
      if (warm) await fit();
      model.net.at(1)?.eval();
      const curve = find
        ? await train.findLr(model, loader, { optimizer, loss: crossEntropy, from: 1e-5, to: 100 })
        : null;
      expect(model.net.at(1)?.training).toBe(false);
      expect(optimizer.groups.map((g) => g.lr)).toEqual([0.02, 0.01]);
      const history = await fit();
      return [weights(model), history.steps.loss, curve];
    };
    for (const warm of [false, true]) {
      const [plain, losses] = await train3(false, warm);
      const [found, after, curve] = await train3(true, warm);
      expect(found).toEqual(plain);
      expect(after).toEqual(losses);
      if (curve === null || warm) continue;
      const { lrs, smoothed, suggestion } = curve;
      expect(lrs.length).toBeGreaterThan(20);
      expect(lrs.length).toBeLessThan(100);
      expect(lrs[0]).toBe(1e-5);
      expect((lrs[11] as number) / (lrs[10] as number)).toBeCloseTo(1e7 ** (1 / 99), 10);
      const lowest = Math.min(...smoothed);
      expect(smoothed.at(-1)).toBeGreaterThan(4 * lowest);
      expect(suggestion).toBeGreaterThan(1e-4);
      expect(suggestion).toBeLessThan(lrs[smoothed.indexOf(lowest)] as number);
    }
  });

  it("goes on where a batch fails, and puts everything back first", async () => {
    const model = classifier();
    const optimizer = owned(new optim.SGD(model.parameters(), { lr: 0.25 }));
    const before = weights(model);
    const failing = train.findLr(model, [1, 2, 3], {
      optimizer,
      step: (n) => {
        if (n === 3) throw new RangeError("no batch 3");
        return crossEntropy(
          model.forward(blobs(4).get(0)[0].reshape([1, 4])),
          blobs(4).get(0)[1].reshape([1]),
        );
      },
    });
    await expect(failing).rejects.toThrow(RangeError);
    expect(weights(model)).toEqual(before);
    expect(optimizer.lr).toBe(0.25);
    const o = { optimizer, loss: crossEntropy };
    const none: [Tensor, Tensor][] = [];
    await expect(train.findLr(model, none, o)).rejects.toThrow(/no batch/);
    await expect(train.findLr(model, none, { ...o, from: 2, to: 1 })).rejects.toThrow(/from < to/);
    await expect(train.findLr(model, none, { ...o, steps: 1 })).rejects.toThrow(ValueError);
    await expect(train.findLr(model, none, { ...o, divergence: 1 })).rejects.toThrow(ValueError);
  });
});
