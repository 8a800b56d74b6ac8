import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  anomalyMode,
  checkpoint,
  compile,
  crossEntropy,
  destroy,
  dropout,
  keep,
  manualSeed,
  memory,
  mseLoss,
  nn,
  noGrad,
  ones,
  optim,
  randn,
  resetPeakMemory,
  tensor,
  type Tensor,
  zeros,
} from "../../src/index.ts";

const numbers = (list: Iterable<Tensor>): number[][] => Array.from(list, (t) => Array.from(t.data));

/** A small classifier with everything that has state: batch norm, dropout, Adam, clipping. */
function trainer(
  compiled: boolean,
  scheduled = false,
): { run: (steps: number) => number[]; left: () => unknown } {
  manualSeed(1);
  const model = new nn.Sequential(
    new nn.Conv2d(1, 4, 3, { padding: 1 }),
    new nn.BatchNorm2d(4),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Flatten(),
    new nn.Dropout(0.3),
    new nn.Linear(4 * 4 * 4, 3),
  );
  const optimizer = new optim.AdamW(model.parameters(), { lr: 0.01 });
  const schedule = scheduled ? new optim.StepLR(optimizer, { stepSize: 2, gamma: 0.5 }) : null;
  const body = (x: Tensor, y: Tensor): Tensor => {
    optimizer.zeroGrad();
    const loss = crossEntropy(model.forward(x), y);
    loss.backward();
    optim.clipGradNorm(model.parameters(), 0.5);
    optimizer.step();
    return loss;
  };
  const step = compiled ? compile(body) : body;
  const batches = Array.from(
    { length: 3 },
    () => [randn([6, 1, 8, 8]), tensor([0, 1, 2, 2, 1, 0], { dtype: "i32" })] as const,
  );
  return {
    run: (steps) =>
      Array.from({ length: steps }, (_, i) => {
        const [x, y] = batches[i % batches.length] as readonly [Tensor, Tensor];
        const loss = step(x, y).item();
        schedule?.step();
        return loss;
      }),
    left: () => [
      numbers(Object.values(model.stateDict())),
      model.parameters().map((p) => p.grad && Array.from(p.grad.data)),
    ],
  };
}

// A training program of its own for each test: what one leaves would be idle in another's.
beforeEach(destroy);
afterEach(() => {
  vi.restoreAllMocks();
});

