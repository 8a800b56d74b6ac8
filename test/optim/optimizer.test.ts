import { describe, expect, it } from "vitest";
import { memory, nn, optim, tensor, zeros } from "../../src/index.ts";

describe("optimisers", () => {
  it("refuse settings that make no sense, by name and value", () => {
    const layer = new nn.Linear(2, 2);
    const make = (options: optim.AdamOptions) => () => new optim.Adam(layer.parameters(), options);
    expect(make({ lr: NaN })).toThrow("lr: the learning rate must be a finite number ≥ 0, got NaN");
    expect(make({ lr: -1 })).toThrow(/got -1/);
    expect(make({ betas: [1, 0.9] })).toThrow(/betas\[0\].*< 1, got 1/);
    expect(make({ betas: [0.9, -0.1] })).toThrow(/betas\[1\].*got -0.1/);
    expect(make({ eps: NaN })).toThrow(/eps.*got NaN/);
    expect(make({ weightDecay: -2 })).toThrow(/weightDecay.*got -2/);
    expect(() => new optim.SGD(layer.parameters(), { lr: 0.1, nesterov: true })).toThrow(
      /nesterov needs a momentum/,
    );
    expect(() => new optim.SGD([], { lr: 0.1 })).toThrow(/no parameters/);
    expect(() => new optim.SGD([layer.weight, layer.weight], { lr: 0.1 })).toThrow(/appears twice/);
    expect(() => new optim.SGD([layer.weight.mul(2)], { lr: 0.1 })).toThrow(/result of an op/);
    expect(() => new optim.SGD([zeros([2], { dtype: "i32" })], { lr: 0.1 })).toThrow(/dense f32/);
    const optimizer = new optim.Adam(layer.parameters());
    expect(() => {
      optimizer.lr = NaN;
    }).toThrow(/got NaN/);
    expect(optimizer.lr).toBe(1e-3);
    layer.dispose();
  });

  it("step only what has a gradient, by the settings of its group", () => {
    const a = new nn.Parameter(tensor([1, 1]));
    const b = new nn.Parameter(tensor([1, 1]));
    const c = new nn.Parameter(tensor([1, 1]));
    const optimizer = new optim.SGD([{ params: [a] }, { params: [b, c], lr: 0.5 }], { lr: 0.25 });
    a.add(b).sum().backward();
    optimizer.step();
    expect([a.toArray(), b.toArray(), c.toArray()]).toEqual([
      [0.75, 0.75],
      [0.5, 0.5],
      [1, 1],
    ]);
    optimizer.zeroGrad();
    expect(a.grad).toBeNull();
    for (const p of [a, b, c]) p.dispose();
  });

  it("are all of one type, for functions that take any", () => {
    const p = new nn.Parameter(tensor([1]));
    const all: optim.Optimizer[] = [new optim.SGD([p], { lr: 1 }), new optim.Adam([p]), new optim.Lion([p])];
    expect(all.map((optimizer) => optimizer.lr)).toEqual([1, 1e-3, 1e-4]);
    for (const optimizer of all) optimizer.dispose();
    p.dispose();
  });

  it("dispose frees their state and leaves the parameters", () => {
    const layer = new nn.Linear(100, 100);
    const before = memory().live;
    const optimizer = new optim.Adam(layer.parameters());
    expect(memory().live).toBeGreaterThan(before);
    optimizer.dispose();
    expect(memory().live).toBe(before);
    expect(layer.weight.data.length).toBe(10_000);
    layer.dispose();
  });

  it("OneCycleLR ends its cycle and names the step behind it", () => {
    const p = new nn.Parameter(tensor([1]));
    const optimizer = new optim.Adam([p]);
    const schedule = new optim.OneCycleLR(optimizer, { maxLr: 0.1, totalSteps: 10 });
    expect(optimizer.lr).toBeCloseTo(0.004, 12);
    expect(optimizer.groups[0]?.momentum).toBeCloseTo(0.95, 12);
    for (let i = 0; i < 10; i++) schedule.step();
    expect(() => {
      schedule.step();
    }).toThrow(/step 11 lies behind the cycle of 10 steps/);
    expect(() => new optim.OneCycleLR(new optim.SGD([p], { lr: 1 }), { maxLr: 1, totalSteps: 3 })).toThrow(
      /no momentum to cycle/,
    );
    p.dispose();
  });
});
