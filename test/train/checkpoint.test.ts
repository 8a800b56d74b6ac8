import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  crossEntropy,
  data,
  FormatError,
  getRandomState,
  io,
  manualSeed,
  memory,
  mseLoss,
  nn,
  noGrad,
  optim,
  randn,
  ShapeError,
  tensor,
  train,
  ValueError,
  type Tensor,
} from "../../src/index.ts";

const made: { dispose(): void }[] = [];
const track = <T extends { dispose(): void }>(t: T): T => {
  made.push(t);
  return t;
};
let before = 0;
beforeEach(() => {
  manualSeed(1);
  before = memory().live;
});
afterEach(() => {
  for (const t of made.splice(0)) t.dispose();
  expect(memory().live).toBe(before);
});

const SAMPLES = 30;
const EPOCHS = 2;
const ACCUMULATE = 2;

type Made = [x: Tensor, y: Tensor];

/** Samples made when they are asked for. */
const samples = (length: number): data.Dataset<Made> => ({
  length,
  get: (i) => [tensor([0, 1, 2, 3].map((k) => ((i * (k + 3)) % 7) - 3)), tensor(i % 3, { dtype: "i32" })],
});

const SCHEDULES: Readonly<Record<string, (optimizer: optim.Optimizer) => optim.LRScheduler>> = {
  OneCycleLR: (o) => new optim.OneCycleLR(o, { maxLr: 0.05, totalSteps: 20 }),
  ReduceLROnPlateau: (o) => new optim.ReduceLROnPlateau(o, { patience: 0, factor: 0.7, threshold: 0.05 }),
  SequentialLR: (o) => {
    const first = new optim.LinearLR(o, { startFactor: 0.1, totalIters: 3 });
    const second = new optim.CosineAnnealingWarmRestarts(o, { t0: 2, tMult: 2 });
    return new optim.SequentialLR(o, [first, second], { milestones: [3] });
  },
};
const OPTIMIZERS: Readonly<Record<string, (params: Tensor[]) => optim.Optimizer>> = {
  NAdam: (p) => new optim.NAdam(p, { lr: 0.02 }),
  SGD: (p) => new optim.SGD(p, { lr: 0.05, momentum: 0.9 }),
  RMSprop: (p) => new optim.RMSprop(p, { lr: 0.01, momentum: 0.5, centered: true }),
};

/** A loop as one writes it by hand, with all that has a state. */
class Run {
  readonly model = track(
    new nn.Sequential(
      new nn.Linear(4, 8),
      new nn.BatchNorm1d(8),
      new nn.ReLU(),
      new nn.Dropout(0.4),
      new nn.Linear(8, 3),
    ),
  );
  readonly optimizer: optim.Optimizer;
  readonly schedule: optim.LRScheduler;
  readonly average: optim.ExponentialMovingAverage;
  readonly loader: data.DataLoader<Made>;
  losses: number[] = [];

  constructor(optimizer = "NAdam", schedule = "OneCycleLR") {
    this.optimizer = track((OPTIMIZERS[optimizer] as (typeof OPTIMIZERS)["SGD"])(this.model.parameters()));
    this.schedule = (SCHEDULES[schedule] as (typeof SCHEDULES)["OneCycleLR"])(this.optimizer);
    this.average = track(new optim.ExponentialMovingAverage(this.model.parameters(), { decay: 0.8 }));
    this.loader = new data.DataLoader(samples(SAMPLES), { batchSize: 4, shuffle: true, seed: 5 });
  }

  get parts(): train.Parts {
    const { model, optimizer, schedule, average, loader } = this;
    return { model, optimizer, schedule, average, loader };
  }

  /** Trains to the end of the epochs. */
  async run(onStep: (run: this) => void | Promise<void> = () => undefined): Promise<void> {
    let { epoch } = this.loader.stateDict();
    for (; epoch < EPOCHS; epoch++) {
      let pending = 0;
      for await (const [x, y] of this.loader) {
        if (pending === 0) this.optimizer.zeroGrad();
        const logits = this.model.forward(x);
        const loss = crossEntropy(logits, y);
        loss.backward();
        const value = loss.item();
        // The memory rule would free them four passes later, in the test to come.
        for (const t of [logits, loss]) t.dispose();
        if (++pending < ACCUMULATE) continue;
        pending = 0;
        this.optimizer.step();
        if (this.schedule instanceof optim.ReduceLROnPlateau) this.schedule.step(value);
        else this.schedule.step();
        this.average.update();
        this.losses.push(value);
        await onStep(this);
      }
    }
    this.optimizer.zeroGrad();
  }

