import { describe, expect, it } from "vitest";
import {
  cat,
  crossEntropy,
  detach,
  keep,
  logSoftmax,
  manualSeed,
  memory,
  mseLoss,
  mul,
  nn,
  noGrad,
  optim,
  rand,
  randn,
  sum,
  tanh,
  tensor,
  zeros,
  type Tensor,
} from "../../src/index.ts";

/**
 * The nine programs that the ownership rule was prototyped against, written as a PyTorch user would: no dispose, no scope. Each must end
 * with the live bytes of its tenth step. docs/memory.md tells which one needs keep().
 */

/** Live bytes after the early steps and at the end must agree; a step may hold up to `slack` bytes more or less (a phase of the program). */
function expectFlat(steps: number, step: (i: number) => void, settle = 20): void {
  let early = 0;
  for (let i = 0; i < steps; i++) {
    step(i);
    if (i === settle) early = memory().live;
  }
  expect(memory().live).toBe(early);
}

const mlp = (inputs = 4, outputs = 3): nn.Sequential =>
  new nn.Sequential(new nn.Linear(inputs, 16), new nn.ReLU(), new nn.Linear(16, outputs));

const STEPS = 300;

describe("programs without a dispose keep flat memory", () => {
  it("a tensor() per step in a sync loop, and the accuracy from the logits", () => {
    manualSeed(1);
    const model = mlp();
    const optimizer = new optim.Adam(model.parameters());
    let hits = 0;
    expectFlat(STEPS, (i) => {
      const x = tensor(
        Float32Array.from({ length: 32 }, (_, j) => ((i * 7 + j * 3) % 11) / 11),
        { shape: [8, 4] },
      );
      const y = tensor(Int32Array.from({ length: 8 }, (_, j) => (i + j) % 3));
      optimizer.zeroGrad();
      const logits = model.forward(x);
      const loss = crossEntropy(logits, y);
      loss.backward();
      optimizer.step();
      hits += logits.argmax({ dim: 1 }).eq(y).sum().item();
    });
    expect(hits).toBeGreaterThan(0);
  });

  it("a running sum of losses", () => {
    manualSeed(2);
    const model = mlp();
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.01 });
    const x = randn([8, 4]);
    const y = randn([8, 3]);
    let total: Tensor = zeros([]);
    expectFlat(STEPS, () => {
      optimizer.zeroGrad();
      const loss = mseLoss(model.forward(x), y);
      loss.backward();
      optimizer.step();
      total = total.add(loss.detach());
    });
    expect(total.item()).toBeGreaterThan(0);
  });

  it("a running sum of losses that keeps their graph, as `total += loss` does", () => {
    manualSeed(3);
    const model = mlp();
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.01 });
    const x = randn([8, 4]);
    const y = randn([8, 3]);
    let total: Tensor = zeros([]);
    expectFlat(STEPS, () => {
      optimizer.zeroGrad();
      const loss = mseLoss(model.forward(x), y);
      loss.backward();
      optimizer.step();
      total = total.add(loss);
    });
    expect(total.item()).toBeGreaterThan(0);
  });

  it("teacher and student", () => {
    manualSeed(4);
    const teacher = mlp().eval();
    const student = mlp();
    const optimizer = new optim.Adam(student.parameters());
    expectFlat(STEPS, () => {
      const x = randn([8, 4]);
      const target = teacher.forward(x).detach();
      optimizer.zeroGrad();
      const loss = mseLoss(student.forward(x), target);
      loss.backward();
      optimizer.step();
    });
    // The same with the teacher under noGrad, as most write it.
    expectFlat(STEPS, () => {
      const x = randn([8, 4]);
      const target = noGrad(() => teacher.forward(x));
      optimizer.zeroGrad();
      const loss = mseLoss(student.forward(x), target);
      loss.backward();
      optimizer.step();
    });
  });

  it("a GAN's two passes", () => {
    manualSeed(5);
    const generator = mlp(2, 4);
    const critic = mlp(4, 1);
    const forGenerator = new optim.Adam(generator.parameters());
    const forCritic = new optim.Adam(critic.parameters());
    expectFlat(STEPS, () => {
      const real = randn([8, 4]);
      const fake = generator.forward(randn([8, 2]));
      forCritic.zeroGrad();
      const loss = critic.forward(real).mean().sub(critic.forward(fake.detach()).mean());
      loss.backward();
      forCritic.step();
      forGenerator.zeroGrad();
      critic.forward(fake).mean().backward();
      forGenerator.step();
    });
  });

  it("truncated back-propagation through time, the state carried over and detached", () => {
    manualSeed(6);
    const cell = new nn.Linear(6, 4);
    const head = new nn.Linear(4, 1);
    const optimizer = new optim.Adam([...cell.parameters(), ...head.parameters()]);
    let h: Tensor = zeros([3, 4]);
    expectFlat(STEPS, () => {
      optimizer.zeroGrad();
      let loss: Tensor | null = null;
      for (let t = 0; t < 5; t++) {
        const x = randn([3, 2]);
        h = tanh(cell.forward(cat([x, h], { dim: 1 })));
        const error = mseLoss(head.forward(h), x.narrow({ dim: 1, start: 0, length: 1 }));
        loss = loss === null ? error : loss.add(error);
      }
      loss?.backward();
      optimizer.step();
      h = detach(h);
    });
    expect(h.data.every(Number.isFinite)).toBe(true);
  });

  it("a policy-gradient rollout: many forwards, one backward", () => {
    manualSeed(7);
    const policy = mlp(4, 2);
    const optimizer = new optim.Adam(policy.parameters());
    expectFlat(60, (episode) => {
      const logProbs: Tensor[] = [];
      const rewards: number[] = [];
      let state: Tensor = rand([1, 4]);
      for (let t = 0; t < 20; t++) {
        const scores = logSoftmax(policy.forward(state), { dim: 1 });
        const action = (episode + t) % 2;
        logProbs.push(scores.select(1, action));
        rewards.push(scores.data[action] as number);
        state = state.mul(0.9).add(0.01 * action);
      }
      optimizer.zeroGrad();
      const losses = logProbs.map((p, t) => p.mul(-(rewards[t] as number)).sum());
      losses.reduce((a, b) => a.add(b)).backward();
      optimizer.step();
    });
  });

  it("an EMA of weights, in place and anew", () => {
    manualSeed(8);
    const model = mlp();
    const optimizer = new optim.Adam(model.parameters());
    const inPlace = model.parameters().map((p) => p.detach().clone());
    let anew = model.parameters().map((p) => p.detach().clone());
    const x = randn([8, 4]);
    expectFlat(STEPS, () => {
      optimizer.zeroGrad();
      mseLoss(model.forward(x), x.narrow({ dim: 1, start: 0, length: 3 })).backward();
      optimizer.step();
      noGrad(() => {
        model.parameters().forEach((p, i) => inPlace[i]?.mul_(0.9).add_(p, { alpha: 0.1 }));
      });
      anew = model.parameters().map((p, i) => mul(anew[i] as Tensor, 0.9).add(p.detach().mul(0.1)));
    });
    inPlace.forEach((t, i) => {
      const other = anew[i]?.data as Float32Array;
      (t.data as Float32Array).forEach((v, j) => {
        expect(v).toBeCloseTo(other[j] as number, 5);
      });
    });
  });

  it("predictions pushed to an array under noGrad", () => {
    manualSeed(9);
    const model = mlp();
    const x = randn([8, 4]);
    // Returned, they outlive noGrad…
    const collected = noGrad(() => {
      const inside: Tensor[] = [];
      for (let i = 0; i < 10; i++) inside.push(model.forward(x));
      return inside;
    });
    expect(collected[9]?.data.length).toBe(24);
    // … pushed to an array outside, they need keep(): the error says so.
    const outside: Tensor[] = [];
    noGrad(() => {
      outside.push(model.forward(x));
    });
    expect(() => outside[0]?.item()).toThrow(/keep\(\)/);
    noGrad(() => {
      outside[0] = keep(model.forward(x));
    });
    expect(outside[0]?.data).toEqual(collected[0]?.data);
    outside[0]?.dispose();
    for (const t of collected) t.dispose();
    const before = memory().live;
    for (let i = 0; i < 100; i++) {
      const sums: number[] = [];
      noGrad(() => {
        sums.push(sum(model.forward(x)).item());
      });
    }
    expect(memory().live).toBe(before);
  });

  it("generation with a cache that a module holds", () => {
    class Cached extends nn.Module {
      readonly proj = new nn.Linear(4, 4);
      cache: Tensor | null = null;

      forward(x: Tensor): Tensor {
        const key = this.proj.forward(x);
        this.cache = this.cache === null ? key : cat([this.cache, key], { dim: 0 });
        return this.cache.sum({ dim: 0, keepdim: true }).tanh();
      }
    }
    manualSeed(10);
    const model = new Cached();
    const generate = (): Tensor => {
      model.cache = null;
      let x = noGrad(() => randn([1, 4]));
      for (let t = 0; t < 12; t++) x = noGrad(() => model.forward(x));
      return x;
    };
    const before = memory().live;
    let last = generate();
    expect(model.cache === null).toBe(false);
    const held = model.cache as unknown as Tensor;
    expect(held.shape).toEqual([12, 4]);
    expect(held.data.length).toBe(48);
    for (let i = 0; i < 5; i++) last = generate();
    expect(last.data.every(Number.isFinite)).toBe(true);
    expect(memory().live - before).toBeLessThan(64 * 1024);
  });
});