describe("a compiled training step", () => {
  it("has the bits of the eager one: first step and later ones, statistics, dropout, clipping, schedules", () => {
    for (const scheduled of [false, true]) {
      const [eager, compiled] = [false, true].map((on) => {
        const one = trainer(on, scheduled);
        return [one.run(7), one.left()];
      });
      expect(compiled).toEqual(eager);
    }
  });

  it("runs in flat memory, with an arena near its bound", () => {
    const { run } = trainer(true);
    // Sixteen passes count as one, so two counts are compared at the same place.
    run(97);
    const before = memory();
    resetPeakMemory();
    run(96);
    expect(memory().live).toBe(before.live);
    expect(memory().peak - before.live).toBeLessThan(8192);
    expect(memory().tensors).toBe(before.tensors);
  });

  it("gives results of their own at each call", () => {
    const w = tensor([1], { requiresGrad: true });
    const optimizer = new optim.SGD([w], { lr: 0.25 });
    const losses: Tensor[] = [];
    const step = compile((x: Tensor) => {
      optimizer.zeroGrad();
      const loss = w.mul(x).square().sum();
      loss.backward();
      optimizer.step();
      return loss;
    });
    for (let i = 0; i < 3; i++) losses.push(step(tensor([1])));
    expect(losses.map((t) => t.item())).toEqual([1, 0.25, 0.0625]);
  });

  it("takes every optimiser through its first step and later ones", () => {
    const kinds: ((params: Tensor[]) => { step(): void; zeroGrad(): void })[] = [
      (p) => new optim.SGD(p, { lr: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.01 }),
      (p) => new optim.Adam(p, { amsgrad: true }),
      (p) => new optim.AdamW(p),
      (p) => new optim.RMSprop(p, { momentum: 0.5, centered: true }),
      (p) => new optim.Adagrad(p),
      (p) => new optim.Adadelta(p),
      (p) => new optim.Adamax(p),
      (p) => new optim.NAdam(p),
      (p) => new optim.RAdam(p),
      (p) => new optim.Lion(p),
      (p) => new optim.LAMB(p),
    ];
    for (const make of kinds) {
      const [eager, compiled] = [false, true].map((on) => {
        manualSeed(2);
        const w = randn([3, 2], { requiresGrad: true });
        const average = new optim.ExponentialMovingAverage([w], { decay: 0.9 });
        const optimizer = make([w]);
        const body = (x: Tensor): Tensor => {
          optimizer.zeroGrad();
          const loss = x.matmul(w).square().mean();
          loss.backward();
          optimizer.step();
          average.update();
          return loss;
        };
        const step = on ? compile(body) : body;
        const losses = Array.from({ length: 7 }, () => step(ones([4, 3])).item());
        return [losses, Array.from(w.data), numbers(average.averages)];
      });
      expect(compiled).toEqual(eager);
    }
  });

  it("leaves gradients that are good until the next call, and that other code may drop", () => {
    const w = tensor([2], { requiresGrad: true });
    const gradient = (): number[] => Array.from(w.grad?.data ?? []);
    const step = compile((x: Tensor) => {
      w.mul(x).sum().backward();
      return x;
    });
    step(tensor([3]));
    expect(gradient()).toEqual([3]);
    // Without zeroGrad gradients add up, in programs of their own.
    step(tensor([4]));
    expect(gradient()).toEqual([7]);
    step(tensor([4]));
    expect(gradient()).toEqual([11]);
    w.grad?.dispose();
    w.grad = null;
    step(tensor([5]));
    expect(gradient()).toEqual([5]);
    step(tensor([1]));
    step(tensor([1]));
    expect(gradient()).toEqual([7]);
    expect(step.stats()?.captures).toBeLessThanOrEqual(4);
  });

  it("hands gradients to arguments, as backward does", () => {
    const double = compile((x: Tensor) => {
      x.mul(2).sum().backward();
      return x;
    });
    const x = tensor([1, 2], { requiresGrad: true });
    double(x);
    double(x);
    expect(x.grad?.toArray()).toEqual([4, 4]);
  });

  it("recomputes checkpoints with the same random numbers", () => {
    const [eager, compiled] = [false, true].map((on) => {
      manualSeed(4);
      const w = randn([8], { requiresGrad: true });
      const body = (x: Tensor): Tensor => {
        w.grad = null;
        const loss = checkpoint((t: Tensor) => dropout(t.mul(w).tanh(), { p: 0.5, training: true }), x).sum();
        loss.backward();
        return loss;
      };
      const step = on ? compile(body) : body;
      return Array.from({ length: 4 }, () => [
        step(ones([8])).item(),
        Array.from((w.grad as unknown as Tensor).data),
      ]);
    });
    expect(compiled).toEqual(eager);
  });
});