  /** All that it came to, to the bit. */
  get outcome(): string {
    const { losses } = this;
    return Buffer.from(train.encodeCheckpoint(this.parts, { losses })).toString("base64");
  }
}

const CASES = [
  ["NAdam", "OneCycleLR"],
  ["SGD", "ReduceLROnPlateau"],
  ["RMSprop", "SequentialLR"],
] as const;

describe.each(CASES)("%s with %s", (optimizer, schedule) => {
  test("goes on bit for bit from every step", async () => {
    const whole = new Run(optimizer, schedule);
    const saved: Uint8Array[] = [];
    const save = (run: Run): void => {
      saved.push(train.encodeCheckpoint(run.parts, { losses: run.losses }));
    };
    save(whole);
    await whole.run(save);
    const steps = EPOCHS * Math.floor(SAMPLES / 4 / ACCUMULATE);
    expect(saved.length).toBeGreaterThan(steps);
    expect(new Set(whole.losses).size).toBe(whole.losses.length);
    const rates = whole.optimizer.stateDict().param_groups.map((group) => group["lr"]);
    for (const [step, bytes] of saved.entries()) {
      // Another process has another stream, other weights, and perhaps another rate.
      manualSeed(99 + step);
      const rest = new Run(optimizer, schedule);
      rest.optimizer.lr = 7;
      rest.model.eval();
      const { losses } = train.decodeCheckpoint(bytes, rest.parts) as { losses: number[] };
      expect(losses).toHaveLength(step);
      rest.losses = losses;
      await rest.run();
      expect(rest.outcome === whole.outcome, `from step ${step}`).toBe(true);
    }
    expect(rates).toEqual(whole.optimizer.stateDict().param_groups.map((group) => group["lr"]));
  });
});

describe("a checkpoint in a store", () => {
  test("is found again, with its data, odd numbers and tensors among them", async () => {
    const store = io.memoryStore();
    const { model, optimizer } = new Run();
    const note = { best: -Infinity, list: [NaN, -0, null], text: "ü" };
    await train.saveCheckpoint(store, "run", { model, optimizer }, note);
    const found = await train.loadCheckpoint<typeof note>(store, "run", { model, optimizer });
    expect(found?.data).toEqual(note);
    expect(await train.loadCheckpoint(store, "walk", { model, optimizer })).toBe(null);
  });

  test("gives the weights alone where that is asked for, and leaves the random stream", async () => {
    const store = io.memoryStore();
    const first = new Run();
    await train.saveCheckpoint(store, "run", first.parts);
    const { model } = new Run();
    const random = getRandomState();
    await train.loadCheckpoint(store, "run", { model }, { partial: true });
    const x = track(randn([2, 4]));
    const answers = [first.model, model].map((m) => noGrad(() => m.eval().forward(x).toArray()));
    expect(answers[1]).toEqual(answers[0]);
    manualSeed(0);
    expect(random).not.toEqual(getRandomState());
  });

  test("keeps what is frozen and what does not train", () => {
    const { model } = new Run();
    model.at(0)?.requiresGrad_(false);
    model.at(1)?.eval();
    const bytes = train.encodeCheckpoint({ model });
    const { model: other } = new Run();
    train.decodeCheckpoint(bytes, { model: other });
    expect(other.parameters().map((p) => p.requiresGrad)).toEqual([false, false, true, true, true, true]);
    expect([...other].map((layer) => layer.training)).toEqual([true, false, true, true, true]);
  });
});

