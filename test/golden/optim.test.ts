import { describe, expect, it } from "vitest";
import { nn, optim } from "../../src/index.ts";
import { compare } from "./cases.ts";
import { optimCases, scheduleCases, toTensor } from "./load.ts";

type Make = (params: nn.Parameter[], args: never) => { step(): void };

const OPTIMIZERS: Readonly<Record<string, Make | undefined>> = {
  Adadelta: (params, args) => new optim.Adadelta(params, args),
  Adagrad: (params, args) => new optim.Adagrad(params, args),
  Adam: (params, args) => new optim.Adam(params, args),
  AdamW: (params, args) => new optim.AdamW(params, args),
  Adamax: (params, args) => new optim.Adamax(params, args),
  NAdam: (params, args) => new optim.NAdam(params, args),
  RAdam: (params, args) => new optim.RAdam(params, args),
  RMSprop: (params, args) => new optim.RMSprop(params, args),
  SGD: (params, args) => new optim.SGD(params, args),
};

describe("golden optimisers", () => {
  for (const [i, c] of optimCases().entries()) {
    const name = `${i}: ${c.optimizer} ${JSON.stringify(c.args)}`;
    it(name, () => {
      const make = OPTIMIZERS[c.optimizer];
      if (make === undefined) throw new Error(`there is no ${c.optimizer}`);
      const p = new nn.Parameter(toTensor(c.param));
      const optimizer = make([p], c.args as never);
      for (const [step, gradient] of c.grads.entries()) {
        p.grad = toTensor(gradient);
        optimizer.step();
        compare(`step ${step}`, p, c.after[step] as (typeof c.after)[number]);
      }
      p.dispose();
    });
  }
});

type Schedule = { step(metric?: number): void };

const SCHEDULES: Readonly<Record<string, ((optimizer: optim.SGD, args: never) => Schedule) | undefined>> = {
  ConstantLR: (optimizer, args) => new optim.ConstantLR(optimizer, args),
  CosineAnnealingLR: (optimizer, args) => new optim.CosineAnnealingLR(optimizer, args),
  CosineAnnealingWarmRestarts: (optimizer, args) => new optim.CosineAnnealingWarmRestarts(optimizer, args),
  ExponentialLR: (optimizer, args) => new optim.ExponentialLR(optimizer, args),
  LinearLR: (optimizer, args) => new optim.LinearLR(optimizer, args),
  MultiStepLR: (optimizer, args) => new optim.MultiStepLR(optimizer, args),
  OneCycleLR: (optimizer, args) =>
    new optim.OneCycleLR(optimizer, { ...(args as optim.OneCycleLROptions), cycleMomentum: false }),
  PolynomialLR: (optimizer, args) => new optim.PolynomialLR(optimizer, args),
  ReduceLROnPlateau: (optimizer, args) => new optim.ReduceLROnPlateau(optimizer, args),
  StepLR: (optimizer, args) => new optim.StepLR(optimizer, args),
};

describe("golden schedules", () => {
  for (const [i, c] of scheduleCases().entries()) {
    it(`${i}: ${c.scheduler} ${JSON.stringify(c.args)}`, () => {
      const make = SCHEDULES[c.scheduler];
      if (make === undefined) throw new Error(`there is no ${c.scheduler}`);
      const p = new nn.Parameter(toTensor({ dtype: "f32", shape: [1], data: [0] }));
      const optimizer = new optim.SGD([p], { lr: c.baseLr });
      const schedule = make(optimizer, c.args as never);
      const check = (step: number, lr: number): void => {
        const what = `step ${step}: ${optimizer.lr} against ${lr}`;
        expect(Math.abs(optimizer.lr - lr), what).toBeLessThan(1e-12);
      };
      if (c.metrics !== undefined) {
        for (const [step, metric] of c.metrics.entries()) {
          schedule.step(metric);
          check(step, c.lrAfter?.[step] as number);
        }
      } else {
        for (const [step, lr] of (c.lr ?? []).entries()) {
          check(step, lr);
          if (step + 1 < (c.lr ?? []).length) schedule.step();
        }
      }
      p.dispose();
    });
  }
});
