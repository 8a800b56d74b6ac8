import { describe, expect, it } from "vitest";
import { nn, optim } from "../../src/index.ts";
import { compare, optimCases, scheduleCases, toTensor } from "./load.ts";

type Make = (params: nn.Parameter[], args: never) => { step(): void };

const OPTIMIZERS: Readonly<Record<string, Make | undefined>> = {
  Adam: (params, args) => new optim.Adam(params, args),
  AdamW: (params, args) => new optim.AdamW(params, args),
  SGD: (params, args) => new optim.SGD(params, args),
};

describe("golden optimisers", () => {
  for (const [i, c] of optimCases().entries()) {
    const name = `${i}: ${c.optimizer} ${JSON.stringify(c.args)}`;
    const make = OPTIMIZERS[c.optimizer];
    if (make === undefined) it.todo(`${name}: ${c.optimizer} does not exist yet`);
    else {
      it(name, () => {
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
  }
});

describe("golden schedules", () => {
  for (const [i, c] of scheduleCases().entries()) {
    const name = `${i}: ${c.scheduler} ${JSON.stringify(c.args)}`;
    if (c.scheduler !== "OneCycleLR") it.todo(`${name}: ${c.scheduler} does not exist yet`);
    else {
      it(name, () => {
        const p = new nn.Parameter(toTensor({ dtype: "f32", shape: [1], data: [0] }));
        const optimizer = new optim.SGD([p], { lr: c.baseLr });
        const schedule = new optim.OneCycleLR(optimizer, {
          ...(c.args as unknown as optim.OneCycleLROptions),
          cycleMomentum: false,
        });
        for (const [step, lr] of c.lr.entries()) {
          expect(Math.abs(optimizer.lr - lr), `step ${step}: ${optimizer.lr} against ${lr}`).toBeLessThan(
            1e-12,
          );
          if (step + 1 < c.lr.length) schedule.step();
        }
        p.dispose();
      });
    }
  }
});