describe("what is refused, and changes nothing", () => {
  const others: readonly [string, (run: Run) => train.Parts, RegExp, unknown][] = [
    ["another optimiser", (r) => ({ ...r.parts, optimizer: new Run("SGD").optimizer }), /optimizer is NAdam in it and SGD here/, ValueError],
    ["another schedule", (r) => ({ ...r.parts, schedule: new Run("NAdam", "SequentialLR").schedule }), /schedule is OneCycleLR in it and SequentialLR here/, ValueError],
    ["another layer", (r) => ({ ...r.parts, model: track(new nn.Sequential(new nn.Linear(4, 8), new nn.BatchNorm1d(8), new nn.Tanh(), new nn.Dropout(0.4), new nn.Linear(8, 3))) }), /another model, model\.2 is ReLU\(\) in it and Tanh\(\) here/, ValueError],
    ["a layer more", (r) => ({ ...r.parts, model: track(new nn.Sequential(...r.model, new nn.ReLU())) }), /model\.5 is missing in it and ReLU\(\) here/, ValueError],
    ["no schedule", ({ parts: { schedule: _, ...parts } }) => parts, /its part schedule is not asked for/, ValueError],
    ["a part more", (r) => ({ ...r.parts, second: r.optimizer }), /it has no part second, it has model, optimizer/, ValueError],
    ["parameters in other groups", (r) => { const [p, ...more] = r.model.parameters(); return { ...r.parts, optimizer: track(new optim.NAdam([{ params: [p as Tensor] }, { params: more }])) }; }, /optimizer: NAdam\.loadStateDict: the state has 1 groups/, ValueError],
    ["an average of other weights", (r) => ({ ...r.parts, average: track(new optim.ExponentialMovingAverage(r.model.parameters().reverse())) }), /average: .*does not fit/, ShapeError],
    ["another dataset", (r) => ({ ...r.parts, loader: new data.DataLoader(samples(1)) }), /loader: DataLoader: the state is that of batch 4/, ValueError],
  ]; // prettier-ignore

  test.each(others)("%s", async (_, partsOf, message, kind) => {
    const saved: Uint8Array[] = [];
    const first = new Run();
    await first.run(({ parts }) => void saved.push(train.encodeCheckpoint(parts)));
    const run = new Run();
    const parts = partsOf(run);
    const was = train.encodeCheckpoint(parts);
    let error: unknown;
    try {
      train.decodeCheckpoint(saved[1] as Uint8Array, parts, { name: "run-2" });
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(kind);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).toMatch(/^loadCheckpoint: run-2: /);
    expect(Buffer.compare(train.encodeCheckpoint(parts), was)).toBe(0);
  });

  test("a class of one's own with other sizes, by the key", () => {
    class Own extends nn.Module {
      readonly weight: nn.Parameter;
      constructor(n: number) {
        super();
        this.weight = new nn.Parameter(randn([n]));
      }
      override forward(x: Tensor): Tensor {
        return mseLoss(x, this.weight);
      }
    }
    const bytes = train.encodeCheckpoint({ model: track(new Own(3)) });
    expect(() => train.decodeCheckpoint(bytes, { model: track(new Own(2)) })).toThrow(
      "loadCheckpoint: the bytes: model: loadStateDict: weight is [2] here and [3] in the state",
    );
  });

  test("what cannot be written down", () => {
    const part = { stateDict: () => ({ then: new Map() }), loadStateDict: () => undefined };
    expect(() => train.encodeCheckpoint({ part })).toThrow(/^part\.then: cannot be written down, Map/);
    expect(() => train.encodeCheckpoint({}, { fn: () => 1 })).toThrow(/^data\.fn: cannot be/);
  });

  test("a file cut off or damaged anywhere, a model file, and another version", async () => {
    const { parts } = new Run();
    const bytes = train.encodeCheckpoint(parts);
    const random = getRandomState();
    const refuses = (damaged: Uint8Array): string => {
      try {
        train.decodeCheckpoint(damaged, parts, { name: "run" });
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
        expect((error as Error).message).toMatch(/^loadCheckpoint: .*, run(, key ".+")?, byte \d+ \(/);
        return (error as Error).message;
      }
      return "taken";
    };
    for (let n = 0; n < bytes.length; n += n < 3000 ? 97 : 13) refuses(bytes.subarray(0, n));
    const start = 8 + new DataView(bytes.buffer).getUint32(0, true);
    for (let at = 0; at < bytes.length; at += 61) {
      const damaged = bytes.slice();
      damaged[at] = (damaged[at] as number) ^ 1;
      expect(refuses(damaged), `byte ${at}`).not.toBe("taken");
    }
    const damaged = bytes.slice();
    damaged[start] = (damaged[start] as number) ^ 1;
    expect(refuses(damaged)).toMatch(/checksum differs, run, key ".+", byte/);
    expect(getRandomState()).toEqual(random);
    const { seal } = await import("../../src/io/sealed.ts");
    const newer = seal("test", { key: "simdgrad.checkpoint", version: 2, what: "" }, {}, []);
    expect(refuses(newer)).toMatch(/checkpoint of version 2, and this simdgrad reads version 1/);
    expect(refuses(io.save(parts["model"] as nn.Module))).toMatch(/no checkpoint, its metadata lack a key/);
    expect(() => io.load(bytes)).toThrow(/no model file/);
  });
});