describe("what a program depends on", () => {
  it("shapes and dtypes: each has a program, up to cacheSize", () => {
    const double = compile((x: Tensor) => x.mul(2), { cacheSize: 2 });
    for (const n of [1, 2, 1, 2]) expect(double(ones([n])).toArray()).toEqual(new Array(n).fill(2));
    expect(double.stats()).toMatchObject({ programs: 2, captures: 2 });
    expect(double(tensor([3], { dtype: "i32" })).dtype).toBe("i32");
    expect(double.stats()).toMatchObject({ programs: 2, captures: 3 });
    double(ones([2]));
    double(ones([1]));
    expect(double.stats()).toMatchObject({ programs: 2, captures: 4 });
  });

  it("modes of modules: training and evaluation", () => {
    const model = new nn.Sequential(new nn.Linear(4, 4), new nn.Dropout(0.5));
    const run = compile((x: Tensor) => noGrad(() => model.forward(x)));
    const x = ones([2, 4]);
    run(x);
    model.eval();
    const quiet = run(x).toArray();
    expect(run(x).toArray()).toEqual(quiet);
    expect(noGrad(() => model.forward(x)).toArray()).toEqual(quiet);
    model.train();
    expect(run(x).toArray()).not.toEqual(quiet);
    expect(run.stats()?.captures).toBe(2);
  });

  it("the grad mode, and what requires gradients", () => {
    const model = new nn.Sequential(new nn.Linear(2, 2), new nn.Linear(2, 1));
    const body = compile((x: Tensor) => {
      model.zeroGrad();
      const loss = model.forward(x).sum();
      loss.backward();
      return loss;
    });
    body(ones([1, 2]));
    const [first] = model.children() as [nn.Linear];
    first.requiresGrad_(false);
    body(ones([1, 2]));
    body(ones([1, 2]));
    expect(first.weight.grad).toBeNull();
    expect(body.stats()?.captures).toBe(2);
    const infer = compile((x: Tensor) => noGrad(() => model.forward(x)));
    infer(ones([1, 2]));
    noGrad(() => infer(ones([1, 2])));
    expect(infer.stats()?.captures).toBe(2);
  });

  it("parameters and layers that stand in modules", () => {
    class Net extends nn.Module {
      weight = new nn.Parameter(ones([1]));
      layers = [new nn.Linear(1, 1, { bias: false })];
      override forward(x: Tensor): Tensor {
        return (this.layers[0] as nn.Linear).forward(x).mul(this.weight);
      }
    }
    const net = new Net();
    const run = compile(net);
    const x = ones([1, 1]);
    const before = run(x).item();
    net.weight = new nn.Parameter(tensor([10]));
    expect(run(x).item()).toBeCloseTo(10 * before, 5);
    net.layers[0] = new nn.Linear(1, 1, { bias: false });
    expect(run(x).item()).toBe(noGrad(() => net.forward(x)).item());
    // Values that are loaded in place need no new program.
    net.loadStateDict({ weight: tensor([3]), "layers.0.weight": tensor([[2]]) });
    expect(run(x).item()).toBe(6);
    expect(run.stats()?.captures).toBe(3);
  });

  it("settings of optimisers, but not their learning rate", () => {
    const w = tensor([1], { requiresGrad: true });
    const optimizer = new optim.SGD([w], { lr: 1 });
    const step = compile(() => {
      optimizer.zeroGrad();
      w.sum().backward();
      optimizer.step();
    });
    step();
    optimizer.lr = 0.5;
    step();
    expect(w.item()).toBe(-0.5);
    expect(step.stats()?.captures).toBe(1);
    const v = tensor([1], { requiresGrad: true });
    optimizer.addParamGroup({ params: [v], lr: 1 });
    step();
    expect(step.stats()?.captures).toBe(2);
  });

  it("hooks of modules and of tensors", () => {
    const model = new nn.Linear(1, 1);
    const step = compile((x: Tensor) => {
      model.zeroGrad();
      const loss = model.forward(x).sum();
      loss.backward();
      return loss;
    });
    const gradient = (): number => (step(ones([1, 1])), (model.weight.grad as Tensor).item());
    expect(gradient()).toBe(1);
    const doubling = [1, 2].map(() => model.weight.registerHook((g) => g.mul(2)));
    expect([gradient(), gradient()]).toEqual([4, 4]);
    doubling[0]?.remove();
    expect(gradient()).toBe(2);
    const handle = model.registerForwardPreHook((_, [x]) => [x.mul(3)]);
    expect([gradient(), gradient()]).toEqual([6, 6]);
    handle.remove();
    expect(gradient()).toBe(2);
  });

  it("the memory: destroy() ends all programs", () => {
    const double = compile((x: Tensor) => x.mul(2));
    double(ones([1]));
    destroy();
    expect(double(ones([1])).item()).toBe(2);
  });

  it("which arguments are one tensor", () => {
    const sum = compile((a: Tensor, b: Tensor) => a.add(b));
    const [a, b] = [ones([1]), tensor([5])];
    expect(sum(a, a).item()).toBe(2);
    expect(sum(a, b).item()).toBe(6);
    expect(sum(b, b).item()).toBe(10);
    expect(sum.stats()?.captures).toBe(2);
  });

  it("tensors from outside, which it keeps in use, and whose disposal it notices", () => {
    const factor = tensor([2]);
    const scale = compile((x: Tensor) => x.mul(factor));
    scale(ones([1]));
    factor.mul_(3);
    expect(scale(ones([1])).item()).toBe(6);
    factor.dispose();
    expect(() => scale(ones([1]))).toThrow(/was freed by dispose\(\)/);
  });
});

