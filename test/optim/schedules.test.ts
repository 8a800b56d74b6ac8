import { afterAll, describe, expect, it } from "vitest";
import { nn, optim, tensor } from "../../src/index.ts";

const p = new nn.Parameter(tensor([0]));
afterAll(() => p.dispose());

const sgd = (lr = 1): optim.SGD => new optim.SGD([p], { lr });

/** Rates before each of `steps` steps. */
function rates(optimizer: { lr: number }, schedule: { step(): void }, steps: number): number[] {
  return Array.from({ length: steps }, () => {
    const { lr } = optimizer;
    schedule.step();
    return lr;
  });
}

function expectRates(
  make: (optimizer: optim.SGD) => { step(): void },
  expected: (t: number) => number,
  steps = 40,
): void {
  const optimizer = sgd();
  const found = rates(optimizer, make(optimizer), steps);
  for (const [t, lr] of found.entries()) expect(lr, `step ${t}`).toBeCloseTo(expected(t), 12);
  optimizer.dispose();
}

describe("schedules", () => {
  it("follow their closed forms", () => {
    expectRates(
      (o) => new optim.StepLR(o, { stepSize: 3 }),
      (t) => 0.1 ** Math.floor(t / 3),
    );
    expectRates(
      (o) => new optim.MultiStepLR(o, { milestones: [4, 4, 9], gamma: 0.5 }),
      (t) => (t < 4 ? 1 : t < 9 ? 0.25 : 0.125),
    );
    expectRates(
      (o) => new optim.ConstantLR(o, { factor: 0.25 }),
      (t) => (t < 5 ? 0.25 : 1),
    );
    expectRates(
      (o) => new optim.LinearLR(o, { startFactor: 0.5, endFactor: 0.1, totalIters: 8 }),
      (t) => 0.5 - (0.4 * Math.min(t, 8)) / 8,
    );
    for (const power of [0, 0.9, 1, 2, 2.5]) {
      expectRates(
        (o) => new optim.PolynomialLR(o, { totalIters: 20, power }),
        (t) => (1 - Math.min(t, 20) / 20) ** power,
        power === 0 ? 20 : 40,
      );
    }
    expectRates(
      (o) => new optim.CosineAnnealingLR(o, { tMax: 7, etaMin: 0.1 }),
      (t) => 0.1 + (0.9 * (1 + Math.cos((Math.PI * t) / 7))) / 2,
    );
    expectRates(
      (o) => new optim.LambdaLR(o, (t) => 1 / (1 + t)),
      (t) => 1 / (1 + t),
    );
    expectRates(
      (o) => new optim.MultiplicativeLR(o, [() => 0.9]),
      (t) => 0.9 ** t,
    );
  });

  it("CosineAnnealingWarmRestarts starts anew, later and later, and takes fractions", () => {
    const at = (t: number): number => {
      let length = 3;
      for (; t >= length; length *= 2) t -= length;
      return 0.1 + (0.9 * (1 + Math.cos((Math.PI * t) / length))) / 2;
    };
    const make = (o: optim.SGD): optim.CosineAnnealingWarmRestarts =>
      new optim.CosineAnnealingWarmRestarts(o, { t0: 3, tMult: 2, etaMin: 0.1 });
    expectRates(make, at, 50);
    const optimizer = sgd();
    const schedule = make(optimizer);
    for (const epoch of [0.5, 2.75, 3, 10.25, 1]) {
      schedule.step(epoch);
      expect(optimizer.lr).toBeCloseTo(at(epoch), 12);
    }
    optimizer.dispose();
  });

  it("SequentialLR gives each its turn from the base rate", () => {
    const make = (o: optim.SGD): optim.SequentialLR =>
      new optim.SequentialLR(
        o,
        [
          new optim.LinearLR(o, { startFactor: 0.1, totalIters: 4 }),
          new optim.ExponentialLR(o, { gamma: 0.5 }),
          new optim.ConstantLR(o, { factor: 0.25, totalIters: 2 }),
        ],
        { milestones: [4, 7] },
      );
    const expected = [0.1, 0.325, 0.55, 0.775, 1, 0.5, 0.25, 0.25, 0.25, 1, 1];
    expectRates(make, (t) => expected[t] as number, expected.length);
  });

  it("ChainedScheduler multiplies", () => {
    expectRates(
      (o) =>
        new optim.ChainedScheduler([
          new optim.ConstantLR(o, { factor: 0.1, totalIters: 3 }),
          new optim.ExponentialLR(o, { gamma: 0.9 }),
        ]),
      (t) => (t < 3 ? 0.1 : 1) * 0.9 ** t,
      10,
    );
  });

  it("ReduceLROnPlateau waits, cools down, stops at minLr, and takes NaN for bad", () => {
    const optimizer = sgd();
    const schedule = new optim.ReduceLROnPlateau(optimizer, {
      mode: "max",
      factor: 0.5,
      patience: 1,
      cooldown: 2,
      minLr: 0.2,
      threshold: 0.5,
      thresholdMode: "abs",
    });
    const seen = [1, 1.4, NaN, 1, 1, 1, 1, 1, 1, 1, 1].map((metric) => {
      schedule.step(metric);
      return optimizer.lr;
    });
    expect(seen).toEqual([1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.2]);
    const metric = tensor([2]);
    schedule.step(metric);
    expect(schedule.best).toBe(2);
    expect(() => {
      schedule.step();
    }).toThrow(/step takes the metric/);
    metric.dispose();
    optimizer.dispose();
  });

  it("OneCycleLR has three phases if asked, and a peak for each group", () => {
    const q = new nn.Parameter(tensor([0]));
    const optimizer = new optim.Adam([{ params: [p] }, { params: [q] }]);
    const schedule = new optim.OneCycleLR(optimizer, {
      maxLr: [1, 2],
      totalSteps: 20,
      pctStart: 0.25,
      annealStrategy: "linear",
      divFactor: 10,
      finalDivFactor: 100,
      threePhase: true,
    });
    const seen = Array.from({ length: 20 }, (_, t) => {
      if (t > 0) schedule.step();
      return [...schedule.getLastLr(), optimizer.groups[0]?.momentum as number];
    });
    expect(seen[0]?.map((x) => Number(x.toFixed(9)))).toEqual([0.1, 0.2, 0.95]);
    expect(seen[4]?.map((x) => Number(x.toFixed(9)))).toEqual([1, 2, 0.85]);
    expect(seen[8]?.map((x) => Number(x.toFixed(9)))).toEqual([0.1, 0.2, 0.95]);
    expect(seen[19]?.map((x) => Number(x.toFixed(9)))).toEqual([0.001, 0.002, 0.95]);
    optimizer.dispose();
    q.dispose();
  });

  it("go on from their state dicts, which are plain data", () => {
    const kinds: ((o: optim.SGD) => optim.LRScheduler)[] = [
      (o) => new optim.StepLR(o, { stepSize: 3, gamma: 0.5 }),
      (o) => new optim.CosineAnnealingLR(o, { tMax: 4 }),
      (o) => new optim.CosineAnnealingWarmRestarts(o, { t0: 2, tMult: 2 }),
      (o) => new optim.LambdaLR(o, (t) => 1 / (t + 1)),
      (o) => new optim.OneCycleLR(o, { maxLr: 1, totalSteps: 20, cycleMomentum: false }),
      (o) =>
        new optim.SequentialLR(
          o,
          [new optim.LinearLR(o, { totalIters: 3 }), new optim.ExponentialLR(o, { gamma: 0.9 })],
          { milestones: [6] },
        ),
      (o) => new optim.ChainedScheduler([new optim.ConstantLR(o), new optim.StepLR(o, { stepSize: 4 })]),
    ];
    for (const make of kinds) {
      const [whole, first, second] = [sgd(), sgd(), sgd()];
      const expected = rates(whole, make(whole), 15);
      const before = make(first);
      const seen = rates(first, before, 7);
      const after = make(second);
      after.loadStateDict(JSON.parse(JSON.stringify(before.stateDict())) as optim.ScheduleState);
      second.loadStateDict(first.stateDict());
      expect([...seen, ...rates(second, after, 8)]).toEqual(expected);
      for (const o of [whole, first, second]) o.dispose();
    }
    const optimizer = sgd();
    const plateau = new optim.ReduceLROnPlateau(optimizer);
    plateau.loadStateDict(plateau.stateDict());
    plateau.step(1);
    expect(plateau.stateDict()).toMatchObject({
      best: 1,
      num_bad_epochs: 0,
      min_lr: 0,
      last_epoch: 1,
      base_lrs: [1],
    });
    const cosine = new optim.CosineAnnealingLR(optimizer, { tMax: 4 });
    expect(cosine.stateDict()).toEqual({ T_max: 4, eta_min: 0, last_epoch: 0, base_lrs: [1] });
    expect(() => {
      cosine.loadStateDict({ T_max: 4 });
    }).toThrow(/CosineAnnealingLR.loadStateDict: the state has no fitting eta_min/);
    expect(new optim.CosineAnnealingWarmRestarts(optimizer, { t0: 2 }).stateDict()).toMatchObject({
      T_0: 2,
      T_mult: 1,
      T_cur: 0,
      T_i: 2,
    });
    optimizer.dispose();
  });

  it("refuse options that make no sense", () => {
    const o = sgd();
    const other = sgd();
    expect(() => new optim.StepLR(o, { stepSize: 0 })).toThrow(/stepSize must be a whole number ≥ 1, got 0/);
    expect(() => new optim.StepLR(o, { stepsize: 1 } as never)).toThrow(/no option "stepsize"/);
    expect(() => new optim.MultiStepLR(o, { milestones: [1.5] })).toThrow(/milestones\[0\].*1.5/);
    expect(() => new optim.ConstantLR(o, { factor: 2 })).toThrow(/factor.*got 2/);
    expect(() => new optim.LinearLR(o, { startFactor: 0 })).toThrow(/startFactor.*got 0/);
    expect(() => new optim.LambdaLR(o, [])).toThrow(/0 functions for 1 groups/);
    expect(() => new optim.ReduceLROnPlateau(o, { factor: 1 })).toThrow(/factor.*got 1/);
    expect(() => new optim.ReduceLROnPlateau(o, { mode: "up" as "min" })).toThrow(
      /mode must be "min" or "max"/,
    );
    const [a, b] = [new optim.ConstantLR(o), new optim.ConstantLR(other)];
    expect(() => new optim.SequentialLR(o, [a, b], { milestones: [1] })).toThrow(/schedule 1 moves another/);
    expect(() => new optim.SequentialLR(o, [a, a], { milestones: [] })).toThrow(
      /2 schedules need 1 milestones/,
    );
    expect(() => new optim.ChainedScheduler([])).toThrow(/no schedules/);
    for (const optimizer of [o, other]) optimizer.dispose();
  });
});
