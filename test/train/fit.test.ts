import { describe, expect, it } from "vitest";
import {
  crossEntropy,
  data,
  manualSeed,
  mseLoss,
  nn,
  noGrad,
  NonFiniteError,
  optim,
  randn,
  scope,
  ShapeError,
  tensor,
  train,
  ValueError,
  type Tensor,
} from "../../src/index.ts";
import { blobs, classifier, expectNoLeaks, owned, weights } from "./sets.ts";

expectNoLeaks();

type Loader = data.DataLoader<data.Rows<readonly [Tensor, Tensor]>>;

interface Setup {
  readonly model: nn.Sequential;
  readonly loader: Loader;
  readonly validation: Loader;
  readonly optimizer: optim.Optimizer;
}

function setup(lr = 0.01): Setup {
  manualSeed(3);
  const loader = new data.DataLoader(blobs(50), { batchSize: 8, shuffle: true, seed: 1 });
  const validation = new data.DataLoader(blobs(20), { batchSize: 8 });
  const model = classifier();
  return { model, loader, validation, optimizer: owned(new optim.Adam(model.parameters(), { lr })) };
}

describe("fit", () => {
  it("is the loop that one writes by hand, to the bit", async () => {
    const EPOCHS = 3;
    const one = setup();
    const cycle = { maxLr: 0.05, totalSteps: EPOCHS * one.loader.length };
    const history = await train.fit(one.model, one.loader, {
      epochs: EPOCHS,
      optimizer: one.optimizer,
      schedule: new optim.OneCycleLR(one.optimizer, cycle),
      loss: crossEntropy,
      clipGradNorm: 1,
      validation: one.validation,
    });

    const two = setup();
    const schedule = new optim.OneCycleLR(two.optimizer, cycle);
    const byHand = new train.History();
    const started = performance.now();
    let step = 0;
    for (let epoch = 1; epoch <= EPOCHS; epoch++) {
      const mean = new train.Mean();
      two.model.train();
      for await (const [x, y] of two.loader) {
        step++;
        two.optimizer.zeroGrad();
        const loss = crossEntropy(two.model.forward(x), y);
        const value = loss.item();
        train.checkLoss(value, { epoch, step });
        loss.backward();
        train.checkGradients(two.model, { epoch, step });
        optim.clipGradNorm(two.model.parameters(), 1);
        byHand.addStep({ epoch, step, loss: value, lr: two.optimizer.lr });
        two.optimizer.step();
        schedule.step();
        mean.update(value, y.size);
      }
      const valid = await train.evaluate(two.model, two.validation, { loss: crossEntropy });
      const values = { loss: mean.compute(), valLoss: valid.loss as number };
      const seconds = (performance.now() - started) / 1000;
      byHand.addEpoch({ epoch, step, lr: byHand.steps.lr.at(-1) as number, seconds, values });
    }
    expect(weights(one.model)).toEqual(weights(two.model));
    expect(history.steps).toEqual(byHand.steps);
    expect(history.epochs.map((e) => ({ ...e, seconds: 0 }))).toEqual(
      byHand.epochs.map((e) => ({ ...e, seconds: 0 })),
    );
    expect(history.stopped).toBeNull();
    expect(history.epochs).toHaveLength(EPOCHS);
    expect(history.steps.loss).toHaveLength(EPOCHS * 7);
    const losses = history.values("valLoss");
    expect(losses[2]).toBeLessThan(losses[0] as number);
    two.optimizer.zeroGrad();
  });

  it("has the same numbers compiled: short batches, accumulation with a rest, averages, metrics, schedules", async () => {
    const run = async (compile: boolean, accumulate: number): Promise<unknown> => {
      const { model, loader, validation, optimizer } = setup();
      const ema = new optim.ExponentialMovingAverage(model.parameters(), { decay: 0.9 });
      const history = await train.fit(model, loader, {
        epochs: 2,
        optimizer,
        schedule: new optim.OneCycleLR(optimizer, { maxLr: 0.05, totalSteps: 100 }),
        loss: crossEntropy,
        metrics: { accuracy: new train.Accuracy() },
        accumulate,
        clipGradNorm: 0.5,
        clipGradValue: 0.2,
        ema,
        validation,
        compile,
      });
      const epochs = history.epochs.map((epoch) => ({ ...epoch, seconds: 0 }));
      const averages = ema.averages.map((t) => Array.from(t.data));
      ema.dispose();
      return { weights: weights(model), averages, steps: history.steps, epochs };
    };
    for (const accumulate of [1, 3])
      expect(await run(true, accumulate)).toEqual(await run(false, accumulate));
  });

  it("compiled, ends at a loss that is no number with the parameters as they were", async () => {
    const { model, loader, optimizer } = setup();
    let steps = 0;
    let before: unknown;
    const training = train.fit(model, loader, {
      epochs: 2,
      optimizer,
      compile: true,
      loss: (output, target) =>
        crossEntropy(output, target)
          .mul(model.parameters()[0] as Tensor)
          .sum()
          .mul(1e30),
      callbacks: [
        {
          onStep: () => {
            steps++;
            before = weights(model);
            const [w] = model.parameters() as [Tensor];
            if (steps === 3) noGrad(() => w.fill_(1e30));
            before = weights(model);
          },
        },
      ],
    });
    await expect(training).rejects.toThrow(
      /^fit: the loss is (NaN or infinite|NaN|-?Infinity) at epoch 1, step 4; the parameters are as they were/,
    );
    expect(weights(model)).toEqual(before);
    expect(steps).toBe(3);
    optimizer.zeroGrad();
  });

  it("takes batches of any form with a step of one's own, from arrays as well", async () => {
    const model = owned(new nn.Linear(2, 1));
    const optimizer = owned(new optim.SGD(model.parameters(), { lr: 0.1 }));
    const batches = [1, 2, 3].map((n) => ({ at: owned(randn([n, 2])), n }));
    const history = await train.fit(model, batches, {
      epochs: 2,
      optimizer,
      step: ({ at }) => model.forward(at).square().mean(),
    });
    expect(history.steps.epoch).toEqual([1, 1, 1, 2, 2, 2]);
    const [a = 0, b = 0, c = 0] = history.steps.loss;
    expect(history.values("loss")[0]).toBeCloseTo((a + 2 * b + 3 * c) / 6, 12);
  });

  it("accumulates batches to one step, the short rest of an epoch too", async () => {
    const run = async (batchSize: number, accumulate: number): Promise<number[]> => {
      manualSeed(5);
      const loader = new data.DataLoader(blobs(20), { batchSize });
      const model = owned(new nn.Linear(4, 3));
      const optimizer = owned(new optim.SGD(model.parameters(), { lr: 0.1 }));
      const history = await train.fit(model, loader, {
        epochs: 2,
        optimizer,
        loss: crossEntropy,
        accumulate,
      });
      expect(history.steps.loss).toHaveLength(6);
      return [...weights(model), ...history.steps.loss];
    };
    const whole = await run(8, 1);
    const parts = await run(2, 4);
    for (const [i, value] of whole.entries()) expect(parts[i]).toBeCloseTo(value, 5);
  });

  it("validates with the averages of the weights and leaves the weights themselves", async () => {
    const { model, loader, validation, optimizer } = setup();
    const ema = owned(new optim.ExponentialMovingAverage(model.parameters(), { decay: 0.9 }));
    const history = await train.fit(model, loader, {
      epochs: 1,
      optimizer,
      loss: crossEntropy,
      ema,
      validation,
    });
    const plain = weights(model);
    const { loss } = await ema.apply(() => train.evaluate(model, validation, { loss: crossEntropy }));
    expect(history.values("valLoss")).toEqual([loss]);
    expect((await train.evaluate(model, validation, { loss: crossEntropy })).loss).not.toBe(loss);
    expect(weights(model)).toEqual(plain);
    expect(ema.count).toBe(7);
  });

  it("trains in training mode, validates in evaluation mode without gradients, and puts modes back", async () => {
    const seen: string[] = [];
    class Spy extends nn.Module {
      readonly inner = new nn.Linear(4, 3);
      forward(x: Tensor): Tensor {
        const y = this.inner.forward(x);
        seen.push(`${this.training} ${y.requiresGrad}`);
        return y;
      }
    }
    const { loader, validation } = setup();
    const model = owned(new Spy());
    model.inner.eval();
    await train.fit(model, loader, {
      epochs: 1,
      optimizer: owned(new optim.SGD(model.parameters(), { lr: 0.1 })),
      loss: crossEntropy,
      validation,
    });
    expect(seen).toEqual([...Array<string>(7).fill("true true"), ...Array<string>(3).fill("false false")]);
    expect([model.training, model.inner.training]).toEqual([true, false]);
  });

  it("moves schedules by the step or by the epoch, and lets the plateau watch a value", async () => {
    const rates = async (
      make: (o: optim.Optimizer) => optim.LRScheduler,
      every?: train.ScheduleEvery,
    ): Promise<number[]> => {
      const { model, loader, validation, optimizer } = setup(0.1);
      const history = await train.fit(model, loader, {
        epochs: 3,
        optimizer,
        schedule: make(optimizer),
        ...(every && { scheduleEvery: every }),
        loss: crossEntropy,
        validation,
      });
      return history.steps.lr;
    };
    const halve = (o: optim.Optimizer): optim.LRScheduler => new optim.ExponentialLR(o, { gamma: 0.5 });
    const byEpoch = await rates(halve);
    expect([byEpoch[0], byEpoch[6], byEpoch[7], byEpoch[14]]).toEqual([0.1, 0.1, 0.05, 0.025]);
    expect((await rates(halve, "step")).slice(0, 3)).toEqual([0.1, 0.05, 0.025]);
    const plateau = await rates((o) => new optim.ReduceLROnPlateau(o, { patience: 0, threshold: 10 }));
    expect(plateau[14]).toBeCloseTo(0.01, 12);
    expect(plateau[7]).toBe(0.1);
  });

  it("calls the callbacks in order, waits for them, and lets them stop", async () => {
    const { model, loader, validation, optimizer } = setup();
    const seen: string[] = [];
    const spy: train.Callback = {
      onStart: (run) => void seen.push(`start of ${run.epochs}, ${run.stepsPerEpoch} steps each`),
      onEpochStart: (run) => void seen.push(`epoch ${run.epoch}`),
      async onStep({ step }, run) {
        await Promise.resolve();
        seen.push(`step ${step}`);
        if (step === 9) run.stop("enough");
      },
      onEpochEnd: ({ epoch, values }) => void seen.push(`end of ${epoch}: ${Object.keys(values).join()}`),
      onEnd: (run, error) => void seen.push(`end at ${run.step}, ${String(error)}`),
    };
    const history = await train.fit(model, loader, {
      epochs: 5,
      optimizer,
      loss: crossEntropy,
      validation,
      callbacks: [spy],
    });
    expect(seen).toEqual([
      "start of 5, 7 steps each",
      "epoch 1",
      ...[1, 2, 3, 4, 5, 6, 7].map((n) => `step ${n}`),
      "end of 1: loss,valLoss",
      "epoch 2",
      "step 8",
      "step 9",
      "end of 2: loss,valLoss",
      "end at 9, undefined",
    ]);
    expect(history.stopped).toBe("enough");
  });

  it("ends before the next batch when aborted, without an error", async () => {
    const { model, loader, optimizer } = setup();
    const controller = new AbortController();
    const history = await train.fit(model, loader, {
      epochs: 5,
      optimizer,
      loss: crossEntropy,
      signal: controller.signal,
      callbacks: [
        {
          onStep: ({ step }) => {
            if (step === 10) controller.abort();
          },
        },
      ],
    });
    expect([history.steps.loss.length, history.epochs.length]).toEqual([10, 1]);
    expect(history.stopped).toMatch(/aborted/);
  });

  it("pauses, resumes, and can be aborted while paused", async () => {
    const { model, loader, optimizer } = setup();
    const control = new train.Control();
    const controller = new AbortController();
    let steps = 0;
    const done = train.fit(model, loader, {
      epochs: 2,
      optimizer,
      loss: crossEntropy,
      control,
      signal: controller.signal,
      callbacks: [
        {
          onStep: ({ step }) => {
            steps = step;
            if (step === 3 || step === 5) control.pause();
          },
        },
      ],
    });
    const paused = async (): Promise<void> => {
      let looks = 0;
      while (looks < 2) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        if (control.paused) looks++;
      }
    };
    await paused();
    expect(steps).toBe(3);
    control.resume();
    await paused();
    expect(steps).toBe(5);
    controller.abort();
    expect((await done).steps.loss).toHaveLength(5);
  });

  it("stops at a loss or gradient that is no number, before it reaches the parameters", async () => {
    const model = owned(new nn.Linear(2, 1));
    const optimizer = owned(new optim.SGD(model.parameters(), { lr: 0.1 }));
    const good = [owned(tensor([[1, 2]])), owned(tensor([[1]]))] as const;
    const bad = [owned(tensor([[1, NaN]])), owned(tensor([[1]]))] as const;
    const seen: number[][] = [];
    let told: unknown = null;
    const spy: train.Callback = {
      onStep: () => void seen.push(weights(model)),
      onEnd(_run, error) {
        told = error;
      },
    };
    const fitting = train.fit(model, [good, good, bad], {
      epochs: 2,
      optimizer,
      loss: mseLoss,
      callbacks: [spy],
    });
    const error: unknown = await fitting.catch((e: unknown) => e);
    expect(error).toBeInstanceOf(NonFiniteError);
    expect(told).toBe(error);
    expect(error).toMatchObject({ epoch: 1, step: 3 });
    expect(String(error)).toMatch(/loss is NaN at epoch 1, step 3.*learning rate/);
    expect(weights(model)).toEqual(seen.at(-1));

    // √0 has a finite value and an infinite slope.
    const before = weights(model);
    const rooted = train.fit(model, [owned(tensor([[0, 0]]))], {
      epochs: 1,
      optimizer,
      step: (x: Tensor) => model.forward(x).sub(model.forward(x)).sum().sqrt(),
    });
    await expect(rooted).rejects.toThrow(/gradient of weight has (NaN|-?Infinity) at epoch 1, step 1/);
    expect(weights(model)).toEqual(before);
    optimizer.zeroGrad();
  });

  it("refuses what makes no sense", async () => {
    const { model, loader, optimizer } = setup();
    const o = { epochs: 1, optimizer };
    const loss = crossEntropy;
    const fails = async (
      p: Promise<unknown>,
      kind: new (...a: never[]) => Error,
      text: RegExp,
    ): Promise<void> => {
      const error: unknown = await p.catch((e: unknown) => e);
      expect(error).toBeInstanceOf(kind);
      expect(String(error)).toMatch(text);
    };
    await fails(train.fit(model, loader, { ...o, epochs: 1.5, loss }), ValueError, /epochs must be a whole/);
    await fails(train.fit(model, loader, o as never), ValueError, /got neither/);
    await fails(train.fit(model, [], { ...o, loss }), ValueError, /no batch in epoch 1/);
    await fails(train.evaluate(model, [], { loss }), ValueError, /no batch/);
    await fails(train.fit(model, [1] as never, { ...o, loss }), ValueError, /pair \[x, y\]/);
    await fails(
      train.fit(model, loader, { ...o, step: ([x]) => model.forward(x) }),
      ShapeError,
      /one number, got shape \[8, 3\]/,
    );
    const generator = (function* () {
      const x = noGrad(() => randn([2, 4]));
      yield [x, owned(tensor([0, 1], { dtype: "i32" }))] as const;
      x.dispose();
    })();
    await fails(train.fit(model, generator, { ...o, epochs: 2, loss }), ValueError, /epoch 2.*generator/);
    const schedule = new optim.ReduceLROnPlateau(optimizer);
    await fails(
      train.fit(model, loader, { ...o, loss, schedule, scheduleEvery: "step" }),
      ValueError,
      /leave out/,
    );
    await fails(
      train.fit(model, loader, { ...o, loss, schedule, scheduleMonitor: "valLoss" }),
      ValueError,
      /"valLoss"; there are loss/,
    );
    const metrics = { odd: { reset: () => 0 } as never };
    await fails(
      train.fit(model, loader, { ...o, step: ([x]) => model.forward(x).sum(), metrics }),
      ValueError,
      /odd needs output and target/,
    );
    scope(() => optimizer.zeroGrad());
  });
});