describe("arguments and results", () => {
  it("numbers are inputs", () => {
    const scale = compile((x: Tensor, by: Tensor) => x.mul(by));
    expect([2, 3, 0.5].map((by) => scale(ones([1]), by).item())).toEqual([2, 3, 0.5]);
    expect(scale.stats()?.captures).toBe(1);
  });

  it("lists and plain objects of tensors, and other values by identity", () => {
    const run = compile((state: { h: Tensor; more: Tensor[] }, negate: boolean) => ({
      h: negate ? state.h.neg() : state.h,
      more: state.more.map((t) => t.add(1)),
      tag: "constant",
    }));
    for (let i = 0; i < 2; i++) {
      const out = run({ h: tensor([i]), more: [tensor([1]), tensor([2 + i])] }, true);
      expect([out.h.item(), ...out.more.map((t) => t.item()), out.tag]).toEqual([
        i === 0 ? -0 : -i,
        2,
        3 + i,
        "constant",
      ]);
    }
    expect(run({ h: tensor([4]), more: [tensor([1]), tensor([1])] }, false).h.item()).toBe(4);
    expect(run.stats()?.captures).toBe(2);
  });

  it("views in and out, constants made inside, parameters handed out", () => {
    const w = new nn.Parameter(tensor([7]));
    const run = compile((x: Tensor) =>
      noGrad(() => ({ t: x.transpose(0, 1), c: x.mul(tensor([[10], [100]])), w })),
    );
    const x = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    for (let i = 0; i < 3; i++) {
      const out = run(x.slice({ dim: 1, start: i, end: i + 1 }));
      expect(out.t.toArray()).toEqual([[1 + i, 4 + i]]);
      expect(out.c.toArray()).toEqual([[10 + 10 * i], [400 + 100 * i]]);
      expect(out.w).toBe(w);
    }
    expect(run.stats()?.captures).toBe(1);
  });

  it("a constant that is written to begins anew at each call", () => {
    const count = compile((x: Tensor) => tensor([0]).add_(x));
    expect([1, 2, 3].map((n) => count(tensor([n])).item())).toEqual([1, 2, 3]);
  });

  it("runs inside of another, of checkpoint and of anomaly mode as it is written", () => {
    const inner = compile((x: Tensor) => x.mul(2));
    const outer = compile((x: Tensor) => inner(x).add(1));
    expect([1, 2].map((n) => outer(tensor([n])).item())).toEqual([3, 5]);
    expect(inner.stats()).toBeNull();
    expect(anomalyMode(() => inner(tensor([1])).item())).toBe(2);
  });

  it("draws new random numbers at each call, in the order of the stream", () => {
    const noise = compile((x: Tensor) => x.add(randn([2])));
    manualSeed(5);
    const compiled = [0, 1, 2].map(() => noise(zeros([2])).toArray());
    manualSeed(5);
    expect(compiled).toEqual([0, 1, 2].map(() => randn([2]).toArray()));
  });
});

