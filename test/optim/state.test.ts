import { afterEach, describe, expect, it } from "vitest";
import { memory, nn, optim, tensor, type Tensor } from "../../src/index.ts";

const made: { dispose(): void }[] = [];
afterEach(() => {
  for (const t of made.splice(0)) t.dispose();
});

type AnyOptimizer = Pick<optim.Optimizer, "step" | "stateDict" | "loadStateDict" | "dispose" | "lr">;
type Make = (params: Tensor[]) => AnyOptimizer;

const KINDS: Readonly<Record<string, Make>> = {
  Adadelta: (p) => new optim.Adadelta(p, { rho: 0.8 }),
  Adagrad: (p) => new optim.Adagrad(p, { lrDecay: 0.1, initialAccumulatorValue: 0.5 }),
  Adam: (p) => new optim.Adam(p, { lr: 0.1, amsgrad: true }),
  AdamW: (p) => new optim.AdamW(p, { lr: 0.1, maximize: true }),
  Adamax: (p) => new optim.Adamax(p, { lr: 0.1 }),
  LAMB: (p) => new optim.LAMB(p, { lr: 0.1, weightDecay: 0.1 }),
  Lion: (p) => new optim.Lion(p, { lr: 0.1, weightDecay: 0.1 }),
  NAdam: (p) => new optim.NAdam(p, { lr: 0.1, decoupledWeightDecay: true, weightDecay: 0.1 }),
  RAdam: (p) => new optim.RAdam(p, { lr: 0.1 }),
  RMSprop: (p) => new optim.RMSprop(p, { lr: 0.1, momentum: 0.9, centered: true }),
  SGD: (p) => new optim.SGD(p, { lr: 0.1, momentum: 0.9, dampening: 0.5 }),
};

function parameter(values: number[]): nn.Parameter {
  const p = new nn.Parameter(tensor(values));
  made.push(p);
  return p;
}

function stepWith(optimizer: AnyOptimizer, params: Tensor[], from: number, to: number): void {
  for (let t = from; t < to; t++) {
    for (const [i, p] of params.entries()) p.grad = tensor([0.5 - t, i + 0.25 * t, 1]);
    optimizer.step();
  }
}

describe("state dicts of optimisers", () => {
  it.each(Object.entries(KINDS))("%s goes on bit for bit", (_, make) => {
    const whole = [parameter([1, 2, 3]), parameter([-1, 0, 1])];
    const halves = [parameter([1, 2, 3]), parameter([-1, 0, 1])];
    const [a, b, c] = [make(whole), make(halves), make(halves)];
    made.push(a, b, c);
    stepWith(a, whole, 0, 9);
    stepWith(b, halves, 0, 4);
    stepWith(c, halves, 0, 0);
    c.loadStateDict(b.stateDict());
    stepWith(c, halves, 4, 9);
    expect(halves.map((p) => p.toArray())).toEqual(whole.map((p) => p.toArray()));
    // Loading an optimiser's own state changes nothing.
    const read = (): unknown[] =>
      Object.values(c.stateDict().state).map((entry) =>
        Object.values(entry).map((v) => (typeof v === "number" ? v : v.toArray())),
      );
    const before = read();
    c.loadStateDict(c.stateDict());
    expect(read()).toEqual(before);
  });

  it("have PyTorch's form and names", () => {
    const [p, q] = [parameter([1, 2]), parameter([3])];
    const optimizer = new optim.NAdam([{ params: [p] }, { params: [q], lr: 0.5, weightDecay: 0.25 }]);
    made.push(optimizer);
    q.grad = tensor([1]);
    optimizer.step();
    const { state, param_groups } = optimizer.stateDict();
    expect(Object.keys(state)).toEqual(["1"]);
    expect(Object.keys(state["1"] ?? {}).sort()).toEqual(["exp_avg", "exp_avg_sq", "mu_product", "step"]);
    expect(state["1"]?.["step"]).toBe(1);
    expect((state["1"]?.["exp_avg"] as Tensor).data[0]).toBeCloseTo(0.1 * (1 + 0.25 * 3), 6);
    expect(param_groups).toEqual([
      {
        lr: 2e-3,
        betas: [0.9, 0.999],
        eps: 1e-8,
        weight_decay: 0,
        decoupled_weight_decay: false,
        momentum_decay: 4e-3,
        maximize: false,
        params: [0],
      },
      expect.objectContaining({ lr: 0.5, weight_decay: 0.25, params: [1] }),
    ]);
  });

  it("take PyTorch's own: counts in tensors, an SGD without them, and settings that need more state", () => {
    const p = parameter([1]);
    const sgd = new optim.SGD([p], { lr: 1, momentum: 0.5 });
    const buffer = tensor([4]);
    made.push(sgd, buffer);
    sgd.loadStateDict({
      state: { 0: { momentum_buffer: buffer } },
      param_groups: [{ lr: 0.5, params: [0] }],
    });
    p.grad = tensor([1]);
    sgd.step();
    expect(p.item()).toBe(1 - 0.5 * (0.5 * 4 + 1));

    const adam = new optim.Adam([p]);
    const step = tensor(3);
    made.push(adam, step);
    const live = memory().live;
    const entry = { step, exp_avg: buffer, exp_avg_sq: buffer, max_exp_avg_sq: buffer };
    adam.loadStateDict({ state: { 0: entry }, param_groups: [{ amsgrad: true, params: [0] }] });
    expect(adam.stateDict().state["0"]?.["step"]).toBe(3);
    expect(Object.keys(adam.stateDict().state["0"] ?? {})).toContain("max_exp_avg_sq");
    expect(memory().live).toBeGreaterThan(live);
    adam.loadStateDict({ state: {}, param_groups: [{ amsgrad: false, params: [0] }] });
    expect(memory().live).toBe(live);
    expect(adam.stateDict().state).toEqual({});
  });

  it("refuse what does not fit, and change nothing then", () => {
    const p = parameter([1, 2]);
    const adam = new optim.Adam([p], { lr: 0.25 });
    const [one, two] = [tensor([1]), tensor([1, 2])];
    made.push(adam, one, two);
    const load =
      (state: optim.OptimizerState["state"], group: object = {}) =>
      () =>
        adam.loadStateDict({ state, param_groups: [{ params: [0], ...group }] });
    expect(() => adam.loadStateDict({ state: {}, param_groups: [] })).toThrow(/0 groups and the optimiser 1/);
    expect(load({}, { params: [0, 1] })).toThrow(/group 0 has 2 parameters in the state and 1/);
    expect(load({ 0: { step: 1, exp_avg: two } }, { lr: 0.5 })).toThrow(/state 0 has no tensor exp_avg_sq/);
    expect(load({ 0: { step: 1, exp_avg: two, exp_avg_sq: one } })).toThrow(/exp_avg_sq is f32 \[1\]/);
    expect(load({ 0: { step: 0.5, exp_avg: two, exp_avg_sq: two } })).toThrow(/step must be a whole number/);
    expect(load({}, { lr: -1 })).toThrow(/got -1/);
    expect(load({}, { betas: [2, 0] })).toThrow(/betas\[0\].*got 2/);
    expect(adam.lr).toBe(0.25);
    expect(adam.stateDict().state).toEqual({});
  });
});