describe("errors", () => {
  const x = (): Tensor => ones([2]);

  it.each<[string, (x: Tensor) => unknown, RegExp]>([
    ["reading data", (t) => t.sum().item(), /data of a tensor is read \(item\(\)\) inside/],
    ["reading as an array", (t) => t.toArray(), /data of a tensor is read/],
    ["an argument written to", (t) => t.mul_(2), /writes in place to an argument of shape \[2\]/],
    ["keep()", (t) => keep(t.mul(2)), /keep\(\) of a tensor/],
    ["a promise", (t) => Promise.resolve(t), /returned a promise/],
    ["seeding", () => manualSeed(1), /random stream is seeded/],
    [
      "an optimiser",
      () => new optim.SGD([tensor([1], { requiresGrad: true })], { lr: 1 }),
      /number of an optimiser is set/,
    ],
    [
      "a result that waits",
      (t) => t.mul(new nn.Parameter(ones([2]))),
      /still waits for its gradient|keep\(\)/,
    ],
  ])("%s", (_, fn, says) => {
    const before = memory().live;
    const input = x();
    const compiled = compile(fn);
    expect(() => compiled(input)).toThrow(says);
    input.dispose();
    expect(memory().live).toBeLessThanOrEqual(before + 256);
  });

  it("a number is no number inside", () => {
    const scale = compile((t: Tensor, by: Tensor) => t.mul((by as unknown as number) * 2));
    expect(() => scale(x(), 3)).toThrow(/a number among the arguments is a tensor inside/);
  });

  it("a tensor on a module", () => {
    class Memory extends nn.Module {
      state: Tensor | null = null;
      override forward(t: Tensor): Tensor {
        this.state = t.mul(2);
        return t;
      }
    }
    const model = new Memory();
    const run = compile(model);
    expect(() => run(x())).toThrow(/stores a tensor of shape \[2\] in Memory\.state/);
  });

  it("a schedule inside, L-BFGS inside", () => {
    const w = tensor([1], { requiresGrad: true });
    const optimizer = new optim.SGD([w], { lr: 1 });
    const schedule = new optim.StepLR(optimizer, { stepSize: 1 });
    const stepping = compile(() => {
      schedule.step();
    });
    expect(() => {
      stepping();
    }).toThrow(/a schedule takes a step inside .*call its step\(\) outside/);
    const lbfgs = new optim.LBFGS([w]);
    const second = compile(() => {
      lbfgs.step(() => w.sum());
    });
    expect(() => {
      second();
    }).toThrow(/LBFGS takes a step/);
  });

  it("a graph from outside", () => {
    const w = tensor([1], { requiresGrad: true });
    const h = w.mul(2);
    const run = compile((t: Tensor) => {
      const loss = h.mul(t).sum();
      loss.backward();
      return loss;
    });
    expect(() => run(ones([1]))).toThrow(/result of mul of shape \[1\] that was recorded outside/);
    const pass = compile((t: Tensor) => t.mul(2));
    expect(() => pass(w.mul(3))).toThrow(
      /an argument of shape \[1\] is a result of mul that was recorded outside/,
    );
  });

  it("typed arrays as arguments", () => {
    const run = compile((data: Float32Array) => tensor(data));
    expect(() => run(new Float32Array(2))).toThrow(/argument is a Float32Array/);
  });

  it("a label out of range in a replayed step: the op's own error, and parameters as they were", () => {
    const model = new nn.Linear(2, 3);
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
    const step = compile((input: Tensor, y: Tensor) => {
      optimizer.zeroGrad();
      const loss = crossEntropy(model.forward(input), y);
      loss.backward();
      optimizer.step();
      return loss;
    });
    const input = ones([2, 2]);
    step(input, tensor([0, 1], { dtype: "i32" }));
    step(input, tensor([0, 1], { dtype: "i32" }));
    const before = numbers(model.parameters());
    expect(() => step(input, tensor([0, 3], { dtype: "i32" }))).toThrow(/crossEntropy.*3/);
    expect(numbers(model.parameters())).toEqual(before);
    expect(step(input, tensor([0, 2], { dtype: "i32" })).item()).toBeGreaterThan(0);
    expect(step.stats()?.captures).toBe(1);
  });

  it("verify finds functions that do something else", () => {
    let calls = 0;
    const honest = compile((t: Tensor) => t.mul(2), { verify: 2 });
    const fickle = compile((t: Tensor) => (calls++ < 1 ? t.mul(2) : t.add(2)), { verify: 3 });
    const other = compile((t: Tensor) => t.mul(tensor([++calls, 1])), { verify: 3 });
    for (let i = 0; i < 6; i++) honest(x());
    for (const run of [fickle, other]) {
      run(x());
      run(x());
      run(x());
      expect(() => run(x())).toThrow(/does not do the same at each call: command/);
    }
  });

  it("warns of functions that are recorded again and again", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const run = compile((t: Tensor) => t.mul(2));
    for (let n = 1; n <= 20; n++) run(ones([n]));
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]?.[0]).toMatch(
      /recorded a function 16 times in a row.*the shape or type of argument 0/,
    );
  });

  it("options", () => {
    expect(() => compile(x, { verify: -1 })).toThrow(/verify must be a whole number/);
    expect(() => compile(x, { cacheSize: 0 })).toThrow(/cacheSize must be a whole number/);
  });
});

describe("inference", () => {
  it("keeps memory flat in a loop, and ends with dispose()", () => {
    const model = new nn.Sequential(new nn.Linear(8, 16), new nn.GELU(), new nn.Linear(16, 4));
    const run = compile(model);
    const input = randn([2, 8]);
    const expected = Array.from(noGrad(() => model.forward(input)).data);
    run(input).dispose();
    const before = memory().live;
    for (let i = 0; i < 3000; i++) run(input);
    expect(memory().live).toBeLessThan(before + 400_000);
    expect(Array.from(run(input).data)).toEqual(expected);
    const held = memory().byDtype.u8.bytes;
    run.dispose();
    expect(memory().byDtype.u8.bytes).toBeLessThan(held);
  });

  it("mseLoss and friends under noGrad", () => {
    const evaluate = compile((a: Tensor, b: Tensor) => mseLoss(a, b));
    expect(evaluate(ones([3]), zeros([3])).item()).toBe(1);
    expect(evaluate(ones([3]), ones([3])).item()).toBe(0);
  });
});