describe("parameter groups", () => {
  it("may be added, with settings of their own", () => {
    const [p, q] = [parameter([1]), parameter([1])];
    const optimizer = new optim.SGD([p], { lr: 0.5, momentum: 0.9 });
    made.push(optimizer);
    const schedule = new optim.ExponentialLR(optimizer, { gamma: 0.5 });
    optimizer.addParamGroup({ params: [q], lr: 0.25, momentum: 0 });
    expect(() => optimizer.addParamGroup({ params: [p] })).toThrow(/appears twice/);
    expect(optimizer.groups.length).toBe(2);
    p.grad = tensor([1]);
    q.grad = tensor([1]);
    optimizer.step();
    schedule.step();
    expect([p.item(), q.item()]).toEqual([0.5, 0.75]);
    expect(schedule.getLastLr()).toEqual([0.25, 0.125]);
  });

  it("refuse unknown options and gradients that do not fit", () => {
    const p = parameter([1, 2]);
    expect(() => new optim.Adam([p], { learningRate: 1 } as object)).toThrow(
      /Adam: there is no option "learningRate"; there are lr, betas/,
    );
    expect(() => new optim.RMSprop([p], { alpha: 1 })).toThrow(/RMSprop: alpha.*got 1/);
    expect(() => new optim.Adadelta([p], { rho: -1 })).toThrow(/Adadelta: rho.*got -1/);
    expect(() => new optim.Adagrad([p], { initialAccumulatorValue: NaN })).toThrow(/initialAccumulatorValue/);
    expect(() => new optim.NAdam([p], { momentumDecay: -1 })).toThrow(/NAdam: momentumDecay/);
    expect(() => new optim.SGD([p], {} as optim.SGDOptions)).toThrow(/lr.*got NaN/);
    const optimizer = new optim.SGD([p], { lr: 1 });
    made.push(optimizer);
    p.grad = tensor([1]);
    expect(() => optimizer.step()).toThrow(/step: the gradient is \[1\] and its parameter \[2\]/);
    expect(() => {
      (optimizer.groups[0] as optim.ParamGroup).momentum = 0.5;
    }).toThrow(/no momentum to set/);
    // A strided gradient counts by its values.
    p.grad = tensor([
      [1, 0],
      [3, 0],
    ]).select(1, 0);
    optimizer.step();
    expect(p.toArray()).toEqual([0, -1]);
  });

  it("step takes no memory", () => {
    for (const make of Object.values(KINDS)) {
      const p = parameter([1, 2, 3]);
      const optimizer = make([p]);
      made.push(optimizer);
      p.grad = tensor([1, 2, 3]);
      const { live, peak } = memory();
      optimizer.step();
      expect(memory().live).toBe(live);
      expect(memory().peak).toBe(peak);
    }
  });
});
